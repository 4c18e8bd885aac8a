"""Records that cannot be decided go to the dead-letter topic and stop nothing; whatever a client sends is decided."""
import copy
import json
import random
import time

import fastavro
import pytest
from fastavro.schema import parse_schema

from process import wait_until
from records import (DEMO_START, committed, decode, encode, end_offsets, login, produce, read_topic,
                     single_object)
from services import SOURCE, Topics

CONNECT = "__connect.errors."


def outcomes(kafka, topics, count):
    records = read_topic(kafka.bootstrap, topics.decisions, count)
    return {d["event_id"]: d["outcome"] for d in (decode(record.value, "Decision") for record in records)
            if d["outcome"] != "REJECTED"}


def dead_letters(kafka, topics, count):
    """Dead letters in the order of their source offsets."""
    letters = read_topic(kafka.bootstrap, topics.events_dlq, count)
    assert len(letters) == count
    return sorted(letters, key=lambda letter: int(dict(letter.headers)[CONNECT + "offset"]))


def check_dead_letter(letter, sent, source, stage):
    """Key, value and headers as sent, byte for byte; then ours."""
    assert letter.key == sent["key"]
    assert letter.value == sent["value"]
    assert letter.headers[:len(sent["headers"])] == sent["headers"]
    added = letter.headers[len(sent["headers"]):]
    assert len(added) == len(dict(added))
    added = dict(added)
    assert added.pop("login-alert.timestamp") == str(sent["timestamp"]).encode()
    assert added.pop(CONNECT + "topic") == source[0].encode()
    assert added.pop(CONNECT + "partition") == str(source[1]).encode()
    assert added.pop(CONNECT + "offset") == str(source[2]).encode()
    assert added.pop(CONNECT + "stage") == stage
    cause = added.pop(CONNECT + "class.name").decode()
    assert cause and len(cause.split()) == 1
    message = added.pop(CONNECT + "exception.message").decode()
    assert message and "\n" not in message
    assert added == {}
    return message


def bytes_that_are_no_event():
    good = encode(login("cut", "m1"))
    huge = encode({**login("huge", "m1"), "event_id": ""})
    assert huge[0] == 0
    length_2_gib = b"\x80\x80\x80\x80\x10"  # zigzag varint of 2^31
    return [random.Random(1).randbytes(300), good[:len(good) // 2], length_2_gib + huge[1:]]


def test_undecodable_records_are_dead_letters_and_the_flow_goes_on(kafka, topics, detector):
    poison = [
        {"key": f"key-{number}".encode(), "value": value, "headers": [("traceparent", b"00-1-2-03"), ("raw", b"\xff\0")],
         "timestamp": DEMO_START + number, "partition": 0}
        for number, value in enumerate(bytes_that_are_no_event())
    ]
    nothing = {"headers": [("h", None), ("h", b""), ("", b"1"), ("h", b"again")], "timestamp": DEMO_START + 9, "partition": 0}
    poison += [{**nothing, "key": None, "value": None}, {**nothing, "key": b"", "value": b""}]
    good = [{"key": b"m1", "value": encode(login(name, name)), "partition": 0} for name in ("before", "after")]
    produce(kafka.bootstrap, topics.events, [good[0], *poison, good[1]])

    program = detector().start()
    assert outcomes(kafka, topics, 2) == {"before": "ALERTED", "after": "ALERTED"}
    for number, letter in enumerate(dead_letters(kafka, topics, len(poison))):
        check_dead_letter(letter, poison[number], (topics.events, 0, 1 + number), b"VALUE_CONVERTER")
    assert program.terminate() == 0
    assert committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) == \
        end_offsets(kafka.bootstrap, topics.events) == {0: 2 + len(poison)}


def test_while_the_dead_letter_topic_refuses_nothing_is_committed(kafka, topics, detector):
    """Too small for any dead letter, then for its value only."""
    small = Topics()
    kafka.create_topics(small.events_dlq, config={"max.message.bytes": "100"})
    junk = random.Random(1).randbytes(5000)
    good = [{"key": b"m1", "value": encode(login(name, name)), "partition": 0} for name in ("before", "after")]
    produce(kafka.bootstrap, topics.events, [good[0], {"key": b"k", "value": junk, "partition": 0}, good[1]])
    began = time.monotonic()
    program = detector({"topic.events-dlq": small.events_dlq}).start()

    def said():
        return [line for line in program.stderr().splitlines() if "msg=waiting for=broker" in line and small.events_dlq in line]

    wait_until(said, 60, program.stderr)
    time.sleep(1)  # it tries again and again
    assert len(said()) <= 1 + (time.monotonic() - began) // 30 and "too large" in said()[0].lower()
    assert committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) == {}
    kafka.configure_topic(small.events_dlq, "max.message.bytes", "2000")
    letter, *repeated = read_topic(kafka.bootstrap, small.events_dlq, 1)
    assert all(dict(one.headers) == dict(letter.headers) for one in repeated)  # its acknowledgement may have come too late
    headers = dict(letter.headers)
    assert letter.value is None and letter.key == b"k" and headers["login-alert.value-omitted"] == b"5000"
    assert headers[CONNECT + "offset"] == b"1"
    wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) == {0: 3}, 60, program.stderr)
    assert outcomes(kafka, topics, 3) == {"before": "ALERTED", "after": "ALERTED"}
    assert program.terminate() == 0


