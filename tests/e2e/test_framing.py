"""Values with the writer's schema named in front: single-object encoding, and Confluent's with a real schema registry.

The other ends are fastavro, and Confluent's own serializer and deserializer.
"""
import copy
import json
import re
import ssl
import struct
import time
from collections import Counter

import fastavro
import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from fastavro.schema import fingerprint, to_parsing_canonical_form

from feed import said, said_too_often
from member_directory import make_certificate
from process import wait_until
from records import DEMO_START, committed, decode, encode, end_offsets, job_id, login, produce, read_topic, single_object
from registry import Front, Registry
from services import SOURCE
from temporary import started

LOGIN_EVENT = json.loads((SOURCE / "schemas" / "LoginEvent.avsc").read_text())


def evolved(*more):
    """Another team's LoginEvent: other order, a field and a kind that we do not know, without most of what is optional."""
    kept = ("email", "device_token", "member_id", "user_agent", "event_id", "occurred_at", "kind")
    fields = {field["name"]: copy.deepcopy(field) for field in LOGIN_EVENT["fields"]}
    fields["kind"]["type"]["symbols"].append("PASSKEY")
    return {"type": "record", "name": "LoginEvent", "namespace": "loginalert.v1", "fields": [
        {"name": "risk", "type": {"type": "array", "items": "double"}}, *(fields[name] for name in kept),
        *({"name": name, "type": ["null", "string"], "default": None} for name in more)]}


def plain(node):
    """Without logical types, so that times stay integers."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items() if key != "logicalType"}
    return [plain(item) for item in node] if isinstance(node, list) else node


def event_of(name, **more):
    event = login(name, f"m-{name}")
    kept = ("email", "device_token", "member_id", "user_agent", "event_id", "occurred_at")
    return {"risk": [0.5], "kind": "LOGIN", **{key: event[key] for key in kept}, **more}


@pytest.fixture(scope="module")
def registry(jars):
    """A real registry for this file's tests, which use subjects of their own."""
    with started(lambda path: Registry(path, jars), "la-registry-") as server:
        yield server


@pytest.fixture
def front(registry):
    server = Front(registry.port)
    yield server
    server.close()


def serialized(registry, topics, events, schema):
    """As Confluent's serializer writes them, which registers the schema."""
    serializer = AvroSerializer(registry.client, json.dumps(plain(schema)))
    context = SerializationContext(topics.events, MessageField.VALUE)
    return [(event["member_id"].encode(), serializer(event, context)) for event in events]


def deserialized(registry, kafka, topic, count):
    """As Confluent's deserializer reads them, by the registry alone."""
    deserializer = AvroDeserializer(registry.client)
    context = SerializationContext(topic, MessageField.VALUE)
    return [deserializer(record.value, context) for record in read_topic(kafka.bootstrap, topic, count)]


def framed(front, **more):
    return {"avro.framing": "confluent", "avro.output-framing": "confluent", "schema.registry.url": front.url, **more}


def dead_letters(kafka, topics, count):
    """value -> cause"""
    return {record.value: dict(record.headers)["__connect.errors.class.name"].decode()
            for record in read_topic(kafka.bootstrap, topics.events_dlq, count)}


def alerted(kafka, topics, count, skip):
    return sorted(decode(record.value[skip:], "AlertJob")["event_id"]
                  for record in read_topic(kafka.bootstrap, topics.alerts, count))


def test_single_object_in_and_out(kafka, topics, detector, mailer, smtp_sink, folder):
    writer = fastavro.parse_schema(plain(evolved()))
    (folder / "writers").mkdir()
    (folder / "writers" / "LoginEvent-theirs.avsc").write_text(json.dumps(evolved()))
    framing = {"avro.framing": "single-object", "avro.output-framing": "single-object"}
    unknown = b"\xc3\x01" + bytes(8) + encode(login("e-u", "m-u1"))
    produce(kafka.bootstrap, topics.events, [
        (b"1", single_object(encode(event_of("so1"), writer=writer), writer)),
        (b"1", single_object(encode(login("so2", "m-so2")), LOGIN_EVENT)),
        (b"1", unknown), (b"1", encode(login("e-n", "m-n1")))])
    detector({**framing, "schema.dir": folder / "writers", "decisions.publish": "all"}).start()
    mailer(framing).start()

    assert len(smtp_sink.wait_for(2)) == 2
    assert dead_letters(kafka, topics, 2) == {unknown: "unknown_schema", encode(login("e-n", "m-n1")): "undecodable"}
    for topic, name, count in ((topics.alerts, "AlertJob", 2), (topics.decisions, "Decision", 4), (topics.deliveries, "Delivery", 2)):
        ours = json.loads((SOURCE / "schemas" / f"{name}.avsc").read_text())
        header = b"\xc3\x01" + bytes.fromhex(fingerprint(to_parsing_canonical_form(ours), "CRC-64-AVRO"))
        records = read_topic(kafka.bootstrap, topic, count)
        assert len(records) == count and all(record.value.startswith(header) for record in records)
        assert {decode(record.value[10:], name)["event_id"] for record in records} - {""} == {"so1", "so2"}


