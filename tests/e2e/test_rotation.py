"""Key rotation with the real key files, one instance after the other."""
from rotation import rotate


def test_a_rolling_rotation_makes_no_extra_alert_and_check_warns_of_a_removed_epoch(kafka, topics, detector, folder):
    rotate(kafka, topics, detector, folder)
