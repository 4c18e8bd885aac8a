"""From a login event on a real topic to the mail in the member's inbox."""
import base64
import time

import pytest

from process import wait_until
from records import DEMO_START, committed, decode, encode, end_offsets, job_id, login, member_ref, open_transactions, produce, read_topic
from services import SOURCE, Topics
from stories import EXPECTED, demo_events

SUBJECT = "[JAL]新しいご利用環境からログインがありました/Login from new device"
NO_LIMIT = 4102444800000
PRIVATE = ("example.jp", "m-7f3a1c", "m-0b52e9", "m-c41d08", "CriOS", "Mozilla", "203.0.113", "2001:db8", "123456321")


def produce_events(kafka, topics, events):
    produce(kafka.bootstrap, topics.events, [(event["member_id"].encode(), encode(event)) for event in events])


def positions(kafka, topics):
    """event_id -> (partition, offset) on the events topic."""
    return {decode(record.value, "LoginEvent")["event_id"]: (record.partition, record.offset)
            for record in read_topic(kafka.bootstrap, topics.events)}


def test_events_become_exactly_the_expected_mails(kafka, topics, detector, mailer, smtp_sink):
    events = {event["event_id"]: event for event in demo_events()}
    alerted = {name: row for name, row in EXPECTED.items() if row[0] == "ALERTED"}
    produce_events(kafka, topics, events.values())

    detecting = detector({"decisions.publish": "all"}).start()
    mailing = mailer().start()
    mails = smtp_sink.wait_for(len(alerted), settle=1)
    assert len(mails) == len(alerted)

    decisions = read_decisions(kafka, topics, len(EXPECTED))
    assert {name: (d["outcome"], d["reason"]) for name, d in decisions.items()} == \
        {name: row[:2] for name, row in EXPECTED.items()}

    jobs = read_jobs(kafka, topics, len(alerted))
    assert jobs.keys() == alerted.keys()
    where = positions(kafka, topics)
    for name, job in jobs.items():
        check_job(job, events[name], alerted[name], where[name], topics.events)
        assert decisions[name]["job_id"] == job["job_id"]
        assert decisions[name]["member_ref"] == job["member_ref"]
    assert all(d["job_id"] is None for name, d in decisions.items() if name not in alerted)

    check_mails(mails, jobs)
    check_deliveries(kafka, topics, jobs)

    assert detecting.terminate() == 0
    assert mailing.terminate() == 0
    assert committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) == \
        end_offsets(kafka.bootstrap, topics.events)
    assert committed(kafka.bootstrap, f"{topics.events}-mailer", topics.alerts) == \
        end_offsets(kafka.bootstrap, topics.alerts)
    assert read_topic(kafka.bootstrap, topics.events_dlq) == []
    assert read_topic(kafka.bootstrap, topics.alerts_dlq) == []
    for log in (detecting.stderr(), mailing.stderr()):
        assert not [word for word in PRIVATE if word in log]


def test_with_exactly_once_the_same_mails_come(kafka, topics, detector, mailer, smtp_sink):
    alerted = {name for name, row in EXPECTED.items() if row[0] == "ALERTED"}
    detecting = detector({"delivery.guarantee": "exactly_once", "decisions.publish": "all"})
    detecting.checked(0, "ok kafka transactions\n")
    detecting.start()
    mailer().start()
    produce_events(kafka, topics, demo_events())
    assert len(smtp_sink.wait_for(len(alerted), settle=1)) == len(alerted)
    wait_until(lambda: not open_transactions(kafka.bootstrap, [topics.decisions, topics.alerts]), 60, "all is committed")
    assert len(read_decisions(kafka, topics, len(EXPECTED))) == len(EXPECTED)
    assert read_jobs(kafka, topics, len(alerted)).keys() == alerted
    assert detecting.terminate() == 0
    assert committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) == \
        end_offsets(kafka.bootstrap, topics.events)


def read_decisions(kafka, topics, count):
    records = [decode(record.value, "Decision") for record in read_topic(kafka.bootstrap, topics.decisions, count)]
    assert len(records) == count
    return {record["event_id"]: record for record in records}