def test_what_confluents_clients_write_is_read_and_they_read_what_is_written(
        kafka, topics, registry, front, detector, mailer, smtp_sink):
    values = serialized(registry, topics, [event_of("c1"), event_of("c2", kind="PASSKEY"), event_of("c3")], evolved())
    values += serialized(registry, topics, [event_of("c4", ticket="t")], evolved("ticket"))
    latest = struct.unpack(">I", values[-1][1][1:5])[0]
    unknown = b"\0" + struct.pack(">I", latest + 1000) + values[0][1][5:]
    garbage = values[0][1][:5] + b"\xff" * 40
    negative = b"\0\xff\xff\xff\xff" + values[0][1][5:]
    foreign = registry.register(f"{topics.events}-other", '"string"')
    reference = b"\0" + struct.pack(">I", foreign) + b"\x02x"
    started = time.monotonic()
    odd = [unknown, unknown, garbage, negative, reference, b"\0", b"", b"\1" + values[0][1][1:], b"{}"]
    produce(kafka.bootstrap, topics.events, [*values[:2], *((b"x1", value) for value in odd), *values[2:]])

    detecting = detector(framed(front, **{"decisions.publish": "all"}))
    assert "warning schema registry: AlertJob.avsc is not registered under" in detecting.command("check").stdout.decode()
    detecting.start()
    mailing = mailer(framed(front)).start()
    assert len(smtp_sink.wait_for(3)) == 3

    jobs = deserialized(registry, kafka, topics.alerts, 3)
    assert {job["event_id"]: job["job_id"] for job in jobs} == {name: job_id(name, DEMO_START) for name in ("c1", "c3", "c4")}
    decisions = deserialized(registry, kafka, topics.decisions, len(values) + len(odd))
    assert {decision["event_id"]: decision["outcome"] for decision in decisions if decision["event_id"]} == {
        "c1": "ALERTED", "c2": "IGNORED_KIND", "c3": "ALERTED", "c4": "ALERTED"}
    deliveries = deserialized(registry, kafka, topics.deliveries, 3)
    assert {delivery["outcome"] for delivery in deliveries} == {"SENT"}
    assert dead_letters(kafka, topics, len(odd)) == {
        value: "unknown_schema" if value == unknown else "undecodable" for value in odd}

    # each is asked for once by the program that reads it, an unknown one too; 1 by check
    written = {struct.unpack(">I", value[1:5])[0] for _, value in values}
    ours = registry.client.get_latest_version(f"{topics.alerts}-value").schema_id
    asked = Counter(front.ids())
    once = Counter([1, *written, latest + 1000, foreign, ours])
    assert asked.keys() == once.keys()
    assert max((asked - once).values(), default=0) <= (time.monotonic() - started) // 10, asked  # again, if it took so long
    wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) ==
               end_offsets(kafka.bootstrap, topics.events), 60, detecting.stderr, 0.1)
    assert detecting.terminate() == 0 and mailing.terminate() == 0
    assert "not registered" not in detecting.checked(0, "\nok schema registry\n")  # now they are there
    for topic in (topics.alerts, topics.decisions, topics.deliveries):
        assert registry.client.get_versions(f"{topic}-value") == [1]


def members(kafka, topics):
    """Member ids of the detector's group."""
    return [member.member_id for member in kafka.members(f"{topics.events}-detector")]


def fails_with(status, kind="application/json", body=b"{}"):
    return lambda method, path: (status, kind, body)


