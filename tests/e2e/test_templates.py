"""Templates of a running mailer: SIGHUP loads changed ones, or keeps the old ones and says why."""
import shutil
import signal

from process import wait_until
from records import DEMO_START, encode, produce
from services import SOURCE


def send_job(bootstrap, topic, number):
    job = {"job_id": f"{number:032x}", "event_id": "e", "mode": "LIVE", "reason": "NEW_DEVICE", "tenant": "default",
           "occurred_at": DEMO_START, "not_after": 4102444800000, "member_ref": "0" * 32, "member_masked": "***321",
           "device_label": "iPhone", "device_class": "MOBILE", "browser_label": "chrome",
           "recipient": {"email": "u@example.jp", "member_id": "m"}, "suppressed_before": 0, "policy_rev": "p",
           "agent_rev": "a", "key_epoch": 1, "source_topic": "t", "source_partition": 0, "source_offset": 0}
    produce(bootstrap, topic, [(b"k", encode(job, "AlertJob"))])


def hang_up(program, said):
    before = program.stderr().count(said)
    program.process.send(signal.SIGHUP)
    wait_until(lambda: program.stderr().count(said) > before, 60, program.stderr)


def test_sighup_loads_changed_templates_or_keeps_the_old_ones(kafka, topics, mailer, smtp_sink, folder):
    brand = shutil.copytree(SOURCE / "tests" / "data" / "templates", folder / "templates") / "acme"
    program = mailer({"mail.templates": folder / "templates", "mail.brand": "acme"}).start()
    wait_until(lambda: "msg=started" in program.stderr(), 60, program.stderr)
    hang_up(program, "none has changed")

    (brand / "body.txt").write_text("Broken {{nobody}}\n")
    hang_up(program, "the old ones stay")
    assert f"{brand}/body.txt:1: unknown name nobody" in program.stderr()
    send_job(kafka.bootstrap, topics.alerts, 1)
    smtp_sink.wait_for(1)
    assert smtp_sink.mails()[0].text.startswith("Someone logged in")

    (brand / "body.txt").write_text("New {{device}}\n")
    hang_up(program, 'msg="templates loaded"')
    send_job(kafka.bootstrap, topics.alerts, 2)
    smtp_sink.wait_for(2)
    assert "New iPhone(mobile)\n" in [mail.text.replace("\r\n", "\n") for mail in smtp_sink.mails()]
    assert program.terminate() == 0
