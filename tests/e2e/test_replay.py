"""replay over a real topic: it decides what the run decided, sees what is missing or wrong, and writes nothing to Kafka."""
import json
import re
import stat
import time
from dataclasses import replace

import pytest

import kill_feed
import kill_storm
from policy_model import HOUR, Model
from process import wait_until
from records import (DEMO_START, committed, decode, encode, end_offsets, job_id, login, member_ref, produce, read_topic)
from services import Topics

DAY = 24 * HOUR
EVENTS = 900
END = int(time.time() * 1000) + DAY  # the kill storm's records have timestamps of today
SETTINGS = {**kill_storm.SETTINGS, **kill_feed.SETTINGS, "batch.max-events": "20", "kafka.consumer.fetch.wait.max.ms": "20",
            "kafka.consumer.group.instance.id": "the one", "decisions.publish": "notable", "policy.cap": "3/1h"}
POLICY = replace(kill_feed.POLICY, cap=(3, HOUR))
OTHER = replace(POLICY, cap=(1, HOUR))
KINDS = ("missing", "unexpected", "different")


def replay(program, folder, *words, start=DEMO_START - 30 * DAY, end=END, code=0):
    """summary.json, decisions.jsonl and stdout."""
    done = program.replayed(code, "--from", start, "--to", end, "--report", folder, "--warm-up", "800d", *words)
    if code:
        return done
    summary = json.loads((folder / "summary.json").read_text())
    lines = [json.loads(line) for line in (folder / "decisions.jsonl").read_text().splitlines()]
    assert summary["events"] == len(lines)
    return summary, lines, done.stdout.decode()


def differences(summary):
    return {kind: summary["compare"][kind] for kind in KINDS}, summary["compare"]["differences"]


def copy_topic(kafka, source, target, drop=lambda record: False):
    """The records in another topic, but for those that are dropped."""
    kafka.create_topics(target)
    kept = [record for record in read_topic(kafka.bootstrap, source) if not drop(record)]
    produce(kafka.bootstrap, target, [{"key": r.key, "value": r.value, "partition": r.partition, "timestamp": r.timestamp}
                                      for r in kept])


class Run:
    """A detector that is stopped at several steps and has its keys rotated, and a mailer, over the kill storm's events."""

    def __init__(self, kafka, detector, mailer, topics):
        self.kafka, self.topics = kafka, topics
        self.group = f"{topics.events}-detector"
        self.program = detector(SETTINGS)
        self.feed = kill_feed.Feed(EVENTS, 20250703, poison=0.01, policy=POLICY)
        self.feed.start(kafka.bootstrap, topics.events)
        mailing = mailer().start()
        keys = self.program.settings["hash.keys.file"]
        for number, point in enumerate(("written", "produced", "before-commit", "acknowledged")):
            self.feed.release(EVENTS // 4)
            self.crash(point)
            if number in (1, 2):
                assert self.program.command("keygen", ("--add", "--activate")[number - 1], keys).returncode == 0
        self.feed.finish()
        del self.program.process.env["LA_CRASH_POINT"]
        self.program.start()
        wait_until(lambda: committed(kafka.bootstrap, self.group, topics.events) == self.feed.ends(), 60, "all is decided", 0.1)
        assert self.program.terminate() == 0
        wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-mailer", topics.alerts) ==
                   end_offsets(kafka.bootstrap, topics.alerts), 60, "all is mailed", 0.1)
        assert mailing.terminate() == 0

    def crash(self, point):
        self.program.process.env["LA_CRASH_POINT"] = f"{point}:2"
        self.program.start()
        code = self.program.process.wait(60)
        assert code == 137, f"at {point} it ended with {code}\n{self.program.stderr()[-3000:]}"


@pytest.fixture
def event_topics(kafka):
    made = Topics()
    kafka.create_topics(made.events, partitions=kill_feed.PARTITIONS)
    kafka.create_topics(*(name for name in made.names.values() if name != made.events))
    return made


