"""Crashes and servers that go away: nothing is lost, nothing is made up, work goes on."""
import os
import signal
import time

from process import wait_until
from records import DEMO_START, committed, decode, encode, end_offsets, job_id, login, produce, read_topic

# A group that notices soon that a member is gone.
QUICK = {"kafka.consumer.session.timeout.ms": "1500", "kafka.consumer.heartbeat.interval.ms": "300"}


def settle(bootstrap, topics, program):
    """Until all is committed."""
    wait_until(lambda: committed(bootstrap, f"{topics.events}-detector", topics.events) == end_offsets(bootstrap, topics.events),
               60, lambda: f"all offsets are committed\n{program.stderr()[-3000:]}", interval=0.1)


def send_logins(bootstrap, topic, count, first=0):
    """count first logins, each of another member: each must alert."""
    names = [f"e{number}" for number in range(first, first + count)]
    produce(bootstrap, topic, [(name.encode(), encode(login(name, f"m-{name}"))) for name in names])
    return set(names)


def alerts(bootstrap, topics, count=0, timeout=60):
    """event_id -> set of job ids."""
    found = {}
    for record in read_topic(bootstrap, topics.alerts, count, timeout):
        job = decode(record.value, "AlertJob")
        found.setdefault(job["event_id"], set()).add(job["job_id"])
    return found


def wait_for_alerts(bootstrap, topics, names, timeout=60):
    """Until each name has its alert; then that there is no other, and that repeats are equal."""
    wait_until(lambda: names <= alerts(bootstrap, topics).keys(), timeout,
               lambda: f"missing: {sorted(names - alerts(bootstrap, topics).keys())[:10]}", interval=0.3)
    found = alerts(bootstrap, topics)
    assert found == {name: {job_id(name, DEMO_START)} for name in names}


def test_a_detector_killed_at_any_moment_loses_no_alert(kafka, topics, detector):
    names = set()
    for first in (0, 1000, 2000):
        done = len(alerts(kafka.bootstrap, topics))
        names |= send_logins(kafka.bootstrap, topics.events, 1000, first=first)
        program = detector({"batch.max-events": "20", **QUICK}).start()
        wait_until(lambda: len(alerts(kafka.bootstrap, topics)) > done, 60, "progress", interval=0.05)
        program.kill()
    program = detector(QUICK).start()
    settle(kafka.bootstrap, topics, program)
    wait_for_alerts(kafka.bootstrap, topics, names)


def test_a_redis_that_was_killed_and_comes_back_is_used_again(kafka, topics, redis_server, detector):
    program = detector().start()
    names = send_logins(kafka.bootstrap, topics.events, 50)
    wait_for_alerts(kafka.bootstrap, topics, names)
    redis_server.kill()
    names |= send_logins(kafka.bootstrap, topics.events, 50, first=50)
    again = [(b"e1", encode(login("again", "m-e1", at=DEMO_START + 1000)))]  # known from before the kill
    produce(kafka.bootstrap, topics.events, again)
    wait_until(lambda: "msg=waiting for=redis" in program.stderr(), 60, program.stderr)
    time.sleep(1)
    program.process.require_alive()
    redis_server.start()
    settle(kafka.bootstrap, topics, program)
    wait_for_alerts(kafka.bootstrap, topics, names)
    assert program.terminate() == 0


def test_sigterm_ends_a_detector_that_waits_for_redis(kafka, topics, redis_server, detector):
    program = detector().start()
    names = send_logins(kafka.bootstrap, topics.events, 5)
    wait_for_alerts(kafka.bootstrap, topics, names)
    redis_server.suspend()
    more = send_logins(kafka.bootstrap, topics.events, 5, first=5)
    wait_until(lambda: "msg=waiting for=redis" in program.stderr(), 60, program.stderr)
    assert program.terminate(timeout=25) in (0, 75)  # while Redis hangs
    redis_server.resume()
    detector().start()  # what was handed back is decided by the next one
    wait_for_alerts(kafka.bootstrap, topics, names | more)


def test_a_broker_that_restarts_is_waited_for(own_kafka, topics, detector, mailer, smtp_sink):
    own_kafka.create_topics(*topics.names.values())
    settings = {"kafka.bootstrap.servers": own_kafka.bootstrap}
    programs = [detector(settings).start(), mailer(settings).start()]
    names = send_logins(own_kafka.bootstrap, topics.events, 30)
    smtp_sink.wait_for(30)
    for program in programs:
        wait_until(lambda: program.http("/readyz") == (200, "ok\n"), 60, lambda: program.http("/readyz"))
    own_kafka.process.kill()
    for program in programs:
        wait_until(lambda: "broker: no kafka broker answers: " in program.http("/readyz")[1], 60, lambda: program.http("/readyz"))
        assert program.http("/readyz")[0] == 503
        assert program.http("/livez") == (200, "ok\n")
    own_kafka.start()
    names |= send_logins(own_kafka.bootstrap, topics.events, 30, first=30)
    wait_for_alerts(own_kafka.bootstrap, topics, names)
    wait_until(lambda: len({mail.message["Message-ID"] for mail in smtp_sink.mails()}) == 60, 60, "60 mails")
    for program in programs:
        wait_until(lambda: program.http("/readyz") == (200, "ok\n"), 60, lambda: program.http("/readyz"))
    assert [program.terminate() for program in programs] == [0, 0]


def test_a_program_that_hung_past_its_session_makes_no_wrong_alert(kafka, topics, detector):
    settings = {"batch.max-events": "50", **QUICK}
    first = detector(settings).start()
    names = send_logins(kafka.bootstrap, topics.events, 500)
    wait_until(lambda: len(alerts(kafka.bootstrap, topics)) > 20, 60, "progress", interval=0.05)
    os.kill(first.process.pid, signal.SIGSTOP)
    detector(settings).start()
    names |= send_logins(kafka.bootstrap, topics.events, 500, first=500)
    wait_for_alerts(kafka.bootstrap, topics, names)
    os.kill(first.process.pid, signal.SIGCONT)
    names |= send_logins(kafka.bootstrap, topics.events, 200, first=1000)
    wait_for_alerts(kafka.bootstrap, topics, names)
    assert first.terminate() == 0
