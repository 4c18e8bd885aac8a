"""TLS, SASL and ACLs on a real Kafka: what works, and what is said of what does not."""
import re
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka.admin import AclOperation, ResourceType

from process import wait_until
from records import decode, encode, login, produce, read_topic
from secure_kafka import CREDENTIALS, newer_librdkafka
from services import Topics

WRONG = "wr0ng-sesame-9"


@pytest.fixture
def secure(secure_kafka):
    made = Topics()
    secure_kafka.create_topics(*made.names.values())
    return made


def send(kafka, topics, names):
    produce(kafka.bootstrap, topics.events, [(name.encode(), encode(login(name, f"m-{name}"))) for name in names])


def alerts(kafka, topics):
    return {decode(record.value, "AlertJob")["event_id"] for record in read_topic(kafka.bootstrap, topics.alerts)}


def has_scram(build_dir):
    version = subprocess.run([build_dir / "bin/login-alert-detector", "--version"], capture_output=True, text=True, check=True)
    return tuple(map(int, re.search(r"librdkafka (\d+)\.(\d+)\.(\d+)", version.stdout).groups())) >= (2, 6, 1)


def test_check_says_what_is_wrong_with_tls_and_sasl(build_dir, secure_kafka, secure, detector, folder):
    newer = newer_librdkafka(folder)
    plain = {"kafka.security.protocol": None, "kafka.sasl.mechanism": None, "kafka.sasl.username": None,
             "kafka.sasl.password.file": None, "kafka.ssl.ca.location": None}
    tls = {**plain, "kafka.security.protocol": "SSL", "kafka.ssl.ca.location": secure_kafka.good.certificate}
    other = {"kafka.ssl.ca.location": secure_kafka.other.certificate}
    own = {"kafka.ssl.key.location": secure_kafka.client[1], "kafka.ssl.certificate.location": secure_kafka.client[2]}
    (folder / "wrong").write_text(WRONG)
    wrong = {"kafka.sasl.password.file": folder / "wrong"}

    def scram(number, user="u-scram1"):
        return secure_kafka.settings(folder, f"SCRAM-SHA-{number}", user)

    def at(listener):
        return {"kafka.bootstrap.servers": secure_kafka.listeners[listener]}

    cases = [  # settings, environment, exit code, a word of what is said
        ({}, None, 0, f"ok kafka topic {secure.events}"),
        (scram(256), newer, 0, f"ok kafka topic {secure.events}"),
        (scram(512, "u-plain1"), newer, 0, f"ok kafka topic {secure.events}"),
        (tls | own | at("MUTUAL"), None, 0, f"ok kafka topic {secure.events}"),
        (other | {"kafka.enable.ssl.certificate.verification": "false"}, None, 0, f"ok kafka topic {secure.events}"),
        (other, None, 69, "SSL handshake failed: who signed the broker's certificate is not in kafka.ssl.ca.location"),
        (other, newer, 69, "SSL handshake failed: who signed the broker's certificate is not in kafka.ssl.ca.location"),
        (tls | at("EXPIRED"), None, 69, "SSL handshake failed: the broker's certificate has expired"),
        (tls | at("EARLY"), None, 69, "SSL handshake failed: the broker's certificate is not valid yet"),
        (tls | at("ELSEWHERE"), None, 69, "SSL handshake failed: the broker's certificate is another host's"),
        (tls | at("MUTUAL"), None, 69, "the broker wants a certificate of ours"),
        (wrong, None, 69, "Authentication failed: Invalid username or password"),
        (scram(512) | wrong, newer, 69, "invalid credentials with SASL mechanism SCRAM-SHA-512\n"),
        (plain, None, 69, "connecting to a SSL listener?"),
        (tls, None, 69, "broker might require SASL authentication"),
        (tls | {"kafka.bootstrap.servers": secure_kafka.bootstrap}, None, 69, "is it a listener without TLS?"),
        ({"kafka.sasl.mechanism": None}, None, 78, "kafka.sasl.mechanism: GSSAPI (which it is if it is not set)"),
        ({"kafka.sasl.mechanism": "OAUTHBEARER"}, None, 78, "kafka.sasl.oauthbearer.method=oidc"),
        ({"kafka.sasl.username": None}, None, 78, "kafka.sasl.username: required"),
        ({"kafka.sasl.password.file": None}, None, 78, "kafka.sasl.password.file: required"),
        ({"kafka.sasl.password.file": folder / "nowhere"}, None, 78, f"{folder}/nowhere: No such file"),
        ({"kafka.ssl.ca.location": folder / "nowhere"}, None, 78, "ssl.ca.location"),
    ]
    if not has_scram(build_dir):
        cases.append((scram(512), None, 69, "; or it is Kafka 4.0 or later, to which librdkafka cannot log in by SCRAM"))
        cases.append((scram(512), None, 69, "warning kafka: librdkafka 2."))
    programs = [detector({**secure_kafka.settings(folder), **secure.settings(), **settings}) for settings, *_ in cases]

    def ask(program, case):
        settings, environment, code, word = case
        for _ in range(6):  # a busy machine may not come to an answer in the 5 s that check gives a server
            result = program.command("check", env=environment)
            said = (result.stdout + result.stderr).decode()
            assert not any(secret in said for secret in (*CREDENTIALS.values(), WRONG))
            if result.returncode == code and word in said:
                return
        raise AssertionError((settings, said.split("\n\n")[-1]))

    with ThreadPoolExecutor(4) as pool:  # a broker that cannot be reached is waited for
        list(pool.map(ask, programs, cases))


