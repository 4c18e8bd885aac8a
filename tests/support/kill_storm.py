"""Instances of the detector that are killed, hung and started again while they work; and what they wrote meanwhile."""
import random
import signal
import threading
import time
from collections import Counter

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from process import wait_until
from records import committed, end_offsets, open_transactions, read_topic

SESSION_S = 6
TRY_AGAIN = 75
SETTINGS = {
    "delivery.guarantee": "at_least_once",
    "decisions.publish": "all",
    "batch.max-events": "50",  # many batches, so that a kill finds one at any step
    "kafka.session.timeout.ms": str(SESSION_S * 1000),
    "kafka.heartbeat.interval.ms": "1500",
}


def require_taken_for_another(program):
    """That is why it has ended this time."""
    assert "the group has another member with our group.instance.id" in program.stderr()[program.before:]


def supervise(program):
    """As a supervisor does: one that its group took for another, as after a broker's restart, is started again. True: it was."""
    code = program.process.ended()
    if code is None:
        return False
    if code != TRY_AGAIN:
        program.process.require_alive()  # says how it ended
    require_taken_for_another(program)
    program.process.wait(1)
    program.start()
    return True


class Tail:
    """Reads topics from their beginning, in a thread of its own, through broker restarts, to tell how far it is; what was
    written in the end is read once more, by another consumer."""

    def __init__(self, bootstrap, topics):
        self.bootstrap = bootstrap
        self.counts = dict.fromkeys(topics, 0)
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test-tail", "enable.auto.commit": False,
                                  "fetch.wait.max.ms": 10, "log_level": 0})
        self.consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for topic in topics
                              for number in self.consumer.list_topics(topic, timeout=30).topics[topic].partitions])
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopping.is_set():
            for message in self.consumer.consume(500, 0.02):
                if message.error() is None:
                    self.counts[message.topic()] += 1

    def count(self, topic):
        return self.counts[topic]

    def finish(self):
        """All that is there, once no transaction is under way any more; topic -> its records in (partition, offset) order."""
        self.close()
        wait_until(lambda: not open_transactions(self.bootstrap, self.counts), 60, "transactions are over", 0.1)
        return {topic: read_topic(self.bootstrap, topic, settle=0) for topic in self.counts}

    def close(self):
        if not self.stopping.is_set():
            self.stopping.set()
            self.thread.join()
            self.consumer.close()


class Storm:
    """Kills one instance after another, each while a burst of events is worked on.

    A kill waits until some of the burst was decided, then a moment. `faults` (index of the kill -> function) breaks
    servers between kills. One that ends by itself with "try again" (its name in the group was taken, by a join of its
    own that a restarted broker took for another's) is started again, as a supervisor does; no other end is allowed.
    """

    def __init__(self, instances, feed, tail, decisions, seed):
        self.instances = instances
        self.feed, self.tail, self.decisions = feed, tail, decisions
        self.rng = random.Random(seed)
        self.hung = None
        self.resume_at = 0
        self.counts = Counter()

    def run(self, kills, faults=None):
        faults = faults or {}
        for program in self.instances:
            program.start()
        while self.counts["kill"] < kills:
            seen = self.tail.count(self.decisions)
            left = kills - self.counts["kill"]
            burst = max(2, (len(self.feed.sent) - self.feed.released) // (left + 2))  # something is left, however often one hangs
            self.feed.release(burst)
            self._await_decisions(seen + self.rng.randrange(1, burst // 2 + 1))
            time.sleep(self.rng.choice((0, 0, self.rng.uniform(0, 0.03))))
            if self.hung is None and self.rng.random() < 0.15:
                self._hang()
            else:
                self._kill()
                if self.counts["kill"] in faults:
                    faults[self.counts["kill"]]()
        self.feed.finish()

    def _supervise(self):
        self._resume_when_due()
        self.counts["try again"] += sum(map(supervise, self.instances))

    def _await_decisions(self, count):
        def reached():
            self._supervise()
            return self.tail.count(self.decisions) >= count

        wait_until(reached, 200, lambda: f"{count} decisions, only {self.tail.count(self.decisions)} came; "
                                         f"so far {dict(self.counts)}", interval=0.002)

    def _kill(self):
        program = self._victim()
        if program is self.hung:
            self.hung = None
            self.counts["kill of a hung one"] += 1
        program.kill()  # one that ended by itself just now is started again here
        self.counts["kill"] += 1
        time.sleep(self.rng.choice((0, 0, self.rng.uniform(0, 1))))
        program.start()

    def _victim(self):
        """Seldom the last one: without a name in the group its restart waits until the session before is over."""
        if self.hung is not None and self.rng.random() < 0.05:
            return self.hung
        awake = [program for program in self.instances if program is not self.hung]
        return self.rng.choices(awake, [1 if program is self.instances[-1] else 3 for program in awake])[0]

    def _hang(self):
        """From now on it hangs, for longer than its session; when it goes on it is a zombie."""
        self.hung = self.rng.choice(self.instances)
        self.hung.process.send(signal.SIGSTOP)
        self.resume_at = time.monotonic() + SESSION_S + self.rng.uniform(1, 4)
        self.counts["hang"] += 1

    def _resume_when_due(self):
        if self.hung is not None and time.monotonic() >= self.resume_at:
            self._resume()

    def _resume(self):
        self.hung.process.send(signal.SIGCONT)
        self.hung = None
        self.counts["zombie"] += 1

    def settle(self, bootstrap, group, topic, timeout=300):
        """Until every offset is committed; then all instances end well."""
        ends = self.feed.ends()
        stored = end_offsets(bootstrap, topic)
        assert stored == ends, f"the feed is in the topic as it was sent: {stored}, {ends}"

        def done():
            self._supervise()
            return self.hung is None and committed(bootstrap, group, topic) == ends

        wait_until(done, timeout, lambda: f"all is committed: {committed(bootstrap, group, topic)} of {ends}",
                   interval=0.3)
        for program in self.instances:
            code = program.terminate()
            if code == TRY_AGAIN:  # said while all was committed already
                require_taken_for_another(program)
                self.counts["try again"] += 1
            else:
                assert code == 0
        assert committed(bootstrap, group, topic) == ends