@pytest.mark.parametrize("fields", [
    {"event_id": ""}, {"event_id": "x" * 257}, {"member_id": ""}, {"tenant": ""}, {"tenant": "x" * 257},
    {"occurred_at": 915148800000}, {"occurred_at": 4102444800000 + 86400000},
    {"occurred_at": DEMO_START + 25 * 3600 * 1000},
], ids=lambda fields: "-".join(f"{name}_{str(value)[:3]}" for name, value in fields.items()))
def test_an_event_with_impossible_values_is_a_dead_letter(kafka, topics, detector, fields):
    secret = "m-private-member"
    sent = {"key": b"k", "value": encode({**login("e1", secret), **fields}), "headers": [], "timestamp": DEMO_START,
            "partition": 2}
    produce(kafka.bootstrap, topics.events, [sent])
    program = detector().start()
    [letter] = dead_letters(kafka, topics, 1)
    message = check_dead_letter(letter, sent, (topics.events, 2, 0), b"TRANSFORMATION")
    assert secret not in message and secret not in program.stderr()
    assert read_topic(kafka.bootstrap, topics.alerts) == []


def schema_from_the_future():
    """Ours as it may look one day: fields gone and added, the order changed, a union and enums grown."""
    future = json.loads((SOURCE / "schemas" / "LoginEvent.avsc").read_text())
    fields = {field["name"]: field for field in future["fields"]}
    for gone in ("location", "client_app_id", "client_app_name", "account_created_at"):
        del fields[gone]
    fields["kind"]["type"]["symbols"].append("PASSKEY_LOGIN")
    fields["device_token"]["type"] = ["null", "bytes", "string"]
    added = [
        {"name": "risk", "type": {"type": "record", "name": "Risk", "fields": [
            {"name": "score", "type": "double"},
            {"name": "signals", "type": {"type": "array", "items": "string"}},
            {"name": "extra", "type": {"type": "map", "values": ["null", "long"]}},
        ]}},
        {"name": "passkey", "type": ["null", {"type": "fixed", "name": "PasskeyId", "size": 16}], "default": None},
    ]
    future["fields"] = [added[0], *reversed(fields.values()), added[1]]
    return future


def test_a_record_with_a_schema_from_the_future_is_decided(kafka, topics, detector, folder):
    future = schema_from_the_future()
    (folder / "schemas").mkdir()
    (folder / "schemas" / "login-event-v9.avsc").write_text(json.dumps(future))
    parsed = parse_schema(copy.deepcopy(future))
    new = {**login("new", "m1"), "risk": {"score": 0.5, "signals": ["a", "b"], "extra": {"x": None, "y": 7}},
           "passkey": bytes(16)}
    unknown_kind = {**new, "event_id": "passkey", "kind": "PASSKEY_LOGIN"}
    values = [single_object(encode(event, writer=parsed), parsed) for event in (new, unknown_kind)]
    ours = json.loads((SOURCE / "schemas" / "LoginEvent.avsc").read_text())
    values.append(single_object(encode(login("today", "m2")), parse_schema(ours)))
    stranger = parse_schema({"type": "record", "name": "Stranger", "fields": [{"name": "x", "type": "int"}]})
    unknown = {"key": b"m3", "value": single_object(b"\x02", stranger), "headers": [], "timestamp": DEMO_START,
               "partition": 1}
    produce(kafka.bootstrap, topics.events, [unknown, *({"key": b"m1", "value": value, "partition": 1}
                                                        for value in values)])

    detector({"avro.framing": "single-object", "schema.dir": folder / "schemas", "decisions.publish": "all"}).start()
    assert outcomes(kafka, topics, 3) == {"new": "ALERTED", "passkey": "IGNORED_KIND", "today": "ALERTED"}
    [letter] = dead_letters(kafka, topics, 1)
    check_dead_letter(letter, unknown, (topics.events, 1, 0), b"VALUE_CONVERTER")


def encode_with_raw_agent(event, agent):
    """fastavro cannot write a string that is no UTF-8; bytes have the same form on the wire."""
    raw = json.loads((SOURCE / "schemas" / "LoginEvent.avsc").read_text())
    next(field for field in raw["fields"] if field["name"] == "user_agent")["type"] = ["null", "bytes"]
    return encode({**event, "user_agent": agent}, writer=fastavro.parse_schema(raw))


@pytest.mark.parametrize("agent", [
    b"Mozilla/5.0 \xff\xfe\xc3\x28 \xed\xa0\x80 CriOS/137.0", b"A" * 100_000, b"\0" * 50, b"", b"\xf0\x9f" * 40_000,
], ids=["invalid_utf8", "100_kB", "NULs", "empty", "80_kB_of_cut_characters"])
def test_whatever_the_user_agent_the_login_is_decided(kafka, topics, detector, mailer, smtp_sink, agent):
    produce(kafka.bootstrap, topics.events, [(b"m1", encode_with_raw_agent(login("e1", "m1"), agent))])
    detector().start()
    mailer().start()
    assert outcomes(kafka, topics, 1) == {"e1": "ALERTED"}
    [alert] = read_topic(kafka.bootstrap, topics.alerts, 1)
    decode(alert.value, "AlertJob")
    [mail] = smtp_sink.wait_for(1)
    assert mail.rcpt_to == ["m1@example.jp"]
    assert read_topic(kafka.bootstrap, topics.events_dlq) == []


def test_undecodable_jobs_are_dead_letters_of_the_mailer(kafka, topics, mailer, smtp_sink):
    junk = {"key": b"k", "value": b"\xff" * 40, "headers": [("h", b"1")], "timestamp": DEMO_START, "partition": 0}
    produce(kafka.bootstrap, topics.alerts, [junk])
    program = mailer().start()
    [letter] = read_topic(kafka.bootstrap, topics.alerts_dlq, 1)
    check_dead_letter(letter, junk, (topics.alerts, 0, 0), b"VALUE_CONVERTER")
    assert program.terminate() == 0
    assert committed(kafka.bootstrap, f"{topics.events}-mailer", topics.alerts) == {0: 1}
    assert smtp_sink.mails() == []