def said_once(program, since, what, sides=1):
    """Each side has said each error once, and again after each 30 s that went by, however often it has tried. A busy machine
    may add one that is not the listener's: a connection that was too slow. A client has several connections: when one is let
    in again, another may still be told what was so a moment ago."""
    lines = [line for line in program.stderr().splitlines() if what in line]
    errors = Counter(re.findall(r" error=(\w+)", "\n".join(lines)) or [""] * len(lines))
    again = program.stderr().count('msg="kafka brokers answer again"')
    assert len(lines) >= sides and max(errors.values()) <= sides * (1 + (time.monotonic() - since) // 30) + again, lines
    return lines


def test_a_certificate_that_has_expired_is_waited_for_until_it_is_renewed(secure_kafka, secure, detector, mailer, smtp_sink, folder):
    place = {**secure_kafka.settings(folder), **secure.settings()}
    programs = [detector({**place, "delivery.guarantee": "exactly_once"}), mailer(place)]
    send(secure_kafka, secure, ["a1", "a2"])
    secure_kafka.show("EXPIRED")
    since = time.monotonic()
    try:
        for program in programs:
            program.start()
        for program in programs:
            wait_until(lambda: "the broker's certificate has expired" in program.http("/readyz")[1], 60, program.stderr)
            assert program.http("/readyz")[0] == 503
            wait_until(lambda: program.stderr().count("repeated=") >= 2, 60, program.stderr)
            wait_until(lambda: re.search("for=broker why=\"no kafka broker answers: sasl_ssl:.*has expired", program.stderr()),
                       60, program.stderr)
            said_once(program, since, "msg=waiting for=broker")
    finally:
        secure_kafka.show("SASL")
    assert len(smtp_sink.wait_for(2)) == 2
    wait_until(lambda: alerts(secure_kafka, secure) == {"a1", "a2"}, 60, programs[0].stderr)
    for program in programs:
        said_once(program, since, "kafka error", sides=2)  # consumer and producer
        assert "msg=\"going on\" after=broker" in program.stderr()
        wait_until(lambda: program.http("/readyz") == (200, "ok\n"), 60, program.stderr)
        assert program.terminate() == 0


def test_a_password_that_is_wrong_is_waited_for_until_it_is_right(secure_kafka, secure, detector, folder):
    secure_kafka.set_password("u-changed1", WRONG)
    program = detector({**secure_kafka.settings(folder, "SCRAM-SHA-512", "u-changed1", "the right one 5"), **secure.settings()})
    program.process.env |= newer_librdkafka(folder)
    since = time.monotonic()
    program.start()
    send(secure_kafka, secure, ["a1"])
    wait_until(lambda: re.search("for=broker why=\"no kafka broker answers: sasl_ssl:.*invalid credentials", program.stderr()),
               60, program.stderr)
    secure_kafka.set_password("u-changed1", "the right one 5")
    wait_until(lambda: alerts(secure_kafka, secure) == {"a1"}, 60, program.stderr, 0.2)
    said_once(program, since, "kafka error", sides=2)
    assert program.terminate() == 0


def test_what_was_never_granted_is_named_by_check_and_used_once_it_is(secure_kafka, secure, detector, folder):
    topics = secure
    group = f"{topics.events}-detector"
    grants = [(ResourceType.TOPIC, topics.events, AclOperation.READ), (ResourceType.TOPIC, topics.alerts, AclOperation.WRITE),
              (ResourceType.TOPIC, topics.events_dlq, AclOperation.WRITE),
              (ResourceType.TOPIC, topics.decisions, AclOperation.WRITE), (ResourceType.GROUP, group, AclOperation.READ),
              (ResourceType.TRANSACTIONAL_ID, f"{group}-one", AclOperation.WRITE)]
    for kind, name, operation in grants:
        secure_kafka.grant("somebody-else", kind, name, operation)
    program = detector({**secure_kafka.settings(folder, user="u-plain1"), **topics.settings(), "delivery.guarantee": "exactly_once",
                        "kafka.consumer.group.id": group, "kafka.consumer.group.instance.id": "one"})
    wanted = {f"error kafka topic {name}: topic {name}: Broker: Topic authorization failed" for kind, name, _ in grants
              if kind == ResourceType.TOPIC}

    def all_are_named():  # once the broker has heard of it
        done = program.command("check")
        return done.returncode == 78 and wanted <= set(done.stdout.decode().splitlines())

    wait_until(all_are_named, 60, "each topic is named")
    program.start()
    send(secure_kafka, topics, ["a1", "a2"])
    for kind, name, operation in grants[:-1]:
        secure_kafka.grant("u-plain1", kind, name, operation)
    wait_until(lambda: "Transactional Id authorization failed" in program.stderr(), 60, program.stderr)
    secure_kafka.grant("u-plain1", *grants[-1])
    wait_until(lambda: alerts(secure_kafka, topics) == {"a1", "a2"}, 60, program.stderr, 0.2)
    program.checked(0)
    assert program.terminate() == 0
