"""Alert jobs made by hand, for tests of the mailer alone."""
from records import DEMO_START, committed, encode, produce

# A group that notices soon that a member is gone, and does not take one for gone that a busy machine has stopped for a moment.
QUICK = {"kafka.consumer.session.timeout.ms": "6000", "kafka.consumer.heartbeat.interval.ms": "300"}
NEVER = 4102444800000


def job(number, email, **fields):
    return {
        "job_id": f"{number:032x}", "event_id": f"e{number}", "mode": "LIVE", "reason": "NEW_DEVICE",
        "tenant": "default", "occurred_at": DEMO_START, "not_after": NEVER, "member_ref": f"{number:032x}",
        "member_masked": "******321", "device_label": "iPhone", "device_class": "MOBILE", "browser_label": "chrome",
        "recipient": {"email": email, "member_id": "member-9"}, "suppressed_before": 0, "policy_rev": "p",
        "agent_rev": "a", "key_epoch": 1, "source_topic": "login-events", "source_partition": 0, "source_offset": 0,
        **fields,
    }


def send_jobs(bootstrap, topic, jobs):
    produce(bootstrap, topic, [(one["member_ref"].encode(), encode(one, "AlertJob")) for one in jobs])


def done(bootstrap, topics):
    return sum(committed(bootstrap, f"{topics.events}-mailer", topics.alerts).values())
