"""ACLs that change while a detector runs: what it may not do any more is said and waited for, and done when it may again."""
import time

import pytest
import yaml
from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, ResourcePatternType,
                                   ResourceType)

from process import wait_until
from records import decode, encode, login, produce, read_topic
from services import SOURCE, Kafka, Topics
from temporary import started

SESSION_S = 6
ACLS = {"authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true"}


@pytest.fixture(scope="module")
def strict_kafka(jars):
    with started(lambda folder: Kafka(folder, jars, ACLS)) as server:
        yield server


def acls_of(kafka, kind=ResourceType.ANY, name=None):
    """As the broker has them, which hears of a change a moment after whoever made it."""
    match = ResourcePatternType.LITERAL if name else ResourcePatternType.ANY
    return kafka.admin.describe_acls(AclBindingFilter(kind, name, match, None, None, AclOperation.ANY, AclPermissionType.ANY)).result(60)


def create_acls(kafka, acls):
    for done in kafka.admin.create_acls(acls).values():
        done.result(60)
    wait_until(lambda: set(acls) <= set(acls_of(kafka)), 60, "the broker knows who may do what")


def deny(kafka, kind, name):
    acl = AclBinding(kind, name, ResourcePatternType.LITERAL, "User:ANONYMOUS", "*", AclOperation.ALL, AclPermissionType.DENY)
    create_acls(kafka, [acl])


def allow(kafka, kind, name):
    which = AclBindingFilter(kind, name, ResourcePatternType.LITERAL, None, None, AclOperation.ANY, AclPermissionType.ANY)
    kafka.admin.delete_acls([which])[which].result(60)
    wait_until(lambda: not acls_of(kafka, kind, name), 60, "the broker has forgotten it")


def send(kafka, topics, names):
    produce(kafka.bootstrap, topics.events, [(name.encode(), encode(login(name, f"m-{name}"))) for name in names])


def alerts(kafka, topics):
    return {decode(record.value, "AlertJob")["event_id"] for record in read_topic(kafka.bootstrap, topics.alerts)}


@pytest.mark.parametrize("what, guarantee, word", [
    ("events", "at_least_once", "Topic authorization failed"),
    ("alerts", "exactly_once", "Topic authorization failed"),
    ("events-dlq", "at_least_once", "Topic authorization failed"),
    ("group", "at_least_once", "Group authorization failed"),
    ("transactional id", "exactly_once", "Transactional Id authorization failed")])
def test_what_is_denied_is_waited_for(strict_kafka, detector, what, guarantee, word):
    topics = Topics()
    strict_kafka.create_topics(*topics.names.values())
    group = f"{topics.events}-detector"
    program = detector({"kafka.bootstrap.servers": strict_kafka.bootstrap, **topics.settings(),
                        "delivery.guarantee": guarantee, "kafka.consumer.group.id": group,
                        "kafka.consumer.group.instance.id": "one",
                        "kafka.consumer.session.timeout.ms": str(int(SESSION_S * 1000)),
                        "kafka.consumer.heartbeat.interval.ms": "300"}).start()
    send(strict_kafka, topics, ["a1", "a2", "a3"])
    wait_until(lambda: alerts(strict_kafka, topics) == {"a1", "a2", "a3"}, 60, program.stderr)
    place = {"events": (ResourceType.TOPIC, topics.events), "alerts": (ResourceType.TOPIC, topics.alerts),
             "events-dlq": (ResourceType.TOPIC, topics.events_dlq),
             "group": (ResourceType.GROUP, group), "transactional id": (ResourceType.TRANSACTIONAL_ID, f"{group}-one")}[what]
    mark = len(program.stderr())

    def waiting():
        return [line for line in program.stderr()[mark:].splitlines() if "msg=waiting for=broker" in line and word in line]

    started = time.monotonic()
    deny(strict_kafka, *place)
    if what == "events-dlq":
        produce(strict_kafka.bootstrap, topics.events, [(b"k", b"no event")])
    if what != "events":
        send(strict_kafka, topics, ["b1"])
    wait_until(waiting, 60, program.stderr)
    time.sleep(SESSION_S + 0.5)  # longer than a silent member is kept
    periods = (time.monotonic() - started) // 30
    if what != "group":
        assert len(waiting()) <= 1 + periods and "msg=\"partitions" not in program.stderr()[mark:], program.stderr()
    assert len(program.stderr()[mark:].splitlines()) < 12 + 4 * periods, program.stderr()
    allow(strict_kafka, *place)
    send(strict_kafka, topics, ["b1", "b2"] if what == "events" else ["b2"])
    wait_until(lambda: alerts(strict_kafka, topics) == {"a1", "a2", "a3", "b1", "b2"}, 60, program.stderr, 0.2)
    wait_until(lambda: "msg=\"going on\" after=broker" in program.stderr()[mark:], 60, program.stderr)
    assert program.terminate() == 0


