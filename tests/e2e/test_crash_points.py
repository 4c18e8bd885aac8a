"""The detector is stopped at each named step of a batch, as kill -9 would, and started again: the same is written.

The steps are the LA_CRASH_POINTs of its sources (consumer/common/crash_point.h).
"""
import re
import time

import pytest

import kill_feed
import kill_storm
from kill_verify import NEVER_TWICE, Verifier
from process import wait_until
from records import committed
from services import SOURCE, Topics

EXIT = 137  # LA_CRASH_EXIT
EVENTS = 1200
ONLY = {"offsets-sent": "exactly_once", "produced-ahead": "at_least_once"}  # the others are passed under both
SETTINGS = {
    **kill_storm.SETTINGS,
    **kill_feed.SETTINGS,
    "batch.max-events": "20",
    "kafka.consumer.fetch.wait.max.ms": "20",
    "kafka.consumer.group.instance.id": "the one",  # a restart need not wait until the session before is over
}


def points(guarantee):
    """The names of those that a detector passes."""
    found = [name for room in ("common", "detector") for path in sorted((SOURCE / "consumer" / room).glob("*.c"))
             for name in re.findall(r'LA_CRASH_POINT\("([a-z-]+)"\)', path.read_text())]
    assert len(found) == len(set(found)) and ONLY.keys() <= set(found), f"a name stands for one place: {found}"
    return [name for name in found if ONLY.get(name, guarantee) == guarantee]


def crash(program, point, passage):
    program.process.env["LA_CRASH_POINT"] = f"{point}:{passage}"
    program.start()
    code = program.process.wait(30)
    assert code == EXIT, f"at {point} it ended with {code}; is it built with LA_CRASH_POINTS?\n{program.stderr()[-3000:]}"


@pytest.fixture
def tail(kafka):
    made = []

    def make(topics):
        made.append(kill_storm.Tail(kafka.bootstrap, [topics.alerts, topics.decisions, topics.events_dlq]))
        return made[0]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("guarantee", ["at_least_once", "exactly_once"])
def test_a_detector_stopped_at_any_step_writes_the_same(guarantee, kafka, detector, tail):
    topics = Topics()
    kafka.create_topics(topics.events, partitions=kill_feed.PARTITIONS)
    kafka.create_topics(*(name for name in topics.names.values() if name != topics.events))
    group = f"{topics.events}-detector"
    program = detector({**SETTINGS, **topics.settings(), "kafka.consumer.group.id": group,
                        "delivery.guarantee": guarantee})
    feed = kill_feed.Feed(EVENTS, 20250701, poison=0.02)
    feed.start(kafka.bootstrap, topics.events)
    feed.finish()
    reader = tail(topics)
    started = time.monotonic()
    steps = points(guarantee)
    for point in steps:
        crash(program, point, 2)  # the first batch comes through, so that each crash finds another one
    print(f"{len(steps)} crashes, {time.monotonic() - started:.1f} s")
    assert committed(kafka.bootstrap, group, topics.events) != feed.ends(), "nothing was left for the last one"
    del program.process.env["LA_CRASH_POINT"]
    program.start()
    wait_until(lambda: committed(kafka.bootstrap, group, topics.events) == feed.ends(), 60, "all is committed", 0.1)
    assert program.terminate() == 0
    found = reader.finish()
    verifier = Verifier(feed, topics.events)
    verifier.jobs(found[topics.alerts])
    verifier.decisions(found[topics.decisions])
    verifier.dead_letters(found[topics.events_dlq])
    if guarantee == "exactly_once":
        assert not [name for name in NEVER_TWICE if verifier.counts[name]], verifier.counts
    else:
        assert verifier.counts["found in the memo"] > 0 and verifier.counts["repeated alerts"] > 0, verifier.counts
