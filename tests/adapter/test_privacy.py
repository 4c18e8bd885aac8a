"""The search of P7 (support/privacy.py) finds what it is for, and nothing in what programs usually write."""
import subprocess

import pytest
from confluent_kafka import Producer

import privacy
import privacy_topics
from privacy import Watch
from process import Process
from records import encode, login

PERSON = {"member_id": "m-4711", "member_number": "123456321", "device_token": "cookie-77", "email": "x.y@example.jp",
          "ip": "2001:db8::7", "recipient": {"email": "other@example.org", "member_id": "m-4712"}}
USUAL = """ts=2025-07-01T00:00:00.000Z level=info msg="mail refused" why="127.0.0.1:2525: 550 5.1.1 at RCPT" partition=3 offset=4711
librdkafka 2.0.2 on 0.0.0.0:9092, member rdkafka-4f7c of group t1-mailer, m-47110, 4711, 0123456321, jmb_confirmation@jal.com
<00000000000000000000000000000007@jal.com> template_rev=4f7c9a1b relay=localhost:25 attempts=2 at=1751295600000
"""
PLANTS = [("member id", "m-4711"), ("member id", "m-4712"), ("member number", "123456321"), ("device token", "cookie-77"),
          ("address", "x.y@example.jp"), ("address", "other@example.org"), ("address", "never.seen@example.net"),
          ("IP", "2001:db8::7"), ("IP", "203.0.113.9"), ("user agent", "Mozilla/5.0"), ("secret", "open sesame"),
          ("secret", "b3BlbiBzZXNhbWU=")]


@pytest.fixture
def watch():
    one = Watch()
    one.person(PERSON)
    one.secret("open sesame")
    return one


def test_what_programs_usually_write_names_nobody(watch):
    watch.text("detector.log", USUAL)
    assert watch.findings() == []


@pytest.mark.parametrize("kind, value", PLANTS)
@pytest.mark.parametrize("form", ["{}", 'why="{}: no"', "key=la1:{}", "<{}>.", "({}),", "/{}/"])
def test_a_planted_line_is_found_with_its_file_and_kind(watch, kind, value, form):
    watch.text("mailer.log", USUAL + form.format(value) + "\n" + USUAL)
    assert any(found.startswith(f"mailer.log: {kind} ") for found in watch.findings()), watch.findings()


def test_in_redis_what_comes_about_by_chance_is_nobody_s(watch):
    watch.text("redis", "M4+d7Tq@v-3x.Zq m-4711 9Edg/", privacy.REDIS_LETTERS)
    assert watch.findings() == []
    watch.text("redis", "la1:x.y@example.jp cookie-77", privacy.REDIS_LETTERS)
    assert {found.split(" ")[1] for found in watch.findings()} == {"address", "device"}


def test_whatever_file_a_setting_names_as_secret_is_one(watch, folder):
    (folder / "token").write_text("let-me-in-please\n")
    watch.settings({"recipient.token.file": folder / "token", "smtp.password.file": None, "hash.keys.file": folder / "gone"})
    watch.text("check", "recipient.token.file=let-me-in-please")
    assert watch.findings() == ["check: secret 'let-me-in-please'"]


def test_what_a_program_writes_is_kept(monkeypatch, folder):
    """A program of ours by its name, that tells an address: as a child of subprocess, and as a Process."""
    mine = Watch()
    for module in (privacy, __import__("process")):
        monkeypatch.setattr(module, "watch", mine)
    teller = folder / "login-alert-teller"
    teller.write_text("#!/bin/sh\necho told=$1 >&2\n")
    teller.chmod(0o700)
    subprocess.run([teller, "one@example.jp"], check=True)
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(["/bin/sh", "-c", "exit 1"], check=True)
    process = Process("teller", [teller, "two@example.jp"], folder / "teller.log").start()
    assert process.wait(60) == 0
    assert ["one@example.jp" in found or "two@example.jp" in found for found in mine.findings()] == [True, True]
    assert len(mine.kept) == len(mine.started) == 2


def test_records_of_a_broker_are_kept_and_what_is_the_members_own_is_not(monkeypatch, kafka, topics):
    mine = Watch()
    monkeypatch.setattr(privacy_topics, "watch", mine)
    mine.person(PERSON)
    delivery = {"job_id": "0" * 32, "event_id": "m-4711", "member_ref": "1" * 32, "outcome": "SENT", "smtp_code": None,
                "enhanced_code": None, "attempts": 1, "message_id": f"<{'0' * 32}@jal.com>", "template_rev": "m-4712",
                "relay": None, "at": 0}
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(topics.deliveries, encode(delivery, "Delivery"))
    producer.produce(topics.events, encode(login("e", "m-4711")))
    producer.produce(topics.alerts_dlq, b"m-4711", headers=[("trace", b"m-4711"), ("__connect.errors.topic", b"m-4712")])
    assert producer.flush(60) == 0

    class Ours:
        bootstrap = kafka.bootstrap

        @staticmethod
        def has(topic):
            return topic in topics.names.values()

    privacy_topics.keep_topics(Ours, Ours.has)
    assert [(found.split(" ")[-3:], topics.deliveries in found) for found in mine.findings()] == [
        (["member", "id", "'m-4712'"], False), (["member", "id", "'m-4712'"], True)]