def rights():
    """(kind, name, is a prefix, operation) of the user in deploy/kubernetes."""
    user, = (one for one in yaml.safe_load_all((SOURCE / "deploy/kubernetes/kafka/strimzi.yaml").read_text()) if one["kind"] == "KafkaUser")
    for acl in user["spec"]["authorization"]["acls"]:
        resource = acl["resource"]
        for operation in acl["operations"]:
            yield resource["type"], resource["name"], resource["patternType"] == "prefix", operation


@pytest.mark.parametrize("guarantee", ["at_least_once", "exactly_once"])
def test_the_rights_that_the_handbook_asks_for_are_enough(strict_kafka, detector, mailer, smtp_sink, guarantee):
    """What has any right on this broker may be used by those who have it alone."""
    topics = Topics()
    strict_kafka.create_topics(*topics.names.values())
    names = {"login-events": topics.events, "login-alerts": topics.alerts, "login-decisions": topics.decisions,
             "login-alert-deliveries": topics.deliveries, "login-events-dlq": topics.events_dlq, "login-alerts-dlq": topics.alerts_dlq,
             **{f"login-alert-{program}{end}": f"{topics.events}-{program}{end}" for program in ("detector", "mailer") for end in ("", "-")}}
    send(strict_kafka, topics, ["e1", "e2", "e3"])
    produce(strict_kafka.bootstrap, topics.events, [(b"k", b"\x80")])
    produce(strict_kafka.bootstrap, topics.alerts, [(b"k", b"\x80")])
    kinds = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "transactionalId": ResourceType.TRANSACTIONAL_ID}
    acls = [AclBinding(kinds[kind], names[name], ResourcePatternType.PREFIXED if prefix else ResourcePatternType.LITERAL,
                       "User:ANONYMOUS", "*", AclOperation[operation.upper()], AclPermissionType.ALLOW)
            for kind, name, prefix, operation in rights()]
    create_acls(strict_kafka, acls)

    server = {"kafka.bootstrap.servers": strict_kafka.bootstrap, "delivery.guarantee": guarantee, **topics.settings()}
    programs = [make({**server, "kafka.consumer.group.id": f"{topics.events}-{name}"})
                for make, name in ((detector, "detector"), (mailer, "mailer"))]
    for program in programs:
        program.checked(0)
        program.start()
    wait_until(lambda: len(smtp_sink.mails()) == 3, 60, lambda: "".join(program.stderr()[-2000:] for program in programs))
    for program, total in zip(programs, ('events_total{outcome="ALERTED"}', 'mails_total{outcome="SENT"}')):
        counted = [f"login_alert_{total} 3\n", f'login_alert_{total.split("{")[0]}{{outcome="REJECTED"}} 1\n']  # once committed
        wait_until(lambda: all(line in program.http("/metrics")[1] for line in counted), 60, program.stderr, 0.1)
        assert program.terminate() == 0 and "authorization" not in program.stderr().lower()
