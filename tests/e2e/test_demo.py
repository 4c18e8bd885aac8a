"""deploy/demo.sh, as a newcomer runs it: README's first command."""
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from process import wait_until
from services import SOURCE, Mail
from stories import EXPECTED


PATIENCE_S = 900  # it builds


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the work tree as a clean clone has it: the demo of a developer is not overwritten."""
    copy = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=SOURCE,
                            check=True, stdout=subprocess.PIPE).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (SOURCE / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SOURCE / name, copy / name)
    yield copy
    shutil.rmtree(copy, ignore_errors=True)


def processes_of(checkout):
    """pids whose command line, folder or program lies in the checkout."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes() + os.fsencode(os.readlink(entry / "cwd"))
        except OSError:
            continue
        if os.fsencode(checkout) in words:
            found.add(int(entry.name))
    return found


def heed_interrupts():
    """Tests that were started in the background ignore SIGINT, and so would all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def demo(checkout, *args):
    return subprocess.Popen([checkout / "deploy" / "demo.sh", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=heed_interrupts,
                            env={**os.environ, "LA_DEMO_LIMIT_S": "200"})


def finish(process, timeout=PATIENCE_S):
    output = process.communicate(timeout=timeout)[0].decode()
    assert process.returncode == 0, output
    return output


def check_output(output):
    assert "\033" not in output  # no colours without a terminal
    rows = [line for line in output.splitlines() if re.match(r"^ ?\d+  \d\d-\d\d \d\d:\d\d  ", line)]
    assert len(rows) == len(EXPECTED)
    for number, (row, (outcome, reason, _)) in enumerate(zip(rows, EXPECTED.values()), 1):
        words = row.split()
        assert outcome in words and (reason is None or reason in words), row
        assert (f"{number:02}.eml" in words) == (outcome == "ALERTED"), row
        assert len(row) <= 100
    for line in (SOURCE / "tests" / "data" / "sample.txt").read_text().splitlines():
        assert line in output.splitlines()


def check_inbox(inbox):
    alerted = [f"{number:02}" for number, row in enumerate(EXPECTED.values(), 1) if row[0] == "ALERTED"]
    for suffix in ("eml", "txt", "html"):
        assert sorted(path.stem for path in inbox.glob(f"*.{suffix}") if path.stem != "index") == alerted
    assert (inbox / "01.txt").read_text() == (SOURCE / "tests" / "data" / "sample.txt").read_text()
    assert Mail("", [], (inbox / "01.eml").read_bytes()).message["To"] == "hanako.sato@example.jp"
    page = (inbox / "index.html").read_text()
    assert all(f'href="{name}.html"' in page for name in alerted)
    assert "http:" not in page and "https:" not in page and "<script" not in page


@pytest.mark.timeout(PATIENCE_S + 400)
def test_the_demo_shows_each_event_and_its_mail_and_leaves_nothing_behind(checkout):
    finish(demo(checkout))  # builds
    output = finish(demo(checkout))
    check_output(output)
    check_inbox(checkout / "inbox")
    wait_until(lambda: not processes_of(checkout), 60, lambda: processes_of(checkout))


@pytest.mark.timeout(PATIENCE_S + 400)
def test_an_interrupted_demo_leaves_no_process_behind(checkout):
    def at_once(process):
        wait_until(lambda: processes_of(checkout) or process.poll() is not None, 200, "it begins")
        time.sleep(0.5)  # the process is there before bash has read the script's first line

    def in_the_middle(process):
        wait_until((checkout / "build" / "demo" / "mailer.log").exists, 200, "the mailer starts")

    def interrupt(moment, number):
        """Its output, and how it ended: with 0 if it was over before the signal came."""
        shutil.rmtree(checkout / "build" / "demo", ignore_errors=True)
        process = demo(checkout)
        moment(process)
        process.send_signal(number)
        output = process.communicate(timeout=120)[0].decode()
        wait_until(lambda: not processes_of(checkout), 60, lambda: f"{moment}: {processes_of(checkout)}")
        return output, process.returncode

    for moment in (at_once, in_the_middle):
        for number in (signal.SIGINT, signal.SIGTERM):
            output, code = next((told for told in (interrupt(moment, number) for _ in range(5)) if told[1] != 0), ("", 0))
            assert code in (128 + number, -number), (moment, output)


@pytest.mark.timeout(PATIENCE_S + 400)
def test_a_killed_demo_takes_its_servers_along(checkout):
    log = checkout / "build" / "demo" / "mailer.log"
    log.unlink(missing_ok=True)
    process = demo(checkout)
    wait_until(log.exists, 200, "the mailer starts")
    process.kill()
    process.wait()
    wait_until(lambda: not processes_of(checkout), 60, lambda: processes_of(checkout))


@pytest.mark.timeout(PATIENCE_S + 400)
def test_the_demo_runs_on_a_real_kafka(checkout, jars):
    (checkout / "build").mkdir(exist_ok=True)
    if not (checkout / "build" / "jars").exists():
        (checkout / "build" / "jars").symlink_to(jars)
    check_output(finish(demo(checkout, "--kafka")))
    check_inbox(checkout / "inbox")
    wait_until(lambda: not processes_of(checkout), 60, lambda: processes_of(checkout))


@pytest.mark.timeout(PATIENCE_S + 400)
def test_the_demo_runs_on_an_existing_broker_in_topics_of_its_own(checkout, kafka):
    before = set(kafka.admin.list_topics(timeout=30).topics)
    check_output(finish(demo(checkout, "--broker", kafka.bootstrap)))
    made = {name for name in kafka.admin.list_topics(timeout=30).topics if not name.startswith("__")} - before
    assert len(made) == 6 and all(name.startswith("login-alert-demo-") for name in made)


@pytest.mark.timeout(PATIENCE_S + 400)
def test_a_kept_demo_goes_on_until_it_is_stopped(checkout):
    output = finish(demo(checkout, "--keep"))
    running = processes_of(checkout)
    assert len(running) >= 5  # Redis, broker, sink, detector, mailer
    try:
        send = output.split("Send an event")[1].split("See decisions")[0].strip()
        before = set((checkout / "build" / "demo" / "sink").glob("*.eml"))
        subprocess.run(["bash", "-c", send], cwd=checkout, check=True, timeout=120)
        wait_until(lambda: set((checkout / "build" / "demo" / "sink").glob("*.eml")) - before, 60, "one more mail")
    finally:
        stop = output.split("Stop it all")[1].splitlines()[0].strip()
        subprocess.run(["bash", "-c", stop], cwd=checkout, check=True, timeout=120)
    wait_until(lambda: not processes_of(checkout), 60, lambda: processes_of(checkout))


def test_the_demo_refuses_what_it_does_not_know(checkout):
    process = demo(checkout, "--frobnicate")
    assert "--frobnicate" in process.communicate(timeout=120)[0].decode()
    assert process.returncode == 64
    assert "--keep" in finish(demo(checkout, "--help"))
