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
from proxy import Proxy
from records import committed, decode, encode, end_offsets, job_id, login, produce, read_topic
from services import SOURCE, Topics

EXIT = 137  # LA_CRASH_EXIT
EVENTS = 1200
CONFLICTS = ("conflict", "decided-again", "written-again")  # two instances, one member
ONLY = {"offsets-sent": "exactly_once", "write-behind-outputs": "exactly_once",
        "produced-ahead": "at_least_once",  # the others are passed under both
        **dict.fromkeys(CONFLICTS, "two instances")}
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
    code = program.process.wait(60)
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
    left = EVENTS - sum(committed(kafka.bootstrap, group, topics.events).values())
    print(f"{len(steps)} crashes, {time.monotonic() - started:.1f} s, {left} events left")
    assert left > 0, "nothing was left for the last one"
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


DEVICES = ("iPhone", "Pixel 9")
SLOW_S = 0.15  # each way to Redis and back, of the one whose writes come too late


PAUSES_S = [SLOW_S * part for part in (2.5, 2, 1.5, 1, 0.5)]  # one of them hits, however long the rest takes


def send_both(kafka, topics, names, pause_s):
    """Each member logs in from two devices, by two partitions; the second device just after the first was looked up."""
    for partition, device in enumerate(DEVICES):
        produce(kafka.bootstrap, topics.events, [
            {"partition": partition, "value": encode(login(f"{name}-{partition}", name, device_token=f"{name}-{partition}",
                                                           device_model=device))} for name in names])
        time.sleep(0 if partition else pause_s)


def owner_of_first(programs, kafka, topics):
    """The instance that has partition 0, when each has one."""
    owned = {member.group_instance_id: [place.partition for place in member.assignment.topic_partitions]
             for member in kafka.members(f"{topics.events}-detector")}
    if sorted(owned.values()) != [[0], [1]]:
        return None
    return programs[next(name for name, places in owned.items() if places == [0])]


@pytest.mark.parametrize("guarantee", ["at_least_once", "exactly_once"])
def test_an_instance_stopped_at_a_conflict_with_another_one_alerts_the_same(guarantee, kafka, detector, redis_server):
    """Not keyed: both instances have logins of every member at the same time. The one whose write conflicts is stopped."""
    topics = Topics()
    kafka.create_topics(topics.events, partitions=2)
    kafka.create_topics(*(name for name in topics.names.values() if name != topics.events))
    group = f"{topics.events}-detector"
    proxy = Proxy(redis_server.port)
    members = []

    def make(name, redis_url):
        return detector({**topics.settings(), "delivery.guarantee": guarantee, "kafka.consumer.group.id": group,
                         "kafka.consumer.group.instance.id": name, "kafka.consumer.fetch.wait.max.ms": "20",
                         "redis.url": redis_url, "policy.cap": "0"})

    try:
        # names are assigned in their order, so the slow one has partition 0
        slow, quick = make("1", f"redis://127.0.0.1:{proxy.port}"), make("2", redis_server.url)
        quick.start()
        for point in CONFLICTS:
            slow.process.env["LA_CRASH_POINT"] = point
            slow.start()
            wait_until(lambda: owner_of_first({"1": slow, "2": quick}, kafka, topics) is slow, 60, slow.stderr, 0.1)
            proxy.delay = SLOW_S
            deadline = time.monotonic() + 60
            while slow.process.ended() is None:
                assert time.monotonic() < deadline, f"no conflict\n{slow.stderr()[-3000:]}"
                names = [f"m{len(members) + number}" for number in range(10)]
                members += names
                send_both(kafka, topics, names, PAUSES_S[len(members) // 10 % len(PAUSES_S)])
                for _ in range(20):
                    time.sleep(0 if slow.process.ended() is not None else 0.05)
            assert slow.process.wait(60) == EXIT
            proxy.delay = 0
        del slow.process.env["LA_CRASH_POINT"]
        slow.start()
        wait_until(lambda: committed(kafka.bootstrap, group, topics.events) == end_offsets(kafka.bootstrap, topics.events), 60,
                   lambda: slow.stderr()[-3000:], 0.1)
        assert [program.terminate() for program in (slow, quick)] == [0, 0]
    finally:
        proxy.close()
    found = [record.value for record in read_topic(kafka.bootstrap, topics.alerts)]
    jobs = {job["event_id"]: job for job in (decode(value, "AlertJob") for value in set(found))}
    assert len(set(found)) == len(jobs) and (guarantee == "at_least_once" or len(found) == len(jobs)), "repeats are the same"
    assert jobs.keys() == {f"{name}-{partition}" for name in members for partition in (0, 1)}
    for name in members:
        pair = [jobs[f"{name}-{partition}"] for partition in (0, 1)]
        assert sorted(job["reason"] for job in pair) == ["FIRST_LOGIN", "NEW_DEVICE"]
        assert all(job["job_id"] == job_id(job["event_id"], job["occurred_at"]) for job in pair)
