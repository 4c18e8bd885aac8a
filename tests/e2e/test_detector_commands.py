"""The detector's commands that need no server: decide, keygen, --version, --help; and check without servers."""
import json
import os
import stat
import subprocess

import pytest

from process import free_port
from records import DEMO_START, job_id, login, member_ref, schema
from privacy import watch
from services import Program, write_hash_keys

HOUR = 3600000
CHROME_ON_WINDOWS = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                     "Chrome/126.0.0.0 Safari/537.36")


@pytest.fixture
def program(build_dir, folder):
    """program(settings): a detector with a key file, and nothing else."""
    def make(settings=None):
        keys = write_hash_keys(folder / "hash.keys")
        return Program("login-alert-detector", build_dir / "bin" / "login-alert-detector", folder / "program",
                       {"hash.keys.file": keys, **(settings or {})})
    return make


def decide(program, lines, *options, code=0):
    """Lines are events (dicts) or raw text; gives the decisions."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    done = program.command("decide", *options, stdin=text.encode())
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def outcomes(decisions):
    return [(decision["outcome"], decision["reason"]) for decision in decisions]


def test_decide_gives_one_line_for_each_event_with_state_in_memory(program):
    decisions = decide(program(), [
        login("e0", "m1"),
        login("e1", "m1", DEMO_START + HOUR),
        login("e2", "m1", DEMO_START + 2 * HOUR, device_token="another"),
        login("e3", "m1", DEMO_START + 3 * HOUR, device_token="pc", user_agent=CHROME_ON_WINDOWS),
        login("e4", "m1", DEMO_START + 4 * HOUR, result="FAILURE"),
        login("e5", "m2", DEMO_START),
    ])
    assert outcomes(decisions) == [("ALERTED", "FIRST_LOGIN"), ("KNOWN", None), ("ALERTED", "COOKIES_CLEARED"),
                                   ("ALERTED", "NEW_DEVICE"), ("IGNORED_RESULT", None), ("ALERTED", "FIRST_LOGIN")]
    assert decisions[0]["job_id"] == job_id("e0", DEMO_START)
    assert decisions[0]["member_ref"] == member_ref("m1")
    assert [(d["source_topic"], d["source_partition"], d["source_offset"]) for d in decisions] == [
        ("stdin", 0, number) for number in range(6)]


def test_decide_twice_gives_the_same_bytes(program):
    lines = "".join(json.dumps(login(f"e{i}", f"m{i % 5}", DEMO_START + i * HOUR, device_token=f"t{i % 7}")) + "\n"
                    for i in range(200)).encode()
    first = program().command("decide", "--jobs", stdin=lines)
    second = program().command("decide", "--jobs", stdin=lines)
    assert first.returncode == 0 and first.stdout.count(b"\n") == 200
    assert first.stdout == second.stdout


def test_decide_with_jobs_shows_the_alert_job_or_null(program):
    alerted, known = decide(program({"alert.max-age": "0"}), [login("e0", "m1"), login("e1", "m1", DEMO_START + HOUR)],
                            "--jobs")
    assert known["job"] is None
    job = alerted["job"]
    assert (job["job_id"], job["event_id"], job["mode"], job["reason"]) == (
        alerted["job_id"], "e0", "LIVE", "FIRST_LOGIN")
    assert (job["member_masked"], job["device_label"], job["device_class"], job["browser_label"]) == (
        "******321", "iPhone", "MOBILE", "chrome")
    assert job["not_after"] == 4102444800000
    assert job["recipient"] == {"email": "m1@example.jp", "member_id": "m1"}


def fields_of(record):
    return [field["name"] for field in schema(record)["fields"]]


def test_decide_writes_each_field_of_the_records_as_the_plain_value_of_its_type(program):
    minimal = {"event_id": "e", "occurred_at": "2025-07-01T00:00:00.5+09:00", "member_id": "m-\u3042"}
    alerted, again = decide(program(), [minimal, {**minimal, "event_id": "f", "tenant": None, "kind": None, "unknown": [1]}], "--jobs")
    revisions = {name: alerted[name] for name in ("policy_rev", "agent_rev")}
    assert all(len(bytes.fromhex(text)) == 8 for text in revisions.values())
    person = {"event_id": "e", "occurred_at": DEMO_START + 500, "member_ref": member_ref("m-\u3042"), "key_epoch": 1,
              "source_topic": "stdin", "source_partition": 0, "source_offset": 0, **revisions}
    job = alerted.pop("job")
    assert list(alerted) == fields_of("Decision") and list(job) == fields_of("AlertJob")
    assert alerted == {**person, "outcome": "ALERTED", "reason": "FIRST_LOGIN", "job_id": job_id("e", DEMO_START + 500)}
    assert job == {**person, "job_id": alerted["job_id"], "mode": "LIVE", "reason": "FIRST_LOGIN", "tenant": "default",
                   "not_after": DEMO_START + 500 + 24 * HOUR, "member_masked": "***", "device_label": "unknown",
                   "device_class": "UNKNOWN", "browser_label": "unknown", "app_label": None, "location_label": None,
                   "locale": None, "time_zone": None, "recipient": {"email": None, "member_id": "m-\u3042"},
                   "recipient_sealed": None, "suppressed_before": 0}
    assert again["reason"] == "COOKIES_CLEARED"  # neither has a token


def test_decide_says_of_a_refused_line_where_it_is_and_why_in_one_word(program):
    lines = ["no json", {**login("", "m1"), "_topic": "t", "_partition": 7, "_offset": 9}, login("e", "m1", at="soon")]
    rejected = decide(program(), lines, "--jobs")
    nowhere = {"reason": None, "job_id": None, "job": None, "outcome": "REJECTED", "event_id": "", "key_epoch": 1,
               "member_ref": "0" * 32, "source_topic": "stdin", "source_partition": 0}
    for number, decision in enumerate(rejected):
        assert [name for name in decision if name not in ("cause", "message", "job")] == fields_of("Decision")
        assert decision.pop("message") and decision.pop("policy_rev") and decision.pop("agent_rev")
        place = {"source_topic": "t", "source_partition": 7, "source_offset": 9} if number == 1 else {"source_offset": number}
        at, cause = (DEMO_START, "invalid_value") if number == 1 else (0, "undecodable")
        assert decision == {**nowhere, **place, "occurred_at": at, "cause": cause}


def test_decide_derives_ids_from_every_byte_of_tenant_id_and_time(program):
    rows = [("e", "m1", DEMO_START, "default"), ("e", "m1", DEMO_START + 1, "default"), ("e", "m1", DEMO_START, "defaul"),
            ("te", "m1", DEMO_START, "defaul"), ("\u4f1a" * 85 + "x", "\u54e1" * 85 + "y", 946684800000, "\U0001f5fb" * 64)]
    events = [login(event_id, member, at=at, tenant=tenant, device_token=str(number))
              for number, (event_id, member, at, tenant) in enumerate(rows)]
    for event, decision in zip(events, decide(program(), events), strict=True):
        assert decision["job_id"] == job_id(event["event_id"], event["occurred_at"], event["tenant"])
        assert decision["member_ref"] == member_ref(event["member_id"], event["tenant"])


def test_decide_takes_a_position_and_a_time_from_the_line(program):
    given = {"_topic": "t", "_partition": 3, "_offset": 77, "_timestamp": DEMO_START}
    late = {**login("e1", "m2", DEMO_START + 25 * HOUR), **given}
    decisions = decide(program(), [{**login("e0", "m1"), **given}, late])
    assert outcomes(decisions) == [("ALERTED", "FIRST_LOGIN"), ("REJECTED", None)]
    assert (decisions[0]["source_topic"], decisions[0]["source_partition"], decisions[0]["source_offset"]) == ("t", 3, 77)


@pytest.mark.parametrize("line", ["", "no json", "[]", "{}", '{"event_id": 1}',
                                  json.dumps(login("", "m1")), json.dumps(login("e", "m" * 257)),
                                  json.dumps(login("e", "m1", at=0))])
def test_decide_rejects_what_is_no_event_with_a_cause_and_goes_on(program, line):
    rejected, decided = decide(program(), [line, login("e0", "m1")])
    assert rejected["outcome"] == "REJECTED" and rejected["cause"] in ("undecodable", "invalid_value")
    assert rejected["source_offset"] == 0
    assert outcomes([decided]) == [("ALERTED", "FIRST_LOGIN")]


def test_decide_reads_no_line_to_its_end_that_is_too_long(program, folder):
    lines = folder / "lines"
    with lines.open("wb") as out:
        for _ in range(160):
            out.write(b"x" * (1 << 20))
        out.write(b"\n" + json.dumps(login("e-1", "m-1")).encode() + b"\n")
    started = program()
    with lines.open("rb") as source, (folder / "out").open("wb") as out, (folder / "log").open("wb") as log:
        child = subprocess.Popen([started.binary, "--config", started.config, "decide"], stdin=source, stdout=out, stderr=log)
        _, status, usage = os.wait4(child.pid, 0)
    watch.output(subprocess.CompletedProcess(child.args, status, stderr=(folder / "log").read_bytes()))
    assert os.waitstatus_to_exitcode(status) == 0
    decisions = [json.loads(line) for line in (folder / "out").read_text().splitlines()]
    assert [decision["outcome"] for decision in decisions] == ["REJECTED", "ALERTED"]
    assert decisions[0]["cause"] == "too_large"
    assert usage.ru_maxrss < 128 << 10  # KiB


def test_decide_takes_a_line_of_16_mib_and_not_a_byte_more(program):
    line = json.dumps({**login("e", "m1"), "more": ""})
    line = line[:-2] + "x" * ((16 << 20) - len(line)) + line[-2:]
    taken, refused = decide(program(), [line, line + " "])
    assert taken["outcome"] == "ALERTED" and (refused["outcome"], refused["cause"]) == ("REJECTED", "too_large")


def test_decide_without_keys_or_with_an_unknown_option_says_so(program):
    assert decide(program({"hash.keys.file": None}), [], code=78) == []
    done = program().command("decide", "--job")
    assert done.returncode == 64 and b"--job" in done.stderr


def test_keygen_makes_a_key_file_for_its_owner_only_and_never_over_one(program, folder):
    detector = program()
    path = folder / "new.keys"
    assert detector.command("keygen", path, config=False).returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    again = detector.command("keygen", path, config=False)
    assert again.returncode == 64 and str(path).encode() in again.stderr
    assert path.read_text() == text
    assert text.split()[4].encode() not in again.stderr


def test_keygen_rotates_in_two_steps(program, folder):
    detector = program()
    path = folder / "new.keys"
    assert detector.command("keygen", path, config=False).returncode == 0
    early = detector.command("keygen", "--activate", path, config=False)
    assert early.returncode == 65 and early.stderr
    assert detector.command("keygen", "--add", path, config=False).returncode == 0
    states = [line.split()[:2] for line in path.read_text().splitlines() if line[0].isdigit()]
    assert sorted(states) == [["1", "active"], ["2", "read"]]
    assert detector.command("keygen", "--activate", path, config=False).returncode == 0
    states = [line.split()[:2] for line in path.read_text().splitlines() if line[0].isdigit()]
    assert sorted(states) == [["1", "read"], ["2", "active"]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_version_and_help_need_nothing(program):
    version = program().command("--version", config=False)
    assert version.returncode == 0 and b"librdkafka" in version.stdout and b"hiredis" in version.stdout
    usage = program().command("--help", config=False)
    assert usage.returncode == 0 and b"decide" in usage.stdout
    assert program().command("no-such-command").returncode == 64
    assert program().command("keygen", config=False).returncode == 64


def test_check_names_each_server_that_is_away(program):
    away = program({"kafka.bootstrap.servers": f"127.0.0.1:{free_port()}",
                    "redis.url": f"redis://127.0.0.1:{free_port()}"})
    done = away.command("check")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 69, done.stderr
    assert [line for line in lines if line.startswith("error kafka: ")]
    assert [line for line in lines if line.startswith("error redis: redis://127.0.0.1:")]
    assert "ok hash.keys.file" in lines and "ok schemas" in lines
    assert any(line.startswith("policy.cap=10/1h") for line in lines), "the effective configuration is printed"


def test_check_names_every_problem_of_the_configuration(program, folder):
    open_keys = write_hash_keys(folder / "open.keys")
    open_keys.chmod(0o644)
    bad = program({"kafka.bootstrap.servers": f"127.0.0.1:{free_port()}", "redis.url": f"redis://127.0.0.1:{free_port()}",
                   "hash.keys.file": open_keys, "policy.capp": "1", "policy.cap": "many"})
    done = bad.command("check")
    output = (done.stdout + done.stderr).decode()
    assert done.returncode == 78
    assert "policy.capp" in output and "policy.cap" in output and "error redis" in output
    assert "warning hash.keys.file" in output and "0644" in output
    missing = program({"hash.keys.file": folder / "missing.keys"}).command("check")
    assert missing.returncode == 78 and "missing.keys" in (missing.stdout + missing.stderr).decode()