FAILURES = {
    "down": fails_with(503),
    "not allowed": fails_with(401),
    "no registry": fails_with(404, "text/html", b"<html>"),
    "elsewhere": fails_with(302),
    "no JSON": fails_with(200, "text/html", b"<html>"),
    "hung": "hang",
}


def test_a_registry_that_fails_is_waited_for_in_the_group_and_nothing_is_lost(kafka, topics, registry, front, detector):
    detecting = detector(framed(front, **{"shutdown.timeout": "3s"})).start()
    member = wait_until(lambda: members(kafka, topics), 60, "it is in the group")
    for number, (name, mode) in enumerate(FAILURES.items()):
        values = serialized(registry, topics, [event_of(f"f{number}")], evolved(f"field_{number}"))
        mark = len(detecting.stderr())
        front.mode = mode
        produce(kafka.bootstrap, topics.events, values)
        wait_until(lambda: "waiting for=registry" in detecting.stderr()[mark:], 60, f"{name} is said")
        assert len(read_topic(kafka.bootstrap, topics.alerts, number, settle=0.5)) == number
        assert '"going on" after=registry' not in detecting.stderr()[mark:]
        front.recover()
        assert alerted(kafka, topics, number + 1, 5) == [f"f{n}" for n in range(number + 1)]
        wait_until(lambda: '"going on" after=registry' in detecting.stderr()[mark:], 60, f"{name} is over")
        assert not said_too_often(detecting, mark)

    assert members(kafka, topics) == member
    values = serialized(registry, topics, [event_of("f-last")], evolved("last"))
    mark = len(detecting.stderr())
    front.mode = "hang"
    produce(kafka.bootstrap, topics.events, values)
    wait_until(lambda: "waiting for=registry" in detecting.stderr()[mark:], 60, "it waits")
    assert detecting.terminate(timeout=25) == 0  # the registry would keep it for a minute
    front.recover()
    detecting.start()
    assert len(alerted(kafka, topics, len(FAILURES) + 1, 5)) == len(FAILURES) + 1
    assert read_topic(kafka.bootstrap, topics.events_dlq) == []


@pytest.mark.parametrize("guarantee", ["at_least_once", "exactly_once"])
def test_only_what_is_behind_a_schema_that_is_asked_for_waits(kafka, topics, registry, front, detector, guarantee):
    known = serialized(registry, topics, [event_of(f"k{number}") for number in range(20)], evolved())
    new = serialized(registry, topics, [event_of("n1")], evolved("asked"))
    path = f"/schemas/ids/{struct.unpack('>I', known[0][1][1:5])[0]}"
    front.mode = lambda method, asked: None if method == "POST" or asked.endswith(path) else (503, "text/html", b"")
    produce(kafka.bootstrap, topics.events, [(b"p1", value) for _, value in [*known[:10], *new, *known[10:]]])
    detecting = detector(framed(front, **{"delivery.guarantee": guarantee})).start()
    assert alerted(kafka, topics, 10, 5) == [f"k{number}" for number in range(10)]
    wait_until(lambda: "waiting for=registry" in detecting.stderr(), 60, "it is said")
    wait_until(lambda: sum(committed(kafka.bootstrap, f"{topics.events}-detector", topics.events).values()) == 10, 60,
               "what is before is committed", interval=0.2)
    front.recover()
    assert alerted(kafka, topics, 21, 5) == sorted([f"k{number}" for number in range(20)] + ["n1"])
    assert detecting.terminate() == 0


def test_a_mailer_goes_on_without_the_registry_and_waits_for_it_when_it_has_to(
        kafka, topics, registry, front, detector, mailer, smtp_sink):
    produce(kafka.bootstrap, topics.events, serialized(registry, topics, [event_of("w1")], evolved()))
    detector(framed(front)).start()
    alerted(kafka, topics, 1, 5)
    front.mode = lambda method, path: None if method == "POST" else (503, "text/html", b"")
    mailing = mailer(framed(front)).start()
    wait_until(lambda: "waiting for=registry" in mailing.stderr(), 60, "it is said")
    assert smtp_sink.count() == 0
    front.mode = None
    smtp_sink.wait_for(1)
    front.mode = fails_with(503)  # what is known is known
    produce(kafka.bootstrap, topics.events, serialized(registry, topics, [event_of("w2")], evolved()))
    assert len(smtp_sink.wait_for(2)) == 2
    assert mailing.terminate() == 0
    assert read_topic(kafka.bootstrap, topics.alerts_dlq) == []