def read_jobs(kafka, topics, count):
    jobs = {}
    for record in read_topic(kafka.bootstrap, topics.alerts, count):
        job = decode(record.value, "AlertJob")
        assert record.key == job["member_ref"].encode()
        assert job["event_id"] not in jobs
        jobs[job["event_id"]] = job
    return jobs


def check_job(job, event, row, position, topic):
    """Every field of the job, from the event and the expectation alone."""
    number = event["member_number"]
    assert job.pop("policy_rev") and job.pop("agent_rev")
    assert job == {
        "job_id": job_id(event["event_id"], event["occurred_at"]),
        "event_id": event["event_id"],
        "mode": "LIVE",
        "reason": row[1],
        "tenant": "default",
        "occurred_at": event["occurred_at"],
        "not_after": NO_LIMIT,
        "member_ref": member_ref(event["member_id"]),
        "member_masked": "*" * (len(number) - 3) + number[-3:],
        "device_label": row[2][0],
        "device_class": row[2][1],
        "browser_label": row[2][2],
        "app_label": event["client_app_name"] if row[1] == "THIRD_PARTY_LINK" else None,
        "location_label": event.get("location"),
        "locale": event.get("locale"),
        "time_zone": event.get("time_zone"),
        "recipient": {"email": event["email"], "member_id": event["member_id"]},
        "recipient_sealed": None,
        "suppressed_before": 0,
        "key_epoch": 1,
        "source_topic": topic,
        "source_partition": position[0],
        "source_offset": position[1],
    }


def check_mails(mails, jobs):
    by_id = {f"<{job['job_id']}@jal.com>": job for job in jobs.values()}
    assert {mail.message["Message-ID"] for mail in mails} == by_id.keys()
    for mail in mails:
        job = by_id[mail.message["Message-ID"]]
        assert mail.rcpt_to == [job["recipient"]["email"]]
        assert mail.message["To"] == job["recipient"]["email"]
        assert mail.message["Subject"] == SUBJECT
        assert mail.message["From"].addresses[0].addr_spec == "jmb_confirmation@jal.com"
        assert mail.message.defects == [] and all(part.defects == [] for part in mail.message.walk())
        assert f"[JMB] {job['member_masked']}\n" in mail.text
        assert f"[Browser] {job['browser_label']}\n" in mail.text
        assert "http:" not in mail.html and "https:" not in mail.html
    first = next(mail for mail in mails if by_id[mail.message["Message-ID"]]["event_id"] == "demo-01")
    assert first.text == (SOURCE / "tests" / "data" / "sample.txt").read_text()


def check_deliveries(kafka, topics, jobs):
    records = read_topic(kafka.bootstrap, topics.deliveries, len(jobs))
    deliveries = {}
    for record in records:
        delivery = decode(record.value, "Delivery")
        assert record.key == delivery["member_ref"].encode()
        deliveries[delivery["event_id"]] = delivery
    assert len(records) == len(jobs) and deliveries.keys() == jobs.keys()
    for name, delivery in deliveries.items():
        assert delivery["outcome"] == "SENT"
        assert delivery["job_id"] == jobs[name]["job_id"]
        assert delivery["smtp_code"] == 250
        assert delivery["attempts"] == 1
        assert delivery["message_id"] == f"<{jobs[name]['job_id']}@jal.com>"
        assert delivery["template_rev"]
        assert delivery["at"] > DEMO_START


def test_only_notable_decisions_are_published_by_default(kafka, topics, detector):
    produce_events(kafka, topics, [
        login("first", "m1"),
        login("again", "m1", at=DEMO_START + 1000),
        login("failed", "m1", at=DEMO_START + 2000, result="FAILURE"),
        login("other", "m1", at=DEMO_START + 3000, device_token="new"),
    ])
    detector().start()
    assert {name: d["outcome"] for name, d in read_decisions(kafka, topics, 2).items()} == \
        {"first": "ALERTED", "other": "ALERTED"}