def test_a_replay_decides_what_the_run_decided_and_sees_what_was_tampered_with(kafka, event_topics, detector, mailer, folder):
    settings = event_topics.settings()
    run = Run(kafka, lambda own: detector({**own, **settings, "kafka.consumer.group.id": f"{event_topics.events}-detector"}),
              lambda: mailer({**settings, "kafka.consumer.group.id": f"{event_topics.events}-mailer"}), event_topics)
    before = {name: end_offsets(kafka.bootstrap, name) for name in event_topics.names.values()}
    program = run.program
    summary, lines, _ = replay(program, folder / "report", "--compare")

    # the model's word on each event
    expected = run.feed.expected
    assert {(line["source_partition"], line["source_offset"]): (line["outcome"], line["reason"]) for line in lines} == \
        {place: (want.outcome, want.reason) for place, want in expected.items()}
    found = {want.outcome for want in expected.values()}
    assert {"ALERTED", "SUPPRESSED_CAP", "SUPPRESSED_COOLDOWN", "REJECTED", "FORGOTTEN"} <= found

    # nothing differs from what was recorded, though crashes made records come twice
    assert differences(summary) == (dict.fromkeys(KINDS, 0), []), summary["compare"]
    compare = summary["compare"]
    alerts = [line for line in lines if line["outcome"] == "ALERTED"]
    assert compare["alerts"]["compared"] >= len(alerts) > 50 and compare["recorded_again"] > 0
    assert compare["decisions"]["compared"] > len(alerts)
    assert compare["delivered"] == {"SENT": summary["policy"]["mails"]}
    assert len({line["key_epoch"] for line in lines}) == 1
    recorded = [decode(r.value, "Decision") for r in read_topic(kafka.bootstrap, event_topics.decisions)]
    assert {d["key_epoch"] for d in recorded} == {1, 2}, "joined although the keys were rotated in between"

    # it is the same again, byte for byte, and nothing was written
    files = ("decisions.jsonl", "summary.json", "report.html")
    replay(program, folder / "again", "--compare")
    assert [(folder / "again" / name).read_bytes() for name in files] == [(folder / "report" / name).read_bytes() for name in files]
    assert {name: end_offsets(kafka.bootstrap, name) for name in event_topics.names.values()} == before

    # the second half alone, by the time its records came: the same decisions
    half = sorted(expected)[len(expected) // 2:]
    middle = run.feed.sent[EVENTS // 2].timestamp
    part, some, _ = replay(program, folder / "half", "--compare", start=middle)
    assert len(half) - 5 <= len(some) <= len(half) + 5
    assert differences(part) == (dict.fromkeys(KINDS, 0), []), part["compare"]

    # one alert and one mail are taken away from the record
    victim = alerts[-1]
    tampered = Topics()
    copy_topic(kafka, event_topics.alerts, tampered.alerts, lambda r: decode(r.value, "AlertJob")["job_id"] == victim["job_id"])
    copy_topic(kafka, event_topics.deliveries, tampered.deliveries,
               lambda r: decode(r.value, "Delivery")["job_id"] == alerts[0]["job_id"])
    changed = detector({**program.settings, "topic.alerts": tampered.alerts, "topic.deliveries": tampered.deliveries})
    summary, _, _ = replay(changed, folder / "tampered", "--compare")
    counts, listed = differences(summary)
    same = [line for line in alerts if line["job_id"] == victim["job_id"]]  # it may have been sent twice
    assert counts == {"missing": len(same) + 1, "unexpected": 0, "different": 0}
    assert {(d["kind"], d["record"], d["job_id"]) for d in listed} == {
        ("missing", "alert", victim["job_id"]), ("missing", "delivery", alerts[0]["job_id"])}
    assert listed[0]["event_id"] in {victim["event_id"], alerts[0]["event_id"]}

    # under another policy than the run's
    changed = detector({**program.settings, "policy.cap": "1/1h"})
    counts, listed = differences(replay(changed, folder / "other", "--compare")[0])
    assert counts["unexpected"] > 0 and counts["different"] > 0
    places = {(d["source_partition"], d["source_offset"]) for d in listed if d["record"] == "decision"}
    model = Model(OTHER)
    otherwise = set()
    for place, sent in zip_places(run.feed):
        if sent.event is not None:
            event = {**sent.event, "_topic": "events", "_partition": place[0], "_offset": place[1], "_timestamp": sent.timestamp}
            want = expected[place]
            if model.decide(event)[:2] != (want.outcome, want.reason):
                otherwise.add(place)
    assert places == otherwise
    text = (folder / "report" / "report.html").read_text() + (folder / "report" / "decisions.jsonl").read_text()
    assert "example.jp" not in text and not re.search(r"\bhot\d\b|\bm\d{2,3}\b", text)


def zip_places(feed):
    offsets = {}
    for sent in feed.sent:
        offset = offsets.get(sent.partition, 0)
        offsets[sent.partition] = offset + 1
        yield (sent.partition, offset), sent
