"""Two mailers, killed and hung in the middle of their work: every job is mailed, and twice only where the gap allows it.

LA_ONCE_JOBS=20000 LA_ONCE_KILLS=30 for the long run (about 10 minutes); LA_ONCE_SEED for other moments.
"""
import os
import random
import signal
import time
from collections import Counter, defaultdict

import pytest

from jobs import QUICK, done, job, send_jobs
from process import free_port, wait_until
from records import decode, end_offsets, read_topic
from smtp_sink import Sink

JOBS = int(os.environ.get("LA_ONCE_JOBS", "400"))
KILLS = int(os.environ.get("LA_ONCE_KILLS", "3"))
CONNECTIONS = 4


@pytest.fixture
def relay(folder):
    one = Sink(folder / "relay", free_port(), delay=0.01 if JOBS < 2000 else 0)
    one.start()
    yield one
    one.stop()


def message_id(data):
    return next(line for line in data.split(b"\r\n") if line.startswith(b"Message-ID: ")).split(b" ")[1].decode()


def mails_by_id(relay):
    """Message-ID -> [(connection, recipients, bytes)], in the order of acceptance."""
    found = defaultdict(list)
    for envelope, data in relay.mails:
        found[message_id(data)].append((envelope["connection"], envelope["rcpt_to"], data))
    return found


