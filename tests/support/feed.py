"""First logins of members that are new, for a detector: each must alert, once."""
import re
from datetime import datetime

from process import wait_until
from records import DEMO_START, committed, decode, encode, end_offsets, job_id, login, produce, read_topic


class Feed:
    def __init__(self, kafka, topics):
        self.kafka, self.topics = kafka, topics
        self.names = []

    def send(self, count=20):
        names = [f"c{number}" for number in range(len(self.names), len(self.names) + count)]
        self.names += names
        self._produce([login(name, f"m-{name}") for name in names])
        return names

    def send_again(self, names):
        """The same members, a minute later: nobody is to be told."""
        self._produce([login(f"{name}-again", f"m-{name}", at=DEMO_START + 60000) for name in names])

    def _produce(self, events):
        produce(self.kafka.bootstrap, self.topics.events, [(event["member_id"].encode(), encode(event)) for event in events])

    def settle(self, detector):
        """Until all is committed."""
        wait_until(lambda: committed(self.kafka.bootstrap, f"{self.topics.events}-detector", self.topics.events) ==
                   end_offsets(self.kafka.bootstrap, self.topics.events), 60,
                   lambda: f"all is committed\n{detector.stderr()[-4000:]}", interval=0.1)

    def jobs(self):
        return [decode(record.value, "AlertJob") for record in read_topic(self.kafka.bootstrap, self.topics.alerts)]

    def check(self, detector):
        """All is committed, and each login has its one alert, which may be there twice, as a job with the same id."""
        self.settle(detector)
        assert {(job["event_id"], job["job_id"]) for job in self.jobs()} == \
            {(name, job_id(name, DEMO_START)) for name in self.names}

    def check_single(self, detector):
        """Not even a repeat is there, unless a batch was read again (its session was over: the machine had no time for it)."""
        assert len(self.jobs()) == len(self.names) or "batch dropped" in detector.stderr()


def said(program, mark=0):
    """What it waits, or waited, for."""
    return [line for line in program.stderr()[mark:].splitlines() if "msg=waiting" in line]


SAY_EVERY_S = 25  # 30 by the program's clock, which is not the one that the lines have


def said_too_often(program, mark=0):
    """The lines of a wait that was said more than once, and then every 30 s."""
    wait = []
    for line in program.stderr()[mark:].splitlines():
        side = re.search(r"msg=waiting for=(\S+)", line)
        if side and wait and side[1] == wait[0][0]:
            wait.append((side[1], line))
            if (_when(line) - _when(wait[0][1])).total_seconds() < SAY_EVERY_S * (len(wait) - 1):
                return [one for _, one in wait]
        elif side:
            wait = [(side[1], line)]
        elif 'msg="going on"' in line or 'msg="detector runs"' in line or "msg=started" in line:  # it recovered, or was started again
            wait = []
    return []


def _when(line):
    return datetime.fromisoformat(re.search(r"time=(\S+)", line)[1].replace("Z", "+00:00"))
