"""Three detectors of one group are killed and hung while they work; the alerts are those of a run without faults.

LA_STORM_EVENTS (20000), LA_STORM_KILLS (30) and LA_STORM_SEED (a new one each time, printed) make it longer, or the
same events again; LA_STORM_GUARANTEE=exactly_once has the one with server restarts under transactions. What must come out is computed by policy_model.py from the same events.
"""
import os
import random
import time

import pytest

import kill_feed
import kill_storm
from kill_verify import NEVER_TWICE, Verifier
from records import Record, decode, encode, job_id, member_ref, read_topic
from services import Topics

EVENTS = int(os.environ.get("LA_STORM_EVENTS", "20000"))
KILLS = int(os.environ.get("LA_STORM_KILLS", "30"))
SEED = int(os.environ.get("LA_STORM_SEED") or random.SystemRandom().randrange(1 << 32))
GUARANTEE = os.environ.get("LA_STORM_GUARANTEE", "at_least_once")
EXACTLY_ONCE = {"delivery.guarantee": "exactly_once", "kafka.transaction.timeout.ms": "2000"}
TIMEOUT = 600 + EVENTS // 100 + KILLS * 30


class World:
    """A broker's topics, a feed, three instances: two keep their place in the group over a restart, one does not."""

    def __init__(self, kafka, detector, events, seed, more=None):
        print(f"LA_STORM_SEED={seed}")
        self.kafka = kafka
        self.topics = Topics()
        others = [name for name in self.topics.names.values() if name != self.topics.events]
        kafka.create_topics(self.topics.events, partitions=kill_feed.PARTITIONS)
        kafka.create_topics(*others, partitions=4)
        self.group = f"{self.topics.events}-detector"
        settings = {**kill_storm.SETTINGS, **kill_feed.SETTINGS, **self.topics.settings(),
                    "kafka.bootstrap.servers": kafka.bootstrap, "kafka.consumer.group.id": self.group, **(more or {})}
        self.instances = [detector({**settings, "kafka.consumer.group.instance.id": name})
                          for name in ("one", "two", None)]
        self.feed = kill_feed.Feed(events, seed)
        self.feed.start(kafka.bootstrap, self.topics.events)
        self.tail = kill_storm.Tail(kafka.bootstrap,
                                    [self.topics.alerts, self.topics.decisions, self.topics.events_dlq])
        self.storm = kill_storm.Storm(self.instances, self.feed, self.tail, self.topics.decisions, seed)

    def run(self, kills, faults=None):
        started = time.monotonic()
        self.storm.run(kills, faults)
        self.storm.settle(self.kafka.bootstrap, self.group, self.topics.events)
        found = self.tail.finish()
        verifier = Verifier(self.feed, self.topics.events)
        try:
            verifier.jobs(found[self.topics.alerts])
            verifier.decisions(found[self.topics.decisions])
        except AssertionError:
            decisions = [(record, decode(record.value, "Decision")) for record in found[self.topics.decisions]]
            print(verifier.story(decisions, verifier.at))
            raise
        verifier.dead_letters(found[self.topics.events_dlq])
        self.counts = self.storm.counts + verifier.counts
        assert self.counts["try again"] <= kills, self.counts  # or they end by themselves all the time
        print(f"{len(self.feed.sent)} events, {time.monotonic() - started:.0f} s: {dict(self.counts)}")
        return self.counts


@pytest.fixture
def world(detector):
    made = []

    def make(kafka, events, more=None):
        made.append(World(kafka, detector, events, SEED + len(made), more))
        return made[-1]

    yield make
    for one in made:
        one.tail.close()


def storm(world, kafka, events, kills, faults=None):
    """Another one if the kills have hit between batches only: work is to be done twice, and told twice in each way."""
    for _ in range(3):
        counts = world(kafka, events).run(kills, faults)
        if all(counts[name] > 0 for name in ("repeated decisions", "found in the memo", "repeated alerts")):
            break
    else:
        raise AssertionError(f"nothing was done twice: {counts}")
    assert counts["kill"] >= kills
    for outcome in ("ALERTED", "KNOWN", "SUPPRESSED_COOLDOWN", "SUPPRESSED_CAP", "FORGOTTEN", "REJECTED"):
        assert counts[outcome] > 0, outcome


def require_nothing_twice(counts):
    for name in NEVER_TWICE:
        assert counts[name] == 0, name


@pytest.mark.timeout(TIMEOUT)
def test_instances_killed_and_hung_at_any_moment_give_the_same_alerts(kafka, world):
    storm(world, kafka, EVENTS, KILLS)


