"""First logins of members that are new, for a detector: each must alert, once."""
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


def said(program, mark=0):
    """What it waits, or waited, for."""
    return [line for line in program.stderr()[mark:].splitlines() if "msg=waiting" in line]
