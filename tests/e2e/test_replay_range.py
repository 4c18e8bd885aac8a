"""replay: what it reads and tells. Transactions, late records, one member over partitions, --member, --policy, the page."""
import json
import os
import pty
import re
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka import Producer

from browser import Browser
from privacy import watch
from process import free_port, wait_until
from records import DEMO_START, encode, job_id, login, member_ref, open_transactions, produce, read_topic
from services import SOURCE

DAY = 86400000
FROM, TO = "2025-07-03T00:00:00+09:00", "2025-07-04T00:00:00+09:00"
AT = DEMO_START + 2 * DAY  # FROM
AXE = Path(os.environ.get("LA_TEST_NODE", SOURCE / "build" / "node")) / "node_modules" / "axe-core" / "axe.min.js"


def send(kafka, topics, events):
    """(event, Kafka timestamp or None: a second after it occurred, partition or None: by member)"""
    records = []
    for event, stamp, partition in events:
        record = {"key": event["member_id"].encode(), "value": encode(event),
                  "timestamp": event["occurred_at"] + 1000 if stamp is None else stamp}
        records.append(record if partition is None else {**record, "partition": partition})
    produce(kafka.bootstrap, topics.events, records)


def replay(program, folder, *words, code=0, to=TO):
    return program.replayed(code, "--from", FROM, "--to", to, "--report", folder, *words)


def decisions(folder):
    return [json.loads(line) for line in (folder / "decisions.jsonl").read_text().splitlines()]


def summary(folder):
    return json.loads((folder / "summary.json").read_text())


def test_a_replay_ends_where_only_marks_of_transactions_follow_and_sees_what_was_committed(kafka, topics, detector, folder):
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": f"{topics.events}-writer"})
    producer.init_transactions(60)
    for name, end in (("kept", producer.commit_transaction), ("dropped", producer.abort_transaction),
                      ("later", producer.commit_transaction)):
        producer.begin_transaction()
        for partition in range(4):
            event = login(f"{name}{partition}", f"m{partition}", at=AT)
            producer.produce(topics.events, key=b"k", value=encode(event), partition=partition, timestamp=AT)
        assert producer.flush(60) == 0
        end(60)
    wait_until(lambda: not open_transactions(kafka.bootstrap, [topics.events]), 60, "the marks are written")
    for to, end in ((TO, 5), ("2099-01-01T00:00:00Z", 6)):  # the marks are of today, and the first is before the last record
        replay(detector(), folder / str(end), to=to)
        assert sorted(line["event_id"] for line in decisions(folder / str(end))) == [
            f"{name}{number}" for name in ("kept", "later") for number in range(4)]
        assert [part["to_offset"] for part in summary(folder / str(end))["partitions"]] == [end] * 4


def test_an_event_is_the_range_s_when_it_occurred_or_came_in_it(kafka, topics, detector, folder):
    hour = 3600000
    rows = [  # event, occurred, came; in the range?
        ("warm", AT - 300 * DAY, None, False),
        ("early", AT - 2000, None, False),
        ("first", AT, None, True),
        ("came-in-it", AT - 10 * DAY, AT + hour, True),
        ("last", AT + DAY - 1, None, True),
        ("came-later", AT + DAY - 2, AT + 2 * DAY - 1000, True),
        ("next", AT + DAY, None, False),
        ("came-much-later", AT + 5, AT + 3 * DAY, False),  # it is found on the day on which it came
    ]
    send(kafka, topics, sorted(((login(name, "m1", at=at), stamp, None) for name, at, stamp, _ in rows),
                               key=lambda row: row[1] or row[0]["occurred_at"]))
    replay(detector(), folder / "report", "--warm-up", "365d")
    lines = decisions(folder / "report")
    assert {line["event_id"] for line in lines} == {name for name, _, _, counts in rows if counts}
    assert {line["outcome"] for line in lines} == {"KNOWN"}, "the warm-up knew the device"
    replay(detector(), folder / "short", "--warm-up", "1d")
    assert decisions(folder / "short")[0]["event_id"] == "first"
    assert summary(folder / "short")["events_read"] < summary(folder / "report")["events_read"]


def test_a_clock_that_is_wrong_does_not_end_the_range(kafka, topics, detector, folder):
    rows = [("first", AT, None), ("wrong", AT + 1000, AT + 5 * DAY), ("hidden", AT + 2000, None), ("last", AT + 3000, None),
            ("behind", AT + 4 * DAY, None)]
    send(kafka, topics, [(login(name, "m1", at=at, device_token=name), stamp, 0) for name, at, stamp in rows])
    replay(detector(), folder / "report")
    assert [line["event_id"] for line in decisions(folder / "report")] == ["first", "wrong", "hidden", "last"]
    assert summary(folder / "report")["partitions"][0]["to_offset"] == 4


