"""Leaders of partitions, of the group and of transactions that move between two brokers, while detectors work."""
import pytest
from confluent_kafka import ElectionType, Producer, TopicPartition

import kill_feed
import kill_storm
from kill_verify import NEVER_TWICE, Verifier
from process import wait_until
from records import committed
from services import Kafka, Topics
from temporary import started

EVENTS = 4000
GUARANTEES = ("at_least_once", "exactly_once")
BOTH = {"offsets.topic.replication.factor": 2, "transaction.state.log.replication.factor": 2,
        "auto.leader.rebalance.enable": "false", "broker.session.timeout.ms": 6000, "broker.heartbeat.interval.ms": 300}
COORDINATORS = ("__consumer_offsets", "__transaction_state")
MOVING = 2  # the broker that goes and comes
AGAIN = 3  # times that a group may take a member for another: once for each move of its coordinator


class Pair:
    """Two brokers; the first one is the controller too, and stays."""

    def __init__(self, folder, jars):
        self.first = Kafka(folder / "one", jars, BOTH)
        self.second = Kafka(folder / "two", jars, BOTH, joins=self.first)
        self.bootstrap = f"{self.first.bootstrap},{self.second.bootstrap}"

    def start(self):
        for broker in (self.first, self.second):
            broker.start()
        self.admin = self.first.admin
        wait_until(lambda: len(self.admin.list_topics(timeout=5).brokers) == 2, 60, "both are there")
        Producer({"bootstrap.servers": self.bootstrap, "transactional.id": "first"}).init_transactions(60)
        committed(self.bootstrap, "first", COORDINATORS[1])  # now the coordinators' topics are made
        return self

    def partitions(self):
        """(topic, partition) -> what the metadata say of it."""
        found = self.admin.list_topics(timeout=30).topics
        return {(name, number): data for name, topic in found.items() for number, data in topic.partitions.items()}

    def leaders(self):
        return {data.leader for data in self.partitions().values()}

    def coordinator(self, kind, name):
        """Which partition of a topic of coordinators is responsible: Java's hash of the name."""
        value = 0
        for character in name:
            value = (31 * value + ord(character)) & 0xffffffff
        value = value - (1 << 32) if value >= 1 << 31 else value
        return kind, abs(value) % 4

    def name_led_by_second(self, kind, prefix):
        found = self.partitions()
        return next(name for name in (f"{prefix}-{number}" for number in range(100))
                    if found[self.coordinator(kind, name)].replicas[0] == MOVING)

    def have_caught_up(self):
        """Each has all, so that the other may go."""
        wait_until(lambda: all(len(data.isrs) == len(data.replicas) for data in self.partitions().values()), 60,
                   "both brokers have caught up")

    def elect_preferred(self):
        """Leaders move to where they were made, with both brokers alive."""
        self.have_caught_up()
        places = [TopicPartition(*place) for place in self.partitions()]
        self.admin.elect_leaders(ElectionType.PREFERRED, places).result(60)
        wait_until(lambda: all(data.leader == data.replicas[0] for data in self.partitions().values()), 60, "elected")

    def close(self):
        self.second.close()
        self.first.close()


@pytest.fixture(scope="module")
def pair(jars):
    with started(lambda folder: Pair(folder, jars)) as made:
        yield made


class Side:
    """A detector of a group of its own, with topics and a Redis prefix of its own, behind the same events."""

    def __init__(self, pair, detector, events, guarantee):
        self.pair, self.events = pair, events
        self.topics = Topics()
        self.outputs = [self.topics.alerts, self.topics.decisions, self.topics.events_dlq]
        pair.first.create_topics(*self.outputs, replicas=2)
        self.group = pair.name_led_by_second(COORDINATORS[0], f"{events}-{guarantee}")
        self.name = pair.name_led_by_second(COORDINATORS[1], self.group)
        self.program = detector({
            **kill_storm.SETTINGS, **kill_feed.SETTINGS, **self.topics.settings(), "topic.events": events,
            "kafka.bootstrap.servers": pair.bootstrap, "kafka.consumer.group.id": self.group,
            "kafka.consumer.group.instance.id": self.name, "redis.prefix": guarantee, "delivery.guarantee": guarantee})
        self.tail = kill_storm.Tail(pair.bootstrap, self.outputs)
        self.guarantee = guarantee
        self.again = 0

    def done(self):
        self.again += kill_storm.supervise(self.program)
        assert self.again <= AGAIN, f"started again {self.again} times\n{self.program.stderr()[-3000:]}"
        return sum(committed(self.pair.bootstrap, self.group, self.events).values())

    def verify(self, feed):
        found = self.tail.finish()
        verifier = Verifier(feed, self.events)
        verifier.jobs(found[self.topics.alerts])
        verifier.decisions(found[self.topics.decisions])
        verifier.dead_letters(found[self.topics.events_dlq])
        print(self.guarantee, dict(verifier.counts))
        if self.guarantee == "exactly_once":
            assert not [name for name in NEVER_TWICE if verifier.counts[name]], verifier.counts


@pytest.fixture
def sides(pair, detector):
    events = Topics().events
    pair.first.create_topics(events, partitions=kill_feed.PARTITIONS, replicas=2)
    made = [Side(pair, detector, events, guarantee) for guarantee in GUARANTEES]
    yield made
    for side in made:
        side.tail.close()


def test_leaders_and_coordinators_that_move_lose_and_double_nothing(pair, sides):
    feed = kill_feed.Feed(EVENTS, 20250703)
    feed.start(pair.bootstrap, sides[0].events)
    for side in sides:
        side.program.start()

    def while_they_work(what):
        """A burst; when each has begun on it, `what` happens; it is finished nevertheless."""
        before = [side.done() for side in sides]
        feed.release(EVENTS // 4)
        wait_until(lambda: all(side.done() > start for side, start in zip(sides, before)), 60, say, 0.05)
        what()
        wait_until(lambda: all(side.done() == feed.released for side in sides), 90, say, 0.1)

    def say():
        return "\n".join(f"{side.guarantee}: {side.done()} of {feed.released}\n{side.program.stderr()[-3000:]}" for side in sides)

    def handed_over():
        pair.have_caught_up()
        pair.second.process.terminate(120)
        wait_until(lambda: pair.leaders() == {1}, 60, "all is led by the first")

    def moved_back():
        pair.second.start()
        pair.elect_preferred()
        assert pair.leaders() == {1, MOVING}

    def lost():
        pair.have_caught_up()
        pair.second.process.kill()
        wait_until(lambda: pair.leaders() == {1}, 60, "all is led by the first")

    wait_until(lambda: pair.leaders() == {1, MOVING}, 60, "each leads some")
    for move in (handed_over, moved_back, lost):
        while_they_work(move)
    feed.finish()
    wait_until(lambda: all(side.done() == EVENTS for side in sides), 60, say, 0.1)
    for side in sides:
        assert side.program.terminate() in (0, kill_storm.TRY_AGAIN)  # the latter, with all committed: seconds ago
        side.verify(feed)
