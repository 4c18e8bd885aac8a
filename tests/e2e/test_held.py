"""A detector that stands still in the middle of a batch, longer than the broker has patience: it goes on by itself, and
a reader of what is committed sees each alert (with exactly_once: once).

Where it stands still is a step of consumer/common/crash_point.h.
"""
import re
import signal
import time

import pytest

import kill_feed
import kill_storm
from kill_verify import NEVER_TWICE, Verifier
from process import wait_until
from records import committed, encode, login, open_transactions, produce
from services import Topics

EVENTS = 600
SETTINGS = {**kill_storm.SETTINGS, **kill_feed.SETTINGS, "batch.max-events": "20", "kafka.consumer.fetch.wait.max.ms": "20"}


class World:
    """One topic of events, and detectors of one group."""

    def __init__(self, kafka, detector, folder, guarantee):
        self.kafka, self.detector, self.guarantee = kafka, detector, guarantee
        self.hold = folder / "held"
        self.topics = Topics()
        kafka.create_topics(self.topics.events, partitions=kill_feed.PARTITIONS)
        kafka.create_topics(*(name for name in self.topics.names.values() if name != self.topics.events))
        self.group = f"{self.topics.events}-detector"
        self.feed = kill_feed.Feed(EVENTS, 20250702)
        self.feed.start(kafka.bootstrap, self.topics.events)
        self.outputs = [self.topics.alerts, self.topics.decisions, self.topics.events_dlq]
        self.tail = kill_storm.Tail(kafka.bootstrap, self.outputs)

    def program(self, settings):
        return self.detector({**SETTINGS, **self.topics.settings(), "kafka.consumer.group.id": self.group,
                              "delivery.guarantee": self.guarantee, **settings})

    def start_and_hold(self, program, step):
        program.process.env |= {"LA_CRASH_POINT": f"{step}:2", "LA_CRASH_HOLD": str(self.hold)}
        program.start()
        wait_until(self.hold.exists, 60, lambda: f"it comes to {step}\n{program.stderr()[-3000:]}")

    def done(self):
        return sum(committed(self.kafka.bootstrap, self.group, self.topics.events).values())

    def wait_for_all(self, program):
        """All that was sent is committed."""
        wait_until(lambda: self.done() == self.feed.released, 60,
                   lambda: f"{self.done()} of {self.feed.released}\n{program.stderr()[-3000:]}", 0.1)

    def verify(self):
        found = self.tail.finish()
        verifier = Verifier(self.feed, self.topics.events)
        verifier.jobs(found[self.topics.alerts])
        verifier.decisions(found[self.topics.decisions])
        verifier.dead_letters(found[self.topics.events_dlq])
        if self.guarantee == "exactly_once":
            assert not [name for name in NEVER_TWICE if verifier.counts[name]], verifier.counts


@pytest.fixture
def world(kafka, detector, folder):
    made = []

    def make(guarantee):
        made.append(World(kafka, detector, folder, guarantee))
        return made[0]

    yield make
    for one in made:
        one.tail.close()


def test_a_transaction_that_the_broker_gave_up_is_written_again(world, kafka):
    """transaction.timeout.ms passes while the process is stopped; its session lives on, and nobody else has its work."""
    it = world("exactly_once")
    program = it.program({"kafka.producer.transaction.timeout.ms": "1000", "kafka.consumer.session.timeout.ms": "45000",
                          "kafka.consumer.group.instance.id": "the one"})
    for step in ("acknowledged", "before-commit", "offsets-sent"):
        mark, started = len(program.stderr()), time.monotonic()
        it.feed.release(EVENTS // 4)
        it.start_and_hold(program, step)
        program.process.send(signal.SIGSTOP)
        wait_until(lambda: not open_transactions(kafka.bootstrap, it.outputs), 60, "the broker gives it up", 0.1)
        program.process.send(signal.SIGCONT)
        it.hold.unlink()
        it.wait_for_all(program)
        assert program.terminate() == 0
        said = program.stderr()[mark:].splitlines()
        assert any("our transaction, which was open for" in line and "transaction.timeout.ms is 1000" in line
                   for line in said), said
        assert not [line for line in said if "fenced" in line or "another client" in line], said
        assert len(said) < 25 + 4 * ((time.monotonic() - started) // 30), said
    program.process.env.pop("LA_CRASH_POINT")
    it.feed.finish()
    program.start()
    it.wait_for_all(program)
    assert program.terminate() == 0
    it.verify()


def test_two_instances_with_one_transactional_id_are_told_so(kafka, topics, detector):
    settings = {"delivery.guarantee": "exactly_once", "kafka.producer.transactional.id": "one for both"}
    programs = [detector(settings).start() for _ in range(2)]
    sent = []

    def told():
        sent.append(f"e{len(sent)}")
        produce(kafka.bootstrap, topics.events, [(sent[-1].encode(), encode(login(sent[-1], f"m-{sent[-1]}")))])
        return "another client has our transactional.id one for both" in "".join(one.stderr() for one in programs)

    wait_until(told, 60, "they are told", 0.1)
    assert [program.terminate() for program in programs] == [0, 0]
    assert not [program for program in programs if "fenced" in program.stderr() or "has ended our" in program.stderr()]


@pytest.mark.parametrize("guarantee, step", [
    ("at_least_once", "written"), ("at_least_once", "before-commit"), ("exactly_once", "offsets-sent")])
def test_a_loop_that_stands_still_past_max_poll_interval_gives_its_partitions_up(world, guarantee, step):
    """Its heartbeats go on meanwhile. Another instance does its work; when it goes on, it takes part again."""
    it = world(guarantee)
    impatient = {"kafka.consumer.session.timeout.ms": "2000", "kafka.consumer.heartbeat.interval.ms": "300",
                 "kafka.consumer.max.poll.interval.ms": "2000"}
    if guarantee == "exactly_once":
        impatient["kafka.producer.transaction.timeout.ms"] = "1500"
    first, second = it.program(impatient), it.program(impatient)
    first.process.env["LA_LIVE_MS"] = "1000"
    it.feed.release(EVENTS // 2)
    it.start_and_hold(first, step)
    wait_until(lambda: "MAXPOLL" in first.stderr(), 60, "librdkafka leaves the group")
    for page in ("/livez", "/readyz"):
        code, text = first.http(page)
        assert code == 503 and text.startswith("loop: has not turned for ")
    second.start()
    it.wait_for_all(second)
    mark = len(first.stderr())
    it.hold.unlink()
    wait_until(lambda: "msg=\"partitions assigned\"" in first.stderr()[mark:], 60, first.stderr)
    wait_until(lambda: first.http("/livez") == (200, "ok\n"), 60, "the loop turns again")
    it.feed.finish()
    it.wait_for_all(first)
    assert [program.terminate() for program in (first, second)] == [0, 0]
    assert re.search('msg="(batch dropped|partitions lost|partitions revoked)"', first.stderr()[mark:]), first.stderr()
    it.verify()