def test_two_mailers_killed_and_hung_mail_every_job_once_but_for_the_gap(kafka, topics, mailer, relay):
    chance = random.Random(int(os.environ.get("LA_ONCE_SEED", "1")))
    settings = {"smtp.url": relay.url, "smtp.connections": str(CONNECTIONS), **QUICK, "kafka.consumer.session.timeout.ms": "1500"}
    send_jobs(kafka.bootstrap, topics.alerts, [job(i, f"u{i}@example.jp") for i in range(JOBS)])
    programs = [mailer(settings).start() for _ in range(2)]

    def taken():
        return relay.server.mailbox.count

    for kill in range(KILLS):
        wait_until(lambda: taken() >= (kill + 1) * JOBS * 3 // 4 // (KILLS + 1), 120, lambda: f"{taken()} mails")
        time.sleep(chance.uniform(0, 0.1))
        victim = chance.randrange(2)
        programs[victim].kill()
        programs[victim] = mailer(settings).start()
    wait_until(lambda: "partitions assigned" in programs[0].stderr() and "partitions assigned" in programs[1].stderr()
               or done(kafka.bootstrap, topics) == JOBS, 60, "both have work")
    hung = programs[chance.randrange(2)]
    os.kill(hung.process.pid, signal.SIGSTOP)
    wait_until(lambda: done(kafka.bootstrap, topics) == JOBS, 120 + JOBS / 50,
               lambda: f"{done(kafka.bootstrap, topics)} of {JOBS} committed", interval=0.2)
    os.kill(hung.process.pid, signal.SIGCONT)  # it finds that its claims and its partitions are others'
    assert [program.terminate() for program in programs] == [0, 0]

    found = mails_by_id(relay)
    assert found.keys() == {f"<{i:032x}@jal.com>" for i in range(JOBS)}
    repeats = {name: mails for name, mails in found.items() if len(mails) > 1}
    last = {envelope["connection"]: message_id(data) for envelope, data in relay.mails}
    for name, mails in repeats.items():
        assert len({(tuple(rcpt_to), data) for _, rcpt_to, data in mails}) == 1  # the same, byte for byte
        for connection, _, _ in mails[:-1]:
            assert last[connection] == name, f"{name} was sent twice for no reason: its mailer went on after the first"
    assert sum(len(mails) - 1 for mails in repeats.values()) <= (KILLS + 1) * CONNECTIONS
    print(f"{JOBS} jobs, {KILLS} kills and a hang: {len(repeats)} repeated")

    written = sum(end_offsets(kafka.bootstrap, topics.deliveries).values())
    outcomes = defaultdict(set)
    for record in read_topic(kafka.bootstrap, topics.deliveries, written, 60):
        delivery = decode(record.value, "Delivery")
        outcomes[int(delivery["job_id"], 16)].add(delivery["outcome"])
    assert outcomes.keys() == set(range(JOBS))
    assert set().union(*outcomes.values()) <= {"SENT", "DUPLICATE"}
    print(Counter(tuple(sorted(seen)) for seen in outcomes.values()))
    assert relay.violations == []


POINTS = ["claimed", "final-dot", "mail-taken", "marked", "before-delivery", "delivery-acknowledged", "before-commit",
          "after-commit"]
GAP = {"final-dot", "mail-taken"}  # the relay may have the mail, and the ledger does not say so


def test_a_mailer_that_dies_at_any_step_repeats_a_mail_only_in_the_gap(kafka, topics, mailer, relay):
    """One after the other, each dies at another step of its first mail; static members, so that none waits for the last."""
    settings = {"smtp.url": relay.url, "smtp.connections": "1", "kafka.consumer.group.instance.id": "one", **QUICK}
    for number, point in enumerate(POINTS):
        send_jobs(kafka.bootstrap, topics.alerts, [job(number, f"{point}@example.jp")])
        program = mailer(settings)
        program.process.env["LA_CRASH_POINT"] = point
        assert program.start().process.wait(60) == 137, program.stderr()
    program = mailer(settings).start()
    wait_until(lambda: done(kafka.bootstrap, topics) == len(POINTS), 60, program.stderr)
    assert program.terminate() == 0
    found = mails_by_id(relay)
    assert found.keys() == {f"<{number:032x}@jal.com>" for number in range(len(POINTS))}
    repeats = sum(len(mails) - 1 for mails in found.values())
    assert repeats <= len(GAP)
    for mails in found.values():
        assert len({data for _, _, data in mails}) == 1


def test_a_job_that_is_delivered_again_is_a_duplicate(kafka, topics, mailer, relay, redis_server):
    program = mailer({"smtp.url": relay.url}).start()
    jobs = [job(i, f"u{i}@example.jp") for i in range(20)]
    send_jobs(kafka.bootstrap, topics.alerts, jobs)
    wait_until(lambda: done(kafka.bootstrap, topics) == 20, 60, program.stderr)
    redis_server.kill()
    send_jobs(kafka.bootstrap, topics.alerts, jobs)
    wait_until(lambda: "msg=waiting for=redis" in program.stderr(), 60, program.stderr)
    assert done(kafka.bootstrap, topics) == 20
    redis_server.start()  # with its data
    wait_until(lambda: done(kafka.bootstrap, topics) == 40, 60, program.stderr)
    assert 'msg="going on" after=redis' in program.stderr()
    assert program.terminate() == 0
    assert len(relay.mails) == 20
    outcomes = Counter(decode(record.value, "Delivery")["outcome"]
                       for record in read_topic(kafka.bootstrap, topics.deliveries, 40))
    assert outcomes == {"SENT": 20, "DUPLICATE": 20}


def test_a_second_relay_is_used_while_the_first_one_is_away(kafka, topics, mailer, relay, folder):
    second = Sink(folder / "second", free_port())
    second.start()
    relay.stop()
    program = mailer({"smtp.url": f"{relay.url} {second.url}", "smtp.rate": "20"}).start()
    send_jobs(kafka.bootstrap, topics.alerts, [job(i, f"u{i}@example.jp") for i in range(30)])
    wait_until(lambda: done(kafka.bootstrap, topics) == 30, 60, program.stderr)
    second.stop()
    times = sorted(envelope["time"] for envelope, _ in second.mails)
    assert len(times) == 30
    assert times[-1] - times[0] >= 29 / 20 / 2  # by the rate, though the first may have been late; else all come at once
    assert f"127.0.0.1:{relay.port}" in program.stderr()
    assert program.terminate() == 0
    assert {decode(record.value, "Delivery")["relay"] for record in read_topic(
        kafka.bootstrap, topics.deliveries, 30)} == {f"127.0.0.1:{second.port}"}
