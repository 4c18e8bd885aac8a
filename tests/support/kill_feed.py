"""The events of a kill storm, made before it starts, and what must become of each of them: policy_model.py says it."""
import random
import time
import zlib
from collections import Counter
from dataclasses import dataclass

from confluent_kafka import Producer

from policy_model import HOUR, MINUTE, Model, Policy
from records import DEMO_START, encode

PARTITIONS = 8
MEMBERS = 1000
HOT = 4  # members with so many candidates that batches must end at the 32nd
POLICY = Policy(device_ttl=4 * HOUR, cap=(10, HOUR), cooldown=3 * MINUTE)
SETTINGS = {"policy.device-ttl": "4h", "policy.cap": "10/1h", "policy.cooldown": "3m"}


@dataclass(frozen=True)
class Sent:
    partition: int
    key: bytes
    value: bytes
    timestamp: int
    event: dict | None  # None: no LoginEvent at all


@dataclass(frozen=True)
class Expected:
    event: dict | None
    outcome: str
    reason: str | None
    suppressed_before: int | None


class Feed:
    """`sent` in the order of sending; `expected` by (partition, offset) of a topic that nobody else writes to."""

    def __init__(self, count, seed, poison=0.003, policy=POLICY):
        self.poison = poison
        self.policy = policy
        self.rng = random.Random(seed)
        self.made = []
        self.now = DEMO_START
        # Kafka's timestamps are of today: with old ones a broker that restarts takes our producer for one that it has not
        # heard of for a day (producer.id.expiration.ms), and stores twice what is sent again.
        self.stamp = int(time.time() * 1000)
        self.sent = [self._next(number) for number in range(count)]
        self.expected = self._decide()
        self.released = 0
        self.failures = []
        self.producer = None

    def _next(self, number):
        rng = self.rng
        self.now += rng.choice((1, 1000, 5000))
        self.stamp += 1
        draw = rng.random()
        if draw < self.poison:  # poison: cut before its end
            value = encode(self._event(f"cut{number}"))
            return Sent(rng.randrange(PARTITIONS), b"cut", value[:rng.randrange(1, 20)], self.stamp, None)
        if draw < 0.02 and self.made:  # the producer sends an event once more
            event = rng.choice(self.made[-300:])
        else:
            event = self._event(f"e{number}")
            self.made.append(event)
        key = event["member_id"].encode()
        return Sent(zlib.crc32(key) % PARTITIONS, key, encode(event), self.stamp, event)

    def _event(self, event_id):
        rng = self.rng
        hot = rng.random() < 0.1
        member = f"hot{rng.randrange(HOT)}" if hot else f"m{rng.randrange(MEMBERS)}"
        event = {
            "event_id": event_id,
            "occurred_at": self.now - rng.choice((0, 0, 0, 1, MINUTE, HOUR)),
            "member_id": member,
            "kind": rng.choices(("LOGIN", "THIRD_PARTY_LINK", "THIRD_PARTY_UNLINK", "REAUTH", "DEVICE_REVOKED",
                                 "ACCOUNT_ERASED", "OTHER"), (160, 16, 4, 8, 6, 1, 4))[0],
            "result": "FAILURE" if rng.random() < 0.03 else "SUCCESS",
            "device_token": rng.choice((f"r{event_id}", "t1") if hot else ("t1", "t1", "t1", "t1", "t2", None)),
            "device_token_origin": "PRESENTED",
            "browser": rng.choices(("chrome", "safari", "firefox"), (18, 1, 1))[0],
            "os": rng.choices(("ios", "android"), (9, 1))[0],
            "device_model": rng.choices(("iPhone", "Pixel 8"), (9, 1))[0],
            "device_class": "MOBILE",
            "ip": f"192.0.{rng.randrange(3)}.7",
            "client_app_id": None,
            "email": f"{member}@example.jp",
        }
        if event["kind"].startswith("THIRD_PARTY"):
            event["client_app_id"] = f"app{rng.randrange(6)}"
        if rng.random() < 0.002:
            event["occurred_at"] = 0  # outside of the years that are taken
        return event

    def _decide(self):
        model = Model(self.policy)
        offsets = Counter()
        expected = {}
        for sent in self.sent:
            place = (sent.partition, offsets[sent.partition])
            offsets[sent.partition] += 1
            if sent.event is None:
                expected[place] = Expected(None, "REJECTED", None, None)
                continue
            event = {**sent.event, "_topic": "events", "_partition": place[0], "_offset": place[1],
                     "_timestamp": sent.timestamp}
            expected[place] = Expected(sent.event, *model.decide(event))
        return expected

    def start(self, bootstrap, topic):
        """From here on release() sends. Each record is stored once and in order, also while the broker restarts."""
        self.topic = topic
        self.producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5,
                                  "message.timeout.ms": 300_000, "log_level": 0})

    def release(self, count):
        """Sends the next `count` events, without waiting for the acknowledgements."""
        for sent in self.sent[self.released:self.released + count]:
            self.producer.produce(self.topic, partition=sent.partition, key=sent.key, value=sent.value,
                                  timestamp=sent.timestamp, on_delivery=self._delivered)
            self.producer.poll(0)
        self.released = min(self.released + count, len(self.sent))

    def _delivered(self, error, message):
        if error:
            self.failures.append(error)

    def finish(self):
        """Sends what is left; then all of it is in the topic."""
        self.release(len(self.sent))
        assert self.producer.flush(120) == 0 and not self.failures, self.failures[:3]

    def ends(self):
        """partition -> the offset after its last record."""
        return dict(Counter(sent.partition for sent in self.sent))
