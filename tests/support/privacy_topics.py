"""What a broker has of our records, for privacy.py."""
import json
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from privacy import current_test, watch
from records import decode

RECORDS = {"-deliveries": "Delivery", "-decisions": "Decision", "-alerts": "AlertJob"}
OURS = ("__connect.", "login-alert.")
READ_S = 60
FRAMES = (0, 5, 10)  # none, confluent, single-object


def keep_topics(server, wanted=lambda topic: True):
    """All of its topics that a test named as Topics does. The broker must answer."""
    consumer = Consumer({"bootstrap.servers": server.bootstrap, "group.id": "privacy", "enable.auto.commit": False,
                         "isolation.level": "read_committed", "fetch.wait.max.ms": 20, "enable.partition.eof": True})
    try:
        found = consumer.list_topics(timeout=60).topics
        topics = {name: _kind(name) for name in found if _kind(name) is not None and wanted(name)}
        parts = [TopicPartition(topic, partition, OFFSET_BEGINNING) for topic in topics for partition in found[topic].partitions]
        lines = {topic: [] for topic in topics}
        for message in _all(consumer, parts):
            lines[message.topic()].append(_line(message, topics[message.topic()]))
    finally:
        consumer.close()
    for topic, found in lines.items():
        watch.text(f"{current_test()}: topic {topic}", "\n".join(found))


def _kind(topic):
    if topic.endswith("-dlq"):
        return "dead letter"
    return next((record for end, record in RECORDS.items() if topic.endswith(end)), None)


def _all(consumer, parts):
    """To the end of each. A transaction that is given up meanwhile gives its partition another end."""
    left = {(part.topic, part.partition) for part in parts}
    if not left:
        return
    consumer.assign(parts)
    quiet_at = time.monotonic() + READ_S
    while left:
        messages = consumer.consume(500, timeout=0.05)
        for message in messages:
            if message.error() is None:
                yield message
            elif message.error().code() == KafkaError._PARTITION_EOF:
                left.discard((message.topic(), message.partition()))
        if messages:
            quiet_at = time.monotonic() + READ_S
        assert time.monotonic() < quiet_at, f"nothing came for {READ_S} s, and these were not read to their end: {left}"


def _line(message, kind):
    if kind == "dead letter":
        return " ".join(f"{name} {value.decode()}" for name, value in message.headers() or []
                        if name.startswith(OURS))
    for skip in FRAMES:
        try:
            record = decode(message.value()[skip:], kind)
        except Exception:  # another framing, or no record of ours
            continue
        if kind == "AlertJob" and record["recipient"] is not None:
            return ""
        return json.dumps({name: value for name, value in record.items() if name != "event_id" and value is not None},
                          default=lambda raw: "", ensure_ascii=False)
    return ""
