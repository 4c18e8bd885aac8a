"""What `cmake --install` puts in place works from there."""
import json
import os
import re
import shutil
import subprocess

import pytest

from records import job_id
from services import write_hash_keys

JOB = {"occurred_at": "2025-07-01T00:00:00+09:00", "reason": "FIRST_LOGIN", "event_id": "e1", "tenant": "default",
       "job_id": "0123456789abcdef0123456789abcdef", "member_masked": "******321", "device_label": "iPhone",
       "device_class": "MOBILE", "browser_label": "chrome", "mode": "LIVE",
       "recipient": {"email": "hanako.sato@example.jp", "member_id": "m1"}}


@pytest.fixture
def prefix(build_dir, folder):
    """An installed tree that was moved after the installation."""
    made = folder / "made"
    subprocess.run(["cmake", "--install", build_dir, "--prefix", made], check=True, stdout=subprocess.DEVNULL)
    moved = folder / "usr"
    made.rename(moved)
    return moved


def run(program, *args, stdin=""):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOGIN_ALERT_")}
    return subprocess.run([program, *args], input=stdin.encode(), capture_output=True, timeout=120, cwd="/",
                          env=environment)


def test_every_file_has_its_place(prefix):
    installed = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}
    expected = {
        "bin/login-alert-detector", "bin/login-alert-mailer",
        *(f"share/login-alert/schemas/{name}.avsc" for name in ("LoginEvent", "AlertJob", "Decision", "Delivery")),
        *(f"share/login-alert/templates/jmb/{name}" for name in ("subject.txt", "body.txt", "body.html", "meta.conf")),
        "share/man/man1/login-alert-detector.1", "share/man/man1/login-alert-mailer.1",
        "share/doc/login-alert/examples/login-alert.conf",
    }
    assert expected <= installed, sorted(expected - installed)


def test_installed_programs_find_their_schemas_and_templates(prefix, folder):
    (folder / "job.json").write_text(json.dumps(JOB))
    done = run(prefix / "bin/login-alert-mailer", "render", "--job", folder / "job.json")
    assert done.returncode == 0, done.stderr.decode()
    assert b"\r\nMessage-ID: <0123456789abcdef0123456789abcdef@jal.com>\r\n" in done.stdout

    keys = write_hash_keys(folder / "hash.keys")
    event = {"event_id": "e1", "occurred_at": "2025-07-01T00:00:00+09:00", "member_id": "m1", "email": "m1@example.jp"}
    done = run(prefix / "bin/login-alert-detector", "--set", f"hash.keys.file={keys}", "decide", stdin=json.dumps(event))
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["job_id"] == job_id("e1", 1751295600000)


def test_the_same_programs_work_from_the_build_folder(build_dir, folder):
    (folder / "job.json").write_text(json.dumps(JOB))
    done = run(build_dir / "bin/login-alert-mailer", "render", "--job", folder / "job.json", "--out", folder / "out")
    assert done.returncode == 0, done.stderr.decode()
    assert {path.suffix for path in (folder / "out").iterdir()} == {".eml", ".txt", ".html"}


@pytest.mark.parametrize("name", ["login-alert-detector", "login-alert-mailer"])
def test_help_and_version_need_nothing(prefix, name):
    shutil.rmtree(prefix / "share")
    done = run(prefix / "bin" / name, "--version")
    assert done.returncode == 0 and name.encode() in done.stdout and b"librdkafka" in done.stdout
    done = run(prefix / "bin" / name, "--help")
    assert done.returncode == 0 and b"run" in done.stdout and b"check" in done.stdout
    assert run(prefix / "bin" / name, "frobnicate").returncode == 64
    assert run(prefix / "bin" / name).returncode == 64


@pytest.mark.parametrize("name", ["login-alert-detector", "login-alert-mailer"])
def test_the_man_page_names_every_command_and_every_key(prefix, name, request):
    page = (prefix / "share" / "man" / "man1" / f"{name}.1").read_text().replace("\\-", "-")
    usage = run(prefix / "bin" / name, "--help").stdout.decode()
    commands = {word for word in ("run", "check", "decide", "render", "send", "keygen") if re.search(rf"\b{word}\b", usage)}
    assert len(commands) >= 4
    assert [word for word in commands if not re.search(rf"^\.It Cm {word}\b", page, re.MULTILINE)] == []

    checked = request.getfixturevalue(name.removeprefix("login-alert-"))().command("check").stdout.decode()
    keys = {line.split("=")[0] for line in checked.splitlines() if re.match(r"[a-z.-]+=", line)}
    keys = {key for key in keys if not key.startswith("kafka.")}
    assert len(keys) > 20
    assert [key for key in sorted(keys) if not re.search(rf"(?<![a-z.-]){re.escape(key)}(?![a-z-])", page)] == []
