"""Topics and records as other people's producers make them: compressed, without key or value, with many headers, by the broker's clock."""
import time

from confluent_kafka import Producer
from confluent_kafka.admin import NewPartitions

from process import wait_until
from records import committed, decode, encode, end_offsets, login, open_transactions, produce, read_topic
from services import Topics


def alerts(kafka, topic):
    return sorted(decode(record.value, "AlertJob")["event_id"] for record in read_topic(kafka.bootstrap, topic))


def wait_until_committed(kafka, topics, program):
    wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) ==
               end_offsets(kafka.bootstrap, topics.events), 60, program.stderr, 0.2)


def test_whatever_codec_key_and_headers_a_record_has_its_event_alerts(kafka, topics, detector):
    program = detector().start()
    names = []
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        producer = Producer({"bootstrap.servers": kafka.bootstrap, "compression.type": codec, "linger.ms": 100})
        for number in range(50):
            names.append(f"{codec}{number}")
            producer.produce(topics.events, key=names[-1].encode(), value=encode(login(names[-1], f"m-{names[-1]}")))
        assert producer.flush(60) == 0
    many = [(f"header{number}", b"x" * 1000) for number in range(500)]
    trace = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    produce(kafka.bootstrap, topics.events, [
        {"value": encode(login("nokey1", "m-nokey1"))},
        {"key": b"", "value": encode(login("nokey2", "m-nokey2"))},
        {"key": b"k", "value": encode(login("headers1", "m-headers1")), "headers": [*many, ("null", None), trace]},
        {"key": b"gone1", "value": None},
        {"key": b"gone2", "value": b"", "headers": [*many, ("null", None)]}])
    wait_until_committed(kafka, topics, program)
    assert alerts(kafka, topics.alerts) == sorted([*names, "nokey1", "nokey2", "headers1"])
    traced = [record for record in read_topic(kafka.bootstrap, topics.alerts) if record.headers]
    assert [record.headers for record in traced] == [[trace]]
    letters = {record.key: record for record in read_topic(kafka.bootstrap, topics.events_dlq)}
    assert {key: record.value for key, record in letters.items()} == {b"gone1": None, b"gone2": b""}
    assert letters[b"gone2"].headers[:501] == [*many, ("null", None)]
    assert program.terminate() == 0


def test_partitions_that_are_added_are_read_from_their_start(kafka, topics, detector):
    program = detector({"kafka.topic.metadata.refresh.interval.ms": "2000"}).start()
    produce(kafka.bootstrap, topics.events, [
        {"partition": number, "value": encode(login(f"a{number}", f"m-a{number}"))} for number in range(4)])
    wait_until_committed(kafka, topics, program)
    kafka.admin.create_partitions([NewPartitions(topics.events, 6)])[topics.events].result(60)
    wait_until(lambda: len(kafka.admin.list_topics(topics.events, timeout=30).topics[topics.events].partitions) == 6, 60, "known")
    time.sleep(0.5)  # so that the records are there before the consumer knows of the partitions
    produce(kafka.bootstrap, topics.events, [
        {"partition": number, "value": encode(login(f"b{number}", f"m-b{number}"))} for number in range(6)])
    wait_until_committed(kafka, topics, program)
    assert set(alerts(kafka, topics.alerts)) == {*(f"a{number}" for number in range(4)), *(f"b{number}" for number in range(6))}
    assert program.terminate() == 0


def test_with_the_broker_s_clock_an_event_of_the_past_alerts(kafka, topics, detector):
    appended = Topics()
    kafka.create_topics(appended.events, config={"message.timestamp.type": "LogAppendTime"})
    program = detector({"topic.events": appended.events, "kafka.consumer.group.id": f"{appended.events}-detector"}).start()
    before = int(time.time() * 1000)
    future = before + 25 * 3600 * 1000  # after the record's time by more than a day, though its producer said otherwise
    produce(kafka.bootstrap, appended.events, [
        {"key": b"k1", "value": encode(login("past1", "m-past1")), "timestamp": 1000},
        {"key": b"k2", "value": encode(login("future1", "m-future1", at=future)), "timestamp": future}])
    wait_until_committed(kafka, appended, program)
    assert alerts(kafka, topics.alerts) == ["past1"]
    letter, = read_topic(kafka.bootstrap, topics.events_dlq)
    assert before <= int(dict(letter.headers)["login-alert.timestamp"]) <= time.time() * 1000
    assert program.terminate() == 0


def test_in_a_transaction_a_dead_letter_too_large_goes_without_its_value_and_only_that_one(kafka, topics, detector):
    small = Topics()
    kafka.create_topics(small.events_dlq, config={"max.message.bytes": "3000"})
    program = detector({"topic.events-dlq": small.events_dlq, "delivery.guarantee": "exactly_once"}).start()
    produce(kafka.bootstrap, topics.events, [
        {"partition": 0, "key": b"k1", "value": b"\x80small"}, {"partition": 0, "key": b"k2", "value": b"\x80" * 5000},
        {"partition": 0, "key": b"k3", "value": encode(login("e1", "m-e1"))}])
    wait_until_committed(kafka, topics, program)
    wait_until(lambda: not open_transactions(kafka.bootstrap, [topics.alerts, small.events_dlq]), 60, "the marks are written")
    assert alerts(kafka, topics.alerts) == ["e1"]
    letters = {record.key: record for record in read_topic(kafka.bootstrap, small.events_dlq)}
    assert {key: record.value for key, record in letters.items()} == {b"k1": b"\x80small", b"k2": None}
    assert dict(letters[b"k2"].headers)["login-alert.value-omitted"] == b"5000"
    assert "login-alert.value-omitted" not in dict(letters[b"k1"].headers)
    assert program.terminate() == 0