def test_a_flood_of_unknown_ids_is_no_flood_of_questions(kafka, topics, registry, front, detector):
    values = serialized(registry, topics, [event_of("u1")], evolved())
    body = values[0][1][5:]
    flood = [b"\0" + struct.pack(">I", 10_000_000 + number) + body for number in range(150)]
    same = [flood[0]] * 1000
    produce(kafka.bootstrap, topics.events, [*((b"y1", value) for value in flood + same), *values])
    started = time.monotonic()
    detecting = detector(framed(front)).start()
    assert alerted(kafka, topics, 1, 5) == ["u1"]
    letters = read_topic(kafka.bootstrap, topics.events_dlq, len(flood) + len(same))
    assert len(letters) == len(flood) + len(same)
    assert {dict(letter.headers)["__connect.errors.class.name"] for letter in letters} == {b"unknown_schema"}
    assert dict(letters[0].headers)["__connect.errors.exception.message"] == b"byte 1: the registry has no schema with id 10000000"
    asked = Counter(front.ids())
    assert set(asked) == {*range(10_000_000, 10_000_150), struct.unpack(">I", values[0][1][1:5])[0]}
    assert max(asked.values()) <= 1 + (time.monotonic() - started) / 10  # it may be registered meanwhile
    assert not [line for line in said(detecting) if "for=registry" in line and "no answer" not in line and "timed out" not in line.lower()]


def test_one_id_that_fails_while_others_are_answered_is_named_and_waited_for(kafka, topics, registry, front, detector):
    """As with one backend of several that is starting, 404 and all; for how long: test_registry_failures.c."""
    known, = serialized(registry, topics, [event_of("i1")], evolved())
    refused, = serialized(registry, topics, [event_of("i2")], evolved("refused"))
    failing, = serialized(registry, topics, [event_of("i3")], evolved("failing"))
    dropped, = serialized(registry, topics, [event_of("i4")], evolved("dropped"))
    ids = [struct.unpack(">I", value[1:5])[0] for _, value in (refused, failing, dropped)]
    answers = dict(zip((f"/schemas/ids/{number}" for number in ids),
                       ((404, "text/html", b""), (500, "text/html", b""), "drop")))
    said = dict(zip(answers, ("HTTP 404.*", "HTTP 500.*", "Server returned nothing.*")))
    front.mode = lambda method, path: next((answer for end, answer in answers.items() if path.endswith(end)), None)
    produce(kafka.bootstrap, topics.events, [(b"p1", value) for _, value in [known, refused, failing, dropped]])
    detecting = detector(framed(front)).start()
    assert alerted(kafka, topics, 1, 5) == ["i1"]
    for number, (path, words) in enumerate(said.items()):
        named = re.compile(rf"registry: 127.0.0.1:\d+: {words} \(schema id {ids[number]}, for \d+ s; others are answered\)")
        wait_until(lambda: named.search(detecting.http("/readyz")[1]), 60, "it is named")
        awaited = f"\nlogin_alert_schema_id_awaited {ids[number]}\n"
        wait_until(lambda: awaited in detecting.http("/metrics")[1], 60, awaited)
        if number == 0:
            logged = re.compile(rf"waiting for=registry why=.*schema id {ids[0]}, for \d+ s; others are answered")
            wait_until(lambda: logged.search(detecting.stderr()), 60, detecting.stderr)
        del answers[path]
        assert alerted(kafka, topics, 2 + number, 5) == [f"i{n}" for n in range(1, 3 + number)]
    wait_until(lambda: "\nlogin_alert_schema_id_awaited 0\n" in detecting.http("/metrics")[1], 60, "none is awaited")
    assert read_topic(kafka.bootstrap, topics.events_dlq) == []


