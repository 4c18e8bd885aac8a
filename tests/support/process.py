"""A child process that cannot outlive its parent, with its output in a file."""
import ctypes
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

from privacy import current_test, is_program, watch

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    """Runs in the child between fork and exec: the kernel kills the child when the test run dies, however it dies."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


PORTS = range(20000, 32000)  # below those that the kernel gives to whoever asks for any (ip_local_port_range)
BLOCK = 100
_blocks, _ports = [], iter(())  # ours: a socket for each, as its lock


def _next_block():
    """A hundred ports that no other test process has, by a name in the abstract namespace: it ends with the process."""
    starts = list(PORTS[::BLOCK])
    random.shuffle(starts)
    for start in starts:
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0login-alert-test-ports-{start}")
        except OSError:
            lock.close()
            continue
        _blocks.append(lock)
        return iter(range(start, start + BLOCK))
    raise AssertionError("no block of ports is left")


def free_port():
    """A TCP port of the loopback interface that nobody listens on, nor gets by chance before it is used, or used again."""
    global _ports
    while True:
        port = next(_ports, None)
        if port is None:
            _ports = _next_block()
            continue
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


def wait_until(condition, timeout, what, interval=0.02):
    """Polls condition() until it gives something true, and returns that. Fails with `what` after timeout seconds, not
    before condition() was asked once more then: what took so long may have been this process."""
    deadline = time.monotonic() + timeout
    while True:
        is_late = time.monotonic() > deadline
        value = condition()
        if value:
            return value
        if is_late:
            raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(interval)


class Process:
    """One child. Its stdout and stderr go to the file `log`, which a restart continues."""

    def __init__(self, name, args, log, env=None, cwd=None):
        self.name = name
        self.args = [str(arg) for arg in args]
        self.log = Path(log)
        self.env = {**os.environ, **(env or {})}
        self.cwd = cwd
        self.popen = None

    def start(self):
        assert self.popen is None, f"{self.name} is started already"
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.env,
                                          cwd=self.cwd, preexec_fn=_die_with_parent)
        if is_program(self.args[0]):
            watch.kept.append(self.args[0])
        return self

    def _keep_log(self):
        if is_program(self.args[0]):
            watch.text(f"{current_test()}: {self.log}", self.output())

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen is not None and self.popen.poll() is None

    def ended(self):
        """The exit code of one that has ended by itself; None: it runs, or was never started."""
        return None if self.popen is None else self.popen.poll()

    def output(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def send(self, number):
        self.popen.send_signal(number)

    def wait(self, timeout):
        """Waits for the end and returns the exit code (negative: the signal)."""
        try:
            code = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {timeout} s:\n{self.output()[-4000:]}") from None
        self.popen = None
        self._keep_log()
        return code

    def terminate(self, timeout=60):
        """SIGTERM, and the exit code."""
        self.send(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        """SIGKILL: the crash."""
        self.send(signal.SIGKILL)
        return self.wait(60)

    def close(self):
        """Ends it in any case; for clean-up."""
        if self.popen is None:
            return
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGCONT)
            self.popen.kill()
        self.popen.wait()
        self.popen = None
        self._keep_log()

    def require_alive(self):
        if not self.alive():
            code = None if self.popen is None else self.popen.returncode
            raise AssertionError(f"{self.name} has ended (exit {code}):\n{self.output()[-4000:]}")
