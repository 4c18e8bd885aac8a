"""Login events in, records out: fastavro and confluent-kafka, which share no code with the programs under test."""
import hashlib
import io
import json
import struct
import time
from dataclasses import dataclass
from functools import cache

import fastavro
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from fastavro.schema import fingerprint, to_parsing_canonical_form

from privacy import watch
from services import HASH_KEY, SOURCE

DEMO_START = 1751295600000  # 2025-07-01T00:00:00+09:00
NOT_YET = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR,
           KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.UNSTABLE_OFFSET_COMMIT,
           KafkaError.REQUEST_TIMED_OUT, KafkaError._WAIT_COORD, KafkaError._TIMED_OUT, KafkaError._TRANSPORT)


@cache
def schema(name):
    """One of our schemas, parsed. Times stay integers of ms: logical types are left out."""
    return fastavro.parse_schema(_without_logical_types(json.loads((SOURCE / "schemas" / f"{name}.avsc").read_text())))


def _without_logical_types(node):
    if isinstance(node, dict):
        return {key: _without_logical_types(value) for key, value in node.items() if key != "logicalType"}
    if isinstance(node, list):
        return [_without_logical_types(item) for item in node]
    return node


def encode(record, name="LoginEvent", writer=None):
    """Bare Avro. writer: another (parsed) schema than ours."""
    watch.person(record)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, writer or schema(name), record)
    return out.getvalue()


def decode(value, name):
    """A record of ours; every byte must be used."""
    source = io.BytesIO(value)
    record = fastavro.schemaless_reader(source, schema(name), None)
    assert source.read() == b"", f"{name} is followed by more bytes"
    return record


def single_object(value, writer):
    """Avro single-object framing: marker, fingerprint of the writer's schema (little-endian), value."""
    digest = fingerprint(to_parsing_canonical_form(writer), "CRC-64-AVRO")
    return b"\xc3\x01" + bytes.fromhex(digest) + value


def login(event_id, member_id, at=DEMO_START, **fields):
    """A LOGIN of an iPhone with Chrome, as a dict for encode(); fields change it."""
    event = {
        "event_id": event_id,
        "occurred_at": at,
        "member_id": member_id,
        "member_number": "123456321",
        "device_token": f"{member_id}-phone",
        "device_token_origin": "PRESENTED",
        "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                      "CriOS/137.0.7151.107 Mobile/15E148 Safari/604.1",
        "ip": "203.0.113.7",
        "email": f"{member_id}@example.jp",
    }
    event.update(fields)
    watch.person(event)
    return event


def _parts(*parts):
    """Each part after its length, four bytes, big-endian; a time is eight bytes, big-endian."""
    raw = [struct.pack(">q", part) if isinstance(part, int) else part.encode() for part in parts]
    return b"".join(struct.pack(">I", len(part)) + part for part in raw)


def job_id(event_id, occurred_at, tenant="default"):
    """The published formula, computed without the code under test."""
    return hashlib.blake2b(_parts("login-alert/job/v1", tenant, event_id, occurred_at), digest_size=16).hexdigest()


def member_ref(member_id, tenant="default"):
    """Keyed BLAKE2b-128 under the epoch's subkey for members (libsodium's crypto_kdf) of the tests' key file."""
    subkey = hashlib.blake2b(digest_size=32, key=HASH_KEY, salt=struct.pack("<QQ", 1, 0), person=b"la-hash1" + bytes(8))
    return hashlib.blake2b(_parts(tenant, member_id), digest_size=16, key=subkey.digest()).hexdigest()


def produce(bootstrap, topic, records):
    """Writes (key, value) pairs or dicts of Producer.produce's arguments, and waits for the acknowledgements.

    One request at a time: the first ones are sent again when the topic is too new for its broker, and would come last.
    """
    failures = []
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "linger.ms": 0,
                         "max.in.flight.requests.per.connection": 1})
    for record in records:
        arguments = record if isinstance(record, dict) else {"key": record[0], "value": record[1]}
        producer.produce(topic, on_delivery=lambda error, _: failures.append(error) if error else None, **arguments)
    assert producer.flush(60) == 0 and not failures, failures


@dataclass(frozen=True)
class Record:
    key: bytes
    value: bytes
    headers: list  # of (name, bytes), in their order
    partition: int
    offset: int
    timestamp: int


def read_topic(bootstrap, topic, count=0, timeout=60, settle=0.3, isolation="read_committed"):
    """Everything in a topic, in (partition, offset) order, once there are `count` records and a moment has passed; at the
    least, all that was there when it was asked for."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test-reader", "enable.auto.commit": False,
                         "isolation.level": isolation, "fetch.wait.max.ms": 20, "enable.partition.eof": True})
    try:
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        found, unread = [], set(partitions)
        deadline = time.monotonic() + timeout
        quiet_at = None
        while unread or quiet_at is None or time.monotonic() < quiet_at:
            message = consumer.poll(0.05)
            if message is not None and message.error() is not None:
                assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                unread.discard(message.partition())
            elif message is not None:
                found.append(Record(message.key(), message.value(), message.headers() or [], message.partition(),
                                    message.offset(), message.timestamp()[1]))
            if quiet_at is None and len(found) >= count:
                quiet_at = time.monotonic() + settle
            elif time.monotonic() > deadline and (unread or quiet_at is None):
                raise AssertionError(f"{topic}: {len(found)} records within {timeout} s, expected {count}; not at the end of {unread}")
        return sorted(found, key=lambda record: (record.partition, record.offset))
    finally:
        consumer.close()


def _when_the_broker_knows(ask, timeout=60):
    """A broker that has just started, has a new topic, or was never asked for a group, has to find its own place first."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in NOT_YET or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def committed(bootstrap, group, topic):
    """partition -> committed offset of the group; partitions without one are left out."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False})
    try:
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        answer = _when_the_broker_knows(
            lambda: consumer.committed([TopicPartition(topic, number) for number in partitions], timeout=30))
        return {position.partition: position.offset for position in answer if position.offset >= 0}
    finally:
        consumer.close()


def _end_of(consumer, topic, number):
    return _when_the_broker_knows(lambda: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=30))[1]


def open_transactions(bootstrap, topics):
    """The partitions, as (topic, partition), in which something waits for the end of its transaction."""
    ends = []
    for isolation in ("read_committed", "read_uncommitted"):
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test-reader", "isolation.level": isolation})
        try:
            ends.append({(topic, number): _end_of(consumer, topic, number)
                         for topic in topics for number in consumer.list_topics(topic, timeout=30).topics[topic].partitions})
        finally:
            consumer.close()
    return [place for place, stable in ends[0].items() if stable < ends[1][place]]


def end_offsets(bootstrap, topic):
    """partition -> the offset after its last record, for partitions that have records."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test-reader"})
    try:
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        ends = {number: _end_of(consumer, topic, number) for number in partitions}
        return {number: end for number, end in ends.items() if end > 0}
    finally:
        consumer.close()