def test_a_member_over_several_partitions_is_decided_in_the_order_of_timestamps(kafka, topics, detector, folder):
    events = [(login(f"e{number:02}", "m1", at=AT + number * 1000, device_token=f"t{number // 2}"), None, number * 7 % 4)
              for number in range(40)]
    send(kafka, topics, events)
    replay(detector({"policy.cap": "0"}), folder / "report")
    lines = decisions(folder / "report")
    assert [line["event_id"] for line in lines] == [event["event_id"] for event, _, _ in events]
    assert [line["outcome"] for line in lines] == ["ALERTED", "KNOWN"] * 20


EDGE = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 "
        "Edg/126.0.0.0")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
STORY = [
    login("old", "member-7", at=AT - 30 * DAY),
    login("known", "member-7", at=AT + 1000),
    login("other", "member-8", at=AT + 1500),
    login("pc", "member-7", at=AT + 2000, device_token="pc-1", user_agent=EDGE),
    login("capped", "member-7", at=AT + 3000, device_token="pc-2", user_agent=FIREFOX),
    login("pc", "member-7", at=AT + 2000, device_token="pc-1", user_agent=EDGE),
    login("failed", "member-7", at=AT + 4000, result="FAILURE"),
]
CAP_1 = {"policy.cap": "1/1h"}


def test_a_member_s_timeline_says_what_became_of_each_login_and_why(kafka, topics, detector, mailer, smtp_sink, folder):
    send(kafka, topics, [(event, None, None) for event in STORY])
    program, mailing = detector(CAP_1).start(), mailer().start()
    smtp_sink.wait_for(3)  # old, other, pc
    read_topic(kafka.bootstrap, topics.deliveries, 3)
    assert program.terminate() == 0 and mailing.terminate() == 0
    done = replay(program, folder / "report", "--member", "member-7")
    text = done.stdout.decode()
    print(text)
    parts = re.split(r"\n(?=2025-)", text)
    assert [re.search(r"event (\S+)", part).group(1) for part in parts] == ["known", "pc", "capped", "pc", "failed"]
    assert parts[0].startswith("2025-07-03T00:00:01.000+09:00  LOGIN, event known\n")
    assert "KNOWN: rule 5: the token is live with this browser" in parts[0]
    assert "live: device last seen 2025-06-03T00:00:00.000+09:00: same token, same platform, same browser" in parts[0]
    assert "ALERTED NEW_DEVICE: rule 5: neither token nor platform is live" in parts[1]
    job = job_id("pc", AT + 2000)
    assert f"job {job}\n    mail: SENT 250, " in parts[1]
    assert "SUPPRESSED_CAP NEW_DEVICE" in parts[2] and "policy.cap is reached" in parts[2]
    assert "cap: the last window began 2025-07-03T00:00:02.000+09:00 and had 1 of 1 alerts" in parts[2]
    assert "rule 2: the event was sent twice" in parts[3] and f"job {job}" in parts[3]
    assert "IGNORED_RESULT: rule 3: the result is not SUCCESS" in parts[4]
    report = folder / "report"
    assert summary(report)["policy"]["mails"] == 2 and summary(report)["policy"]["alerts_again"] == 1

    # nobody is named in the files, and they are their owner's alone
    for path in report.iterdir():
        assert not re.search(r"member-\d|example\.jp|203\.0\.113|123456321", path.read_text()), path
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(report.stat().st_mode) == 0o700
    assert {line["member_masked"] for line in decisions(report)} == {"******321"}
    assert {line["member_ref"] for line in decisions(report)} == {member_ref("member-7"), member_ref("member-8")}
    assert sorted(path.name for path in report.iterdir()) == ["decisions.jsonl", "report.html", "summary.json"]
    assert b"member-7" not in done.stderr