def test_schemas_that_refer_to_others_are_read(kafka, topics, registry, front, detector):
    """As Confluent's serializer makes them: kind is an enum of another subject."""
    schema = evolved()
    place = next(field for field in schema["fields"] if field["name"] == "kind")
    kind, place["type"] = place["type"], "loginalert.v1." + place["type"]["name"]
    subject = f"{topics.events}/kind"
    registry.register(subject, {**kind, "namespace": "loginalert.v1"})
    reference = SchemaReference(place["type"], subject, 1)
    registry.client.register_schema(f"{topics.events}-value", Schema(json.dumps(schema), "AVRO", [reference]))
    serializer = AvroSerializer(registry.client, Schema(json.dumps(schema), "AVRO", [reference]),
                                conf={"auto.register.schemas": False, "use.latest.version": True})
    context = SerializationContext(topics.events, MessageField.VALUE)
    produce(kafka.bootstrap, topics.events, [(b"r1", serializer(event_of("r1"), context))])
    detector(framed(front)).start()
    assert alerted(kafka, topics, 1, 5) == ["r1"]
    assert [path for _, path, _ in front.asked if "deleted=true" in path] != []


def test_what_the_registry_refuses_is_said_at_start(kafka, topics, registry, front, detector, mailer):
    other = {"type": "record", "name": "AlertJob", "namespace": "loginalert.v1", "fields": [{"name": "other", "type": "int"}]}
    registry.register(f"{topics.alerts}-value", other)
    registry.set_compatibility(f"{topics.alerts}-value", "FULL")
    done = detector(framed(front)).command("run")
    assert done.returncode == 78
    assert b"HTTP 409, incompatible" in done.stderr and f"subject {topics.alerts}-value".encode() in done.stderr

    read_only = (422, "application/json", b'{"error_code":42205,"message":"Subject is in read-only mode"}')
    front.mode = lambda method, path: read_only if path.endswith("/versions") else None
    done = mailer(framed(front)).command("run")
    assert done.returncode == 78 and b"Subject is in read-only mode" in done.stderr

    front.mode = fails_with(503)
    for program in (detector(framed(front)), mailer(framed(front))):
        done = program.command("run")
        assert done.returncode == 69 and b"HTTP 503" in done.stderr
        done = program.command("check")
        assert done.returncode == 69 and b"\nerror schema registry: 127.0.0.1:" in done.stdout


@pytest.mark.parametrize("answer, words", [
    (fails_with(302), "HTTP 302, and redirects are not followed"),
    (fails_with(404, "text/html", b"<html>"), "HTTP 404 without a registry's error code; is schema.registry.url right?"),
    (fails_with(403), "HTTP 403, it refuses us"),
    (fails_with(500, body=b"x" * 3_000_000), "an answer of more bytes than are read"),
    (fails_with(200, body=b'{"schema": 1}'), "HTTP 200 without a JSON object that has a schema"),
])
def test_check_says_what_is_wrong_with_the_registry(registry, front, detector, answer, words):
    front.mode = answer
    done = detector({"avro.framing": "confluent", "schema.registry.url": front.url}).command("check")
    assert done.returncode == 69
    assert f"\nerror schema registry: 127.0.0.1:{front.server.server_port}: {words}" in done.stdout.decode()


def test_a_registry_over_tls_with_a_password(registry, front, detector, folder):
    certificate, key = make_certificate(folder / "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    front.secure(context)
    (folder / "password").write_text("s3same-p4ss\n")
    settings = {"avro.framing": "confluent", "schema.registry.url": front.url, "schema.registry.user": "reader",
                "schema.registry.password.file": folder / "password"}
    assert b"ok schema registry" in detector({**settings, "schema.registry.ca.file": certificate}).command("check").stdout
    assert front.asked[-1][2] == "Basic cmVhZGVyOnMzc2FtZS1wNHNz"
    done = detector(settings).command("check")
    assert done.returncode == 69 and b"error schema registry" in done.stdout
    done = detector({**settings, "schema.registry.url": front.url.replace("https:", "http:")}).command("check")
    assert done.returncode == 78 and b"a password goes over TLS only" in done.stderr + done.stdout


@pytest.mark.parametrize("command", [("decide",), ("--version",)])
def test_commands_that_need_no_registry_ask_none(detector, registry, front, command):
    front.mode = fails_with(503)
    line = json.dumps({"event_id": "d1", "member_id": "m-d1", "occurred_at": DEMO_START}).encode()
    done = detector(framed(front)).command(*command, stdin=line)
    assert done.returncode == 0 and front.asked == []
