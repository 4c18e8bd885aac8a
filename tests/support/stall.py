#!/usr/bin/python3
"""Runs a command, and stops one of its descendants after the other for a while, as a busy machine does.

    tests/support/stall.py SECONDS GAP build/venv/bin/python -m pytest tests/e2e/test_path.py

Between two stops it waits for up to GAP seconds. pytest itself is not stopped: its clock is what the tests go by. What is
stopped, and when, goes to stderr, or to the file LA_STALL_LOG. Who is stopped already (by a test) stays as he is.
"""
import os
import random
import signal
import subprocess
import sys
import time


def stat(pid):
    """(parent, state), or None: it has ended."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            state, parent = file.read().rsplit(")", 1)[1].split()[:2]
        return int(parent), state
    except OSError:
        return None


def descendants(pid):
    children = {}
    for other in map(int, filter(str.isdigit, os.listdir("/proc"))):
        found = stat(other)
        if found is not None:
            children.setdefault(found[0], []).append((other, found[1]))
    left = [pid]
    while left:
        for child, state in children.get(left.pop(), []):
            left.append(child)
            yield child, state


def words_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read().split("\0")
    except OSError:
        return []


def stop_one(root, seconds, log):
    words = {pid: words_of(pid) for pid, state in descendants(root) if state not in "TtZ"}
    pids = [pid for pid, found in words.items() if found and "pytest" not in found]
    if not pids:
        return
    pid = random.choice(pids)
    print(time.strftime("%H:%M:%S"), pid, os.path.basename(words[pid][0]), file=log, flush=True)
    try:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    seconds, gap = map(float, sys.argv[1:3])
    log = open(os.environ["LA_STALL_LOG"], "a") if "LA_STALL_LOG" in os.environ else sys.stderr
    child = subprocess.Popen(sys.argv[3:])
    while child.poll() is None:
        time.sleep(random.uniform(0.2, gap))
        stop_one(child.pid, seconds, log)
    return child.returncode


if __name__ == "__main__":
    sys.exit(main())