@pytest.mark.parametrize("publish, published", [
    ("none", {}), ("all", {"first": "ALERTED", "again": "KNOWN", "failed": "IGNORED_RESULT"}),
])
def test_decisions_are_published_as_asked(kafka, topics, detector, publish, published):
    produce_events(kafka, topics, [login("first", "m1"), login("again", "m1", at=DEMO_START + 1000),
                                   login("failed", "m1", at=DEMO_START + 2000, result="FAILURE")])
    program = detector({"decisions.publish": publish}).start()
    wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) ==
               end_offsets(kafka.bootstrap, topics.events), 60, program.stderr)
    assert {name: d["outcome"] for name, d in read_decisions(kafka, topics, len(published)).items()} == published


def test_a_shadow_beside_a_live_detector_changes_nothing_of_it_and_mails_nobody(kafka, topics, detector, mailer, smtp_sink,
                                                                              redis_server):
    others = Topics()
    kafka.create_topics(others.alerts)
    produce_events(kafka, topics, [login("first", "m1")])
    shadow = detector({"policy.mode": "shadow", "kafka.consumer.group.id": f"{topics.events}-shadow",
                       "topic.alerts": others.alerts}).start()
    [job] = [decode(record.value, "AlertJob") for record in read_topic(kafka.bootstrap, others.alerts, 1)]
    assert (job["event_id"], job["mode"]) == ("first", "SHADOW")
    produce_events(kafka, topics, [login("again", "m1", at=DEMO_START + 1000)])  # known to the shadow, new to the live one
    wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-shadow", topics.events) ==
               end_offsets(kafka.bootstrap, topics.events), 60, shadow.stderr)
    assert len(read_topic(kafka.bootstrap, others.alerts, 1)) == 1
    detector().start()
    [job] = [decode(record.value, "AlertJob") for record in read_topic(kafka.bootstrap, topics.alerts, 1)]
    assert (job["event_id"], job["mode"]) == ("first", "LIVE")
    assert {key.split(b":")[0] for key in redis_server.client.keys()} == {b"la1", b"la1.shadow"}
    mailer({"topic.alerts": others.alerts}).start()  # as if somebody had mixed up the topics
    deliveries = [decode(record.value, "Delivery") for record in read_topic(kafka.bootstrap, topics.deliveries, 1)]
    assert [delivery["outcome"] for delivery in deliveries] == ["NOT_LIVE"] and smtp_sink.mails() == []


def redis_key(prefix, member):
    digest = base64.urlsafe_b64encode(bytes.fromhex(member_ref(member))).decode().rstrip("=")
    return f"{prefix}:1:{digest}".encode()


def test_a_member_is_one_key_that_lives_as_long_as_its_devices_or_its_erasure(kafka, topics, redis_server, detector):
    day = 86400
    events = [login("m1-first", "m1"), login("m2-first", "m2"), login("m2-gone", "m2", at=DEMO_START + 1, kind="ACCOUNT_ERASED")]
    produce_events(kafka, topics, events)
    began = time.monotonic()
    program = detector({"redis.prefix": "test.p", "policy.device-ttl": "320d", "alert.max-age": "3d"}).start()
    records = read_topic(kafka.bootstrap, topics.decisions, 3)
    assert all(record.key == decode(record.value, "Decision")["member_ref"].encode() for record in records)
    wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) ==
               end_offsets(kafka.bootstrap, topics.events), 60, program.stderr)
    left = {key: redis_server.client.ttl(key) for key in redis_server.client.keys()}
    assert left.keys() == {redis_key("test.p", "m1"), redis_key("test.p", "m2")}
    passed = time.monotonic() - began + 1
    assert 0 <= (320 + 20) * day - left[redis_key("test.p", "m1")] <= passed
    assert 0 <= (3 + 1) * day - left[redis_key("test.p", "m2")] <= passed


def test_trace_headers_go_from_the_event_to_its_job(kafka, topics, detector):
    trace = [("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("tracestate", b"a=1")]
    produce(kafka.bootstrap, topics.events, [{
        "key": b"m1", "value": encode(login("e1", "m1")), "headers": [*trace, ("other", b"stays behind")],
    }])
    detector().start()
    [alert] = read_topic(kafka.bootstrap, topics.alerts, 1)
    assert alert.headers == trace