def test_two_policies_are_compared_by_mails_per_day(kafka, topics, detector, folder):
    later = [login("pc", "m1", at=AT + DAY // 2), login("old", "m2", at=AT - 100 * DAY), login("back", "m2", at=AT + 1000),
             login("new", "m3", at=AT + 1000, account_created_at=AT)]
    send(kafka, topics, sorted(((event, None, None) for event in later), key=lambda row: row[0]["occurred_at"]))
    other = folder / "other.conf"
    other.write_text("# would it be more?\npolicy.device-ttl=90d\npolicy.first-login=grace:1h\nredis.prefix=not-looked-at\n")
    replay(detector({"policy.cooldown": "5m"}), folder / "report", "--policy", str(other))
    found = summary(folder / "report")
    assert found["policy"]["mails_per_day"] == {"2025-07-03": 2} and found["other_policy"]["mails_per_day"] == {"2025-07-03": 2}
    assert found["policy"]["outcomes"] == {"ALERTED": 2, "KNOWN": 1}
    assert found["other_policy"]["outcomes"] == {"ALERTED": 2, "SEEDED": 1}
    assert found["events_decided_otherwise"] == 2
    settings = found["other_policy"]["settings"]
    assert (settings["policy.device-ttl"], settings["policy.first-login"], settings["policy.cooldown"]) == ("90d", "grace:1h", "5m")
    assert {line["event_id"]: line["other_policy"]["outcome"] for line in decisions(folder / "report")} == {
        "pc": "ALERTED", "back": "ALERTED", "new": "SEEDED"}
    other.write_text("policy.device-ttl=soon\n")
    done = replay(detector(), folder / "bad", "--policy", str(other), code=78)
    assert b"other.conf:1" in done.stderr and b"policy.device-ttl" in done.stderr and not (folder / "bad").exists()


def test_what_cannot_be_replayed_says_why(kafka, topics, detector, folder):
    program = detector()
    for words in (("--to", TO, "--report", "r"), ("--from", FROM, "--report", "r"), ("--from", FROM, "--to", TO),
                  ("--from", "yesterday", "--to", TO, "--report", "r"), ("--from", TO, "--to", FROM, "--report", "r"),
                  ("--from", FROM, "--to", TO, "--report", "r", "--warm-up", "long"),
                  ("--from", FROM, "--to", TO, "--report", str(folder / "no" / "such"))):
        done = program.command("replay", *words)
        assert done.returncode == 64 and b"--" in done.stderr, (words, done.stderr)
    assert replay(detector({"topic.events": "no-such-topic"}), folder / "r1", code=78).stderr.count(b"no-such-topic") == 1
    away = detector({"kafka.bootstrap.servers": f"127.0.0.1:{free_port()}"})
    assert b"kafka" in replay(away, folder / "r2", code=69).stderr
    assert [path.name for name in ("r1", "r2") for path in (folder / name).iterdir()] == [], "no half a report"


def pieces_of(terminal):
    """What was written to it, to the end, which is an error when nobody has the other side."""
    with suppress(OSError):
        while piece := os.read(terminal, 65536):
            yield piece


def test_progress_is_shown_on_a_terminal(kafka, topics, detector, folder):
    send(kafka, topics, [(login(f"e{number}", "m1", at=AT + number), None, None) for number in range(1200)])
    program = detector()
    main, side = pty.openpty()
    done = subprocess.run([program.binary, "--config", program.config, "replay", "--from", FROM, "--to", TO, "--report",
                           folder / "report"], stderr=side, stdout=subprocess.PIPE, timeout=60)
    os.close(side)
    said = b"".join(pieces_of(main))
    os.close(main)
    watch.text("replay on a terminal", said)
    assert done.returncode == 0 and b"512 of 1200 records, 42 %" in said and b"1200 events, 1 mails" in said


@pytest.fixture(scope="module")
def browser():
    assert AXE.is_file(), f"{AXE}: missing; tests/run.sh fetches it (LA_TEST_NODE names another folder)"
    with Browser() as one:
        yield one


def test_the_page_can_be_read_by_everybody_and_asks_for_nothing(kafka, topics, detector, folder, browser):
    hostile = "<script>alert(1)</script>\"'&" + "x" * 100
    send(kafka, topics, [(login(f"{hostile}{number}", f"m{number}", at=AT + number * DAY // 40, device_token=f"t{number}"), None, None)
                         for number in range(30)])
    other = folder / "other.conf"
    other.write_text("policy.first-login=silent\n")
    replay(detector({"decisions.publish": "all"}), folder / "report", "--compare", "--policy", str(other))  # all is missing
    page = folder / "report" / "report.html"
    text = page.read_text()
    assert "<script" not in text and not re.search(r"https?:|url\(|src=|href=|@import", text)
    for scheme, width in (("light", 1000), ("dark", 320)):
        browser.look(scheme, width)
        browser.open(page)
        assert browser.run("return document.documentElement.scrollWidth") <= width
        browser.run(AXE.read_text(encoding="utf-8"))
        found = browser.run_async("const done = arguments[0]; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa',"
                                  " 'wcag22aa', 'best-practice']}).then(done, problem => done({problem: String(problem)}))")
        told = [(rule["id"], node["html"], node["any"]) for rule in found["violations"] for node in rule["nodes"]]
        assert told == [] and len(found["passes"]) > 10, found.get("problem")
    assert browser.run("return document.querySelectorAll('script').length") == 0
    assert summary(folder / "report")["compare"]["missing"] == 90  # decision, alert and mail of each