@pytest.mark.timeout(TIMEOUT)
def test_with_exactly_once_killed_and_hung_instances_write_nothing_twice(kafka, world):
    """A reader of what is committed sees each alert, decision and dead letter once; what a long storm has aborted is in the log."""
    made = world(kafka, EVENTS // 5, EXACTLY_ONCE)
    counts = made.run(max(6, KILLS // 5))
    require_nothing_twice(counts)
    written, seen = (sum(len(read_topic(kafka.bootstrap, topic, settle=0, isolation=isolation)) for topic in made.tail.counts)
                     for isolation in ("read_uncommitted", "read_committed"))
    print(f"{written} records written, {seen} committed")
    assert written >= seen > 0
    assert written > seen or KILLS < 100  # a few kills may all hit between transactions; test_crash_points.py hits inside


@pytest.mark.timeout(TIMEOUT)
def test_killed_instances_redis_and_broker_give_the_same_alerts(own_kafka, redis_server, world):
    def restart_redis():
        redis_server.kill()
        time.sleep(1)
        redis_server.start()

    def restart_broker():
        own_kafka.process.kill()
        time.sleep(1)
        own_kafka.start()

    kills = max(8, KILLS // 4)
    faults = {start + number: fault for start in range(0, kills - 7, 8)
              for number, fault in ((2, restart_redis), (4, restart_broker), (6, restart_redis))}
    if GUARANTEE == "exactly_once":
        require_nothing_twice(world(own_kafka, EVENTS // 4, EXACTLY_ONCE).run(kills, faults))
    else:
        storm(world, own_kafka, EVENTS // 4, kills, faults)


def written(feed):
    """What a detector without faults would write for the feed: (jobs, decisions), lists of the records' fields."""
    jobs, decisions = [], []
    for (partition, offset), want in feed.expected.items():
        event = want.event or {"event_id": "", "occurred_at": 0, "member_id": ""}
        alerted = want.outcome == "ALERTED"
        source = {"source_topic": "source", "source_partition": partition, "source_offset": offset}
        common = {"event_id": event["event_id"], "occurred_at": event["occurred_at"], "reason": want.reason,
                  "member_ref": member_ref(event["member_id"]), "policy_rev": "p", "agent_rev": "a", "key_epoch": 1,
                  "job_id": job_id(event["event_id"], event["occurred_at"]) if alerted else None, **source}
        decisions.append({**common, "outcome": want.outcome})
        if alerted:
            jobs.append({**common, "mode": "LIVE", "tenant": "default", "not_after": 0, "member_masked": "",
                         "device_label": "", "device_class": "MOBILE", "browser_label": "",
                         "suppressed_before": want.suppressed_before,
                         "recipient": {"email": event["email"], "member_id": event["member_id"]}})
    return jobs, decisions


def verify(feed, jobs, decisions):
    verifier = Verifier(feed, "source")
    for check, rows, name in ((verifier.jobs, jobs, "AlertJob"), (verifier.decisions, decisions, "Decision")):
        check([Record(row["member_ref"].encode(), encode(row, name), [], 0, 0, 0) for row in rows])
    return verifier.counts


def test_the_verifier_takes_what_is_right_and_nothing_else():
    feed = kill_feed.Feed(500, 1)
    jobs, decisions = written(feed)
    alerted = next(d for d in decisions if d["outcome"] == "ALERTED")
    late = {**alerted, "outcome": "KNOWN", "reason": None, "job_id": None}
    counts = verify(feed, [*jobs, jobs[0]], [*decisions, decisions[0], late])
    assert (counts["repeated alerts"], counts["repeated decisions"], counts["late KNOWN"]) == (1, 1, 1)

    quiet = next(d for d in decisions if d["outcome"] == "KNOWN")
    unexpected = {**jobs[0], **{name: quiet[name] for name in ("event_id", "source_partition", "source_offset")}}
    for wrong_jobs in (jobs[1:], [*jobs, unexpected], [*jobs, {**jobs[0], "policy_rev": "q"}],
                       [{**jobs[0], "suppressed_before": 7}, *jobs[1:]], [{**jobs[0], "job_id": "0" * 32}, *jobs[1:]]):
        with pytest.raises(AssertionError):
            verify(feed, wrong_jobs, decisions)
    for wrong_decisions in (decisions[1:], [*decisions, {**quiet, "outcome": "ALERTED"}],
                            [late if decision is alerted else decision for decision in decisions]):
        with pytest.raises(AssertionError):
            verify(feed, jobs, wrong_decisions)


def test_the_verifier_takes_an_event_that_was_sent_twice_as_its_double():
    """Known at first, new again once its device was revoked: read again after that, both are the second's job."""
    feed = kill_feed.Feed(500, 145)
    known, again = (5, 5), (5, 50)
    assert feed.expected[known].event == feed.expected[again].event
    assert (feed.expected[known].outcome, feed.expected[again].outcome) == ("KNOWN", "ALERTED")
    jobs, decisions = written(feed)
    job, decision = (next(row for row in rows if (row["source_partition"], row["source_offset"]) == again)
                     for rows in (jobs, decisions))
    first = {"source_offset": known[1]}
    assert verify(feed, [*jobs, {**job, **first}], [*decisions, {**decision, **first}])["as its double"] == 2
    with pytest.raises(AssertionError):
        verify(feed, [*jobs, {**job, **first, "reason": "NEW_DEVICE"}], decisions)
