"""The bus, by the same C tests that run against the mock cluster, on a real Apache Kafka; and bus_tool on it."""
import json
import os
import re
import subprocess

import pytest

from services import SOURCE


@pytest.mark.parametrize("name", ["test_bus_kafka", "test_bus_kafka_check", "test_bus_kafka_groups", "test_bus_kafka_transactions", "test_range_kafka"])
def test_promises_hold_on_a_real_broker(build_dir, kafka, name):
    environment = {**os.environ, "LA_TEST_KAFKA": kafka.bootstrap}
    done = subprocess.run([build_dir / "tests" / f"adapter_{name}"], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=230)
    assert done.returncode == 0, re.split("(?=LeakSanitizer)", done.stdout)[0][-8000:]  # leaks of a test that failed come last
    assert "[  PASSED  ]" in done.stdout


def tool(build_dir, broker, *args, stdin="", timeout="60s"):
    command = [build_dir / "bin" / "bus_tool", "--broker", broker, "--timeout", timeout, *args]
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)


def test_tool_makes_topics_and_plays_events(build_dir, kafka):
    for _ in range(2):  # what exists is left alone
        made = tool(build_dir, kafka.bootstrap, "create", "tool-events", "tool-other", "--partitions", "3")
        assert made.returncode == 0, made.stderr
    events = (SOURCE / "tests" / "data" / "demo-events.jsonl").read_text()
    played = tool(build_dir, kafka.bootstrap, "produce", "tool-events", stdin=events)
    assert played.returncode == 0, played.stderr
    read = tool(build_dir, kafka.bootstrap, "consume", "tool-events")
    records = [json.loads(line) for line in read.stdout.splitlines()]
    assert len(records) == len(events.splitlines())
    assert {record["_key"] for record in records} == {json.loads(line)["member_id"] for line in events.splitlines()}
    by_member = {}
    for record in records:  # one member's events stay in one partition
        assert by_member.setdefault(record["_key"], record["_partition"]) == record["_partition"]
    behind = tool(build_dir, kafka.bootstrap, "wait-group", "tool-events", "tool-group", timeout="1s")
    assert behind.returncode == 69
    assert f"{len(records)} records behind" in behind.stderr


def test_tool_names_the_bad_line(build_dir, kafka):
    kafka.create_topics("tool-bad")
    event = '{"event_id": "1", "occurred_at": "2025-07-01T00:00:00Z", "member_id": "m"}\n'
    done = tool(build_dir, kafka.bootstrap, "produce", "tool-bad", stdin=event + "{broken\n")
    assert done.returncode == 65
    assert "line 2" in done.stderr
    assert len(tool(build_dir, kafka.bootstrap, "consume", "tool-bad").stdout.splitlines()) == 1
