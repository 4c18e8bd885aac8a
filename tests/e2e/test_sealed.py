"""Sealed recipients on real topics: from detector to mailer nobody can read who gets the mail."""
from process import wait_until
from records import DEMO_START, committed, decode, encode, end_offsets, login, produce, read_topic
from sealed import make_pair, open_sealed, read_public, read_secret, seal

CONNECT = "__connect.errors."


def produce_logins(kafka, topics, events):
    produce(kafka.bootstrap, topics.events, [(event["member_id"].encode(), encode(event)) for event in events])


def deliveries(kafka, topics, count):
    records = [decode(record.value, "Delivery") for record in read_topic(kafka.bootstrap, topics.deliveries, count)]
    return {record["event_id"]: record["outcome"] for record in records}


def test_sealed_alerts_are_mailed_and_hold_nothing_in_clear(kafka, topics, detector, mailer, smtp_sink, folder):
    secret, public = make_pair(mailer(), folder / "seal.key")
    events = [login(f"e{i}", f"member-{i}") for i in range(20)]
    produce_logins(kafka, topics, events)
    detecting = detector({"seal.key.file": public}).start()
    mailing = mailer({"seal.key.file": secret}).start()
    mails = smtp_sink.wait_for(20)
    assert sorted(mail.rcpt_to[0] for mail in mails) == sorted(event["email"] for event in events)
    assert set(deliveries(kafka, topics, 20).values()) == {"SENT"}
    for topic in (topics.alerts, topics.decisions, topics.deliveries):
        for record in read_topic(kafka.bootstrap, topic, 20):
            bytes_of = record.value + (record.key or b"") + b"".join(value for _, value in record.headers)
            assert b"member-" not in bytes_of and b"example.jp" not in bytes_of
    opened = []
    for record in read_topic(kafka.bootstrap, topics.alerts, 20):
        job = decode(record.value, "AlertJob")
        assert job["recipient"] is None
        opened.append(open_sealed(job["recipient_sealed"], read_secret(secret)))
    assert sorted(map(str, opened)) == sorted(
        str({"email": event["email"], "member_id": event["member_id"]}) for event in events)
    assert detecting.terminate() == 0 and mailing.terminate() == 0
    for log in (detecting.stderr(), mailing.stderr()):
        assert "example.jp" not in log and "member-" not in log


def test_what_does_not_open_is_refused_and_a_dead_letter_and_the_rest_is_mailed(kafka, topics, detector, mailer,
                                                                               smtp_sink, folder):
    _, public = make_pair(mailer(), folder / "ours.key")
    theirs, _ = make_pair(mailer(), folder / "theirs.key")
    detecting = detector({"seal.key.file": public}).start()
    produce_logins(kafka, topics, [login("shut", "member-1")])
    wait_until(lambda: read_topic(kafka.bootstrap, topics.alerts), 60, lambda: "the sealed job is there")
    assert detecting.terminate() == 0
    detecting = detector().start()
    produce_logins(kafka, topics, [login("clear", "member-2", DEMO_START + 1000)])

    mailing = mailer({"seal.key.file": theirs}).start()
    mails = smtp_sink.wait_for(1)
    assert [mail.rcpt_to for mail in mails] == [["member-2@example.jp"]]
    assert deliveries(kafka, topics, 2) == {"shut": "REFUSED", "clear": "SENT"}
    [letter] = read_topic(kafka.bootstrap, topics.alerts_dlq, 1)
    headers = dict(letter.headers)
    assert headers[CONNECT + "stage"] == b"TRANSFORMATION"
    assert b"sealed for another key than that of seal.key.file" in headers[CONNECT + "exception.message"]
    assert decode(letter.value, "AlertJob")["event_id"] == "shut"
    assert detecting.terminate() == 0 and mailing.terminate() == 0
    assert committed(kafka.bootstrap, f"{topics.events}-mailer", topics.alerts) == \
        end_offsets(kafka.bootstrap, topics.alerts)
    assert "seal.key.file" in mailing.stderr() and "example.jp" not in mailing.stderr()


def test_what_the_login_service_sealed_is_mailed(kafka, topics, detector, mailer, smtp_sink, folder):
    secret, public = make_pair(mailer(), folder / "seal.key")
    sealed = seal({"email": "p@example.jp", "member_id": "member-1"}, read_public(public))
    produce_logins(kafka, topics, [login("e0", "member-1", email=None, email_sealed=sealed)])
    detector().start()
    mailer({"seal.key.file": secret}).start()
    [mail] = smtp_sink.wait_for(1)
    assert mail.rcpt_to == ["p@example.jp"]
