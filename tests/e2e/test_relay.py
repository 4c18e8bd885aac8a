"""The mailer between a real broker and a relay that is away, refuses, hangs or cuts the line."""
import os
import re
import time

import pytest

from jobs import QUICK, done, job, send_jobs
from process import free_port, wait_until
from records import DEMO_START, decode, read_topic
from smtp_sink import Sink


def deliveries(bootstrap, topics, count):
    """job number -> Delivery; there is one for each."""
    found = {}
    for record in read_topic(bootstrap, topics.deliveries, count, 60):
        delivery = decode(record.value, "Delivery")
        assert record.key == delivery["member_ref"].encode()
        assert found.setdefault(int(delivery["job_id"], 16), delivery) is delivery
    return found


@pytest.fixture
def relay(folder):
    one = Sink(folder / "relay", free_port())
    one.start()
    yield one
    one.stop()


def message_ids(relay):
    return sorted(line.split(b" ")[1].decode() for _, data in relay.mails for line in data.split(b"\r\n")
                  if line.startswith(b"Message-ID: "))


def test_a_relay_that_is_away_is_waited_for(kafka, topics, mailer, relay):
    relay.stop()
    program = mailer({"smtp.url": relay.url, **QUICK}).start()
    send_jobs(kafka.bootstrap, topics.alerts, [job(i, f"u{i}@example.jp") for i in range(30)])
    wait_until(lambda: "msg=waiting for=relay" in program.stderr(), 60, program.stderr)
    wait_until(lambda: re.fullmatch("relay: .*\n", program.http("/readyz")[1]), 60, program.stderr)
    assert program.http("/readyz")[0] == 503
    time.sleep(6.5)  # longer than the session: the membership is kept
    program.process.require_alive()
    assert program.stderr().count("msg=waiting for=relay") == 1  # then every 30 s
    assert done(kafka.bootstrap, topics) == 0
    relay.start()
    wait_until(lambda: len(relay.mails) == 30, 60, lambda: f"{len(relay.mails)} mails")
    wait_until(lambda: done(kafka.bootstrap, topics) == 30, 60, "all offsets are committed")
    wait_until(lambda: program.http("/readyz") == (200, "ok\n"), 60, program.stderr)
    assert program.terminate() == 0
    assert message_ids(relay) == [f"<{i:032x}@jal.com>" for i in range(30)]
    assert program.stderr().count("partitions assigned") == 1
    assert {one["outcome"] for one in deliveries(kafka.bootstrap, topics, 30).values()} == {"SENT"}


def test_each_outcome_has_its_record_and_says_nothing_of_the_member(kafka, topics, mailer, relay):
    relay.settings.script = [
        {"at": "rcpt", "to": "gone@example.jp", "reply": "550 5.1.1 gone@example.jp is member-9 no more"},
        {"at": "end", "to": "spam@example.jp", "reply": "554 5.7.1 spam"},
        {"at": "rcpt", "to": "busy@example.jp", "reply": "450 4.2.0 busy", "times": 1},
        {"at": "end", "to": "cut@example.jp", "drop": True},
        {"at": "end", "to": "once@example.jp", "drop": True, "times": 1},
    ]
    jobs = [job(0, "ok@example.jp"), job(1, "gone@example.jp"), job(2, "spam@example.jp"), job(3, "busy@example.jp"),
            job(4, "cut@example.jp"), job(5, "once@example.jp"), job(6, "replay@example.jp", mode="REPLAY"),
            job(7, "shadow@example.jp", mode="SHADOW"), job(8, "late@example.jp", not_after=DEMO_START + 1),
            job(9, None), job(10, "bad\r\nDATA@example.jp")]
    send_jobs(kafka.bootstrap, topics.alerts, jobs)
    program = mailer({"smtp.url": relay.url, "retry.schedule": "300ms"}).start()
    found = deliveries(kafka.bootstrap, topics, len(jobs))
    wait_until(lambda: done(kafka.bootstrap, topics) == len(jobs), 60, "all offsets are committed")
    assert program.terminate() == 0

    def seen(number):
        one = found[number]
        return one["outcome"], one["smtp_code"], one["enhanced_code"], one["attempts"]

    assert seen(0) == ("SENT", 250, "2.0.0", 1)
    assert seen(1) == ("REFUSED", 550, "5.1.1", 1)
    assert seen(2) == ("REFUSED", 554, "5.7.1", 1)
    assert seen(3) == ("SENT", 250, "2.0.0", 2)
    assert seen(4) == ("UNKNOWN", None, None, 2)
    assert seen(5) == ("SENT", 250, "2.0.0", 2)
    assert seen(6) == seen(7) == ("NOT_LIVE", None, None, 0)
    assert seen(8) == ("EXPIRED", None, None, 0)
    assert seen(9) == seen(10) == ("REFUSED", None, None, 0)
    assert found[0]["message_id"] == f"<{0:032x}@jal.com>"
    assert found[0]["relay"] == f"127.0.0.1:{relay.port}"
    letters = read_topic(kafka.bootstrap, topics.alerts_dlq, 2)
    assert sorted(int(decode(letter.value, "AlertJob")["job_id"], 16) for letter in letters) == [9, 10]
    assert relay.violations == []
    told = program.stderr() + repr(list(found.values())) + repr([
        [(name, value) for name, value in letter.headers if name.startswith("__connect")] for letter in letters])
    for word in ("@example.jp", "member-9", "gone", "DATA"):
        assert word not in told.replace("at DATA", "").replace("end of DATA", "")


def test_a_stop_does_not_wait_for_a_relay_that_hangs(kafka, topics, mailer, relay):
    relay.settings.script = [{"at": "end", "to": "slow@example.jp", "stall": True, "times": 1}]
    send_jobs(kafka.bootstrap, topics.alerts, [job(1, "slow@example.jp")])
    program = mailer({"smtp.url": relay.url, "shutdown.timeout": "2s"}).start()
    wait_until(lambda: len(relay.mails) == 1, 60, program.stderr)
    began = time.monotonic()
    assert program.terminate(60) == 0  # the relay says nothing for ever
    assert time.monotonic() - began > 0.7  # two fifths of it are for mails under way
    assert done(kafka.bootstrap, topics) == 0
    mailer({"smtp.url": relay.url}).start()
    wait_until(lambda: done(kafka.bootstrap, topics) == 1, 60, "the mail is sent by the next one")
    assert message_ids(relay) == [f"<{1:032x}@jal.com>"] * 2  # the documented gap, with the same id


def test_a_login_that_the_relay_refuses_pauses_everything_until_it_is_taken(kafka, topics, mailer, relay):
    relay.settings.script = [{"at": "mail", "reply": "530 5.7.0 log in first"}]
    send_jobs(kafka.bootstrap, topics.alerts, [job(i, f"u{i}@example.jp") for i in range(20)])
    program = mailer({"smtp.url": relay.url, "smtp.connections": "4"}).start()
    wait_until(lambda: "530 5.7.0 at MAIL" in program.stderr(), 60, program.stderr)
    seen, began = relay.connections, time.monotonic()
    time.sleep(3)
    assert relay.connections <= max(seen, 4) + 1 + time.monotonic() - began  # the first four, then one at a time
    assert relay.mails == [] and done(kafka.bootstrap, topics) == 0
    relay.settings.script = []
    wait_until(lambda: done(kafka.bootstrap, topics) == 20, 60, "it goes on")
    assert len(relay.mails) == 20
    assert 'msg="going on" after=relay' in program.stderr()


def test_a_relay_that_takes_two_connections_of_ten_gets_every_mail_over_those(kafka, topics, mailer, relay):
    relay.settings.limit = 2
    send_jobs(kafka.bootstrap, topics.alerts, [job(i, f"u{i}@example.jp") for i in range(400)])
    program = mailer({"smtp.url": relay.url, "smtp.connections": "10"}).start()
    wait_until(lambda: done(kafka.bootstrap, topics) == 400, 120, program.stderr)
    assert program.terminate() == 0
    assert message_ids(relay) == [f"<{i:032x}@jal.com>" for i in range(400)]
    assert 1 <= relay.server.refused <= 40  # one a connection that is too many, seldom one more
    assert program.stderr().count("relay takes fewer connections") <= 3


def test_a_mailer_without_work_costs_no_time(kafka, topics, mailer, relay):
    program = mailer({"smtp.url": relay.url}).start()
    send_jobs(kafka.bootstrap, topics.alerts, [job(1, "one@example.jp")])
    wait_until(lambda: done(kafka.bootstrap, topics) == 1, 60, program.stderr)

    def cpu_s():
        fields = open(f"/proc/{program.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def used():
        before, began = cpu_s(), time.monotonic()
        time.sleep(3)
        return (cpu_s() - before) / (time.monotonic() - began)

    wait_until(lambda: used() < 0.05, 30, "next to nothing, with sanitizers", 0)  # what it had to do may not be over at once
