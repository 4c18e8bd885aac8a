"""Whatever ails brokers and topics: the detector waits, or goes on by itself, and no alert is lost or doubled."""
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest

from feed import said
from process import wait_until
from proxy import Proxy
from records import DEMO_START, committed, decode, encode, end_offsets, job_id, login, produce, read_topic
from services import Kafka, Topics

QUICK = {"kafka.consumer.heartbeat.interval.ms": "300"}  # hears of a rebalance soon; who is stopped for a moment stays in the group


@pytest.fixture(scope="module")
def far_kafka(jars):
    """A broker that clients reach through `proxy` only."""
    folder = Path(tempfile.mkdtemp(prefix="la-kafka-"))
    proxy = Proxy(0)
    server = Kafka(folder, jars, {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}"})
    proxy.target_port = server.port
    server.bootstrap = f"127.0.0.1:{proxy.port}"
    server.proxy = proxy
    try:
        yield server.start()
    finally:
        server.close()
        proxy.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def far(far_kafka):
    """Topics there, and the settings that lead to them."""
    made = Topics()
    far_kafka.create_topics(*made.names.values())
    made.place = {"kafka.bootstrap.servers": far_kafka.bootstrap, **made.settings()}
    return made


def send(bootstrap, topic, count, first=0):
    names = [f"e{number}" for number in range(first, first + count)]
    produce(bootstrap, topic, [(name.encode(), encode(login(name, f"m-{name}"))) for name in names])
    return set(names)


def alerts(bootstrap, topic):
    return [decode(record.value, "AlertJob") for record in read_topic(bootstrap, topic)]


def wait_for_alerts(bootstrap, topic, names, program, timeout=60):
    """Until each has its alert; a repeat is the same job, and there is no other."""
    def ids():
        return {(job["event_id"], job["job_id"]) for job in alerts(bootstrap, topic)}

    wanted = {(name, job_id(name, DEMO_START)) for name in names}
    wait_until(lambda: wanted <= ids(), timeout, lambda: f"{len(ids())} of {len(wanted)}:\n{program.stderr()[-3000:]}",
               interval=0.3)
    assert ids() == wanted


def wait_for_log(program, *words, timeout=60, mark=0):
    """Until one of the words is there."""
    wait_until(lambda: any(word in program.stderr()[mark:] for word in words), timeout,
               lambda: f"{words}:\n{program.stderr()[-3000:]}")


def wait_until_all_is_committed(kafka, topics, *programs):
    wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) ==
               end_offsets(kafka.bootstrap, topics.events), 60,
               lambda: "all is committed\n" + "".join(program.stderr()[-3000:] for program in programs), 0.1)


def start_and_hold(program, step, folder):
    """It stands still at that step of consumer/common/crash_point.h until the file that this gives is gone."""
    hold = folder / "held"
    program.process.env |= {"LA_CRASH_POINT": step, "LA_CRASH_HOLD": str(hold)}
    program.start()
    return hold


def test_a_line_to_the_broker_that_is_slow_and_cut_again_and_again_costs_nothing(far_kafka, far, detector):
    program = detector({**far.place, "batch.max-events": "50"}).start()
    names = send(far_kafka.bootstrap, far.events, 50)
    wait_for_alerts(far_kafka.bootstrap, far.alerts, names, program)
    far_kafka.proxy.delay = 0.02
    for number in range(1, 6):
        names |= send(far_kafka.bootstrap, far.events, 100, first=100 * number)
        time.sleep(0.1)  # somewhere in a batch
        wait_until(far_kafka.proxy.cut, 60, "it has connected again, and is cut")
    far_kafka.proxy.delay = 0
    wait_for_alerts(far_kafka.bootstrap, far.alerts, names, program)
    assert program.terminate() == 0


# Its session outlives the time that it has to end in: losing its partitions must not be what ends it. Its successor has its
# name in the group, so that nobody waits for that session's end.
STAYS = {"kafka.consumer.session.timeout.ms": "60000", "kafka.consumer.group.instance.id": "one"}


def must_end_in_its_time(program):
    """Which is 5 s here (shutdown.timeout), and what a busy machine takes; the broker never comes back meanwhile."""
    assert program.terminate(timeout=25) == 0


@pytest.mark.parametrize("guarantee", ["at_least_once", "exactly_once"])
def test_sigterm_ends_a_detector_in_its_time_when_the_broker_hangs(far_kafka, far, detector, guarantee, folder):
    program = detector({**far.place, **STAYS, "delivery.guarantee": guarantee, "batch.max-events": "100", "shutdown.timeout": "5s"})
    hold = start_and_hold(program, "written:4", folder)  # after the first two, in the middle of what comes then
    names = send(far_kafka.bootstrap, far.events, 2)
    wait_for_alerts(far_kafka.bootstrap, far.alerts, names, program)
    names |= send(far_kafka.bootstrap, far.events, 500, first=2)
    wait_until(hold.exists, 60, program.stderr)
    far_kafka.process.send(signal.SIGSTOP)
    try:
        hold.unlink()
        wait_for_log(program, "msg=waiting for=broker")
        must_end_in_its_time(program)
    finally:
        far_kafka.process.send(signal.SIGCONT)
    successor = detector({**far.place, **STAYS}).start()  # what was handed back is decided by the next one
    wait_for_alerts(far_kafka.bootstrap, far.alerts, names, successor)
    assert successor.terminate() == 0


def test_sigterm_ends_a_detector_in_its_time_when_the_broker_hangs_at_a_commit(far_kafka, far, detector, folder):
    program = detector({**far.place, **STAYS, "shutdown.timeout": "5s"})
    hold = start_and_hold(program, "before-commit", folder)
    names = send(far_kafka.bootstrap, far.events, 10)
    wait_until(hold.exists, 60, program.stderr)
    far_kafka.process.send(signal.SIGSTOP)
    try:
        hold.unlink()
        wait_for_log(program, "msg=waiting for=broker")
        must_end_in_its_time(program)
    finally:
        far_kafka.process.send(signal.SIGCONT)
    successor = detector({**far.place, **STAYS}).start()
    wait_for_alerts(far_kafka.bootstrap, far.alerts, names, successor)
    assert successor.terminate() == 0


def test_sigterm_ends_a_mailer_in_its_time_when_the_broker_hangs(far_kafka, far, detector, mailer, smtp_sink):
    maker = detector(far.place).start()
    names = send(far_kafka.bootstrap, far.events, 300)
    wait_for_alerts(far_kafka.bootstrap, far.alerts, names, maker)
    assert maker.terminate() == 0
    program = mailer({**far.place, "shutdown.timeout": "5s"}).start()
    wait_until(lambda: smtp_sink.count() > 0, 60, program.stderr)
    far_kafka.process.send(signal.SIGSTOP)  # mails are under way, and what became of them cannot be said
    try:
        must_end_in_its_time(program)
    finally:
        far_kafka.process.send(signal.SIGCONT)


def test_topics_that_are_made_later_are_used(kafka, topics, detector):
    later = Topics()
    started = time.monotonic()
    program = detector({**QUICK, "kafka.topic.metadata.refresh.interval.ms": "2000", "topic.events": later.events,
                        "topic.alerts": later.alerts}).start()
    wait_for_log(program, f"msg=waiting for=broker why=\"topic {later.events}:")
    kafka.create_topics(later.events)
    names = send(kafka.bootstrap, later.events, 20)
    wait_for_log(program, "msg=waiting for=broker why=\"the broker has not acknowledged all outputs")
    waits = said(program)
    assert len(waits) <= 2 + (time.monotonic() - started) // 30, waits
    kafka.create_topics(later.alerts)
    wait_for_alerts(kafka.bootstrap, later.alerts, names, program)
    assert program.terminate() == 0


def test_a_topic_that_is_deleted_and_made_again_is_read_from_its_start(kafka, topics, detector):
    program = detector({**QUICK, "kafka.topic.metadata.refresh.interval.ms": "2000"}).start()
    names = send(kafka.bootstrap, topics.events, 40)
    wait_for_alerts(kafka.bootstrap, topics.alerts, names, program)
    mark = len(program.stderr())
    kafka.delete_topic(topics.events)
    wait_for_log(program, "msg=\"partitions revoked\"", "msg=\"partitions lost\"", mark=mark)  # the latter: it stood still
    kafka.create_topics(topics.events)
    names |= send(kafka.bootstrap, topics.events, 20, first=40)  # at offsets that were committed before
    wait_for_alerts(kafka.bootstrap, topics.alerts, names, program)
    wait_until_all_is_committed(kafka, topics, program)
    assert program.terminate() == 0


def test_records_that_are_gone_before_they_were_read_are_said_and_the_next_ones_are_read(kafka, topics, detector):
    program = detector().start()
    names = send(kafka.bootstrap, topics.events, 20)
    wait_until_all_is_committed(kafka, topics, program)
    assert program.terminate() == 0
    assert "records are gone" not in program.stderr()
    send(kafka.bootstrap, topics.events, 20, first=20)
    kafka.delete_records(topics.events, end_offsets(kafka.bootstrap, topics.events))  # as retention does
    names |= send(kafka.bootstrap, topics.events, 20, first=40)
    program.start()
    wait_for_alerts(kafka.bootstrap, topics.alerts, names, program)
    gone = [line for line in program.stderr().splitlines() if "level=error" in line and "records are gone" in line]
    assert gone and all(topics.events in line for line in gone), program.stderr()
    assert program.terminate() == 0


def test_an_alert_topic_that_takes_no_record_of_that_size_is_waited_for(kafka, topics, detector):
    small = Topics()
    kafka.create_topics(small.alerts, config={"max.message.bytes": "100"})
    program = detector({**QUICK, "topic.alerts": small.alerts}).start()
    names = send(kafka.bootstrap, topics.events, 20)
    wait_until(lambda: any(small.alerts in line and "too large" in line.lower() for line in said(program)), 60, program.stderr)
    assert sum(committed(kafka.bootstrap, f"{topics.events}-detector", topics.events).values()) == 0
    kafka.configure_topic(small.alerts, "max.message.bytes", "1000000")
    wait_for_alerts(kafka.bootstrap, small.alerts, names, program)
    assert program.terminate() == 0


def written(bootstrap, topic, role):
    """Of which events a reader of what is committed sees a record, as often as it is there."""
    name = "AlertJob" if role == "alerts" else "Decision"
    return sorted(decode(record.value, name)["event_id"] for record in read_topic(bootstrap, topic))


@pytest.mark.parametrize("role, limit", [("alerts", 1000), ("decisions", 450)])
def test_in_a_transaction_an_output_too_large_for_its_topic_is_waited_for_and_nothing_is_seen_or_doubled(
        kafka, topics, detector, role, limit):
    """One of a batch is too large; the others would go."""
    small = Topics()
    name = getattr(small, role)
    kafka.create_topics(name, config={"max.message.bytes": limit})
    places = {"alerts": topics.alerts, "decisions": topics.decisions, role: name}
    wide = "e10" + "x" * 250
    names = sorted([*(f"e{number}" for number in range(20)), wide])
    texts = {"locale": "x" * 256, "time_zone": "x" * 256, "location": "x" * 256}
    produce(kafka.bootstrap, topics.events, [
        {"partition": 0, "key": b"k", "value": encode(login(event, f"m-{event[:3]}-{number}", **(texts if event == wide else {})))}
        for number, event in enumerate(names)])
    program = detector({**QUICK, f"topic.{role}": name, "delivery.guarantee": "exactly_once"}).start()
    wait_for_log(program, f"msg=waiting for=broker why=\"topic {name}: Broker: Message size too large")
    assert "msg=\"records of some" not in program.stderr()
    assert sum(committed(kafka.bootstrap, f"{topics.events}-detector", topics.events).values()) == 0
    assert [written(kafka.bootstrap, topic, kind) for kind, topic in places.items()] == [[], []]
    kafka.configure_topic(name, "max.message.bytes", "1000000")
    wait_until_all_is_committed(kafka, topics, program)
    assert [written(kafka.bootstrap, topic, kind) for kind, topic in places.items()] == [names, names]
    assert program.terminate() == 0


@pytest.mark.parametrize("guarantee", ["at_least_once", "exactly_once"])
def test_outputs_that_fit_their_topic_only_a_few_at_a_time_are_written_by_and_by(kafka, topics, detector, guarantee):
    """A broker's limit is for the batch of records that a producer sends."""
    small = Topics()
    kafka.create_topics(small.alerts, partitions=1, config={"max.message.bytes": "2000"})
    names = send(kafka.bootstrap, topics.events, 200)
    program = detector({**QUICK, "topic.alerts": small.alerts, "delivery.guarantee": guarantee}).start()
    wait_until_all_is_committed(kafka, topics, program)
    found = written(kafka.bootstrap, small.alerts, "alerts")
    assert (sorted(set(found)) if guarantee == "at_least_once" else found) == sorted(names)
    assert program.terminate() == 0


def test_a_rebalance_while_a_batch_waits_loses_and_doubles_nothing(kafka, topics, redis_server, detector):
    first = detector({**QUICK, "batch.max-events": "50"}).start()
    names = send(kafka.bootstrap, topics.events, 20)
    wait_for_alerts(kafka.bootstrap, topics.alerts, names, first)
    redis_server.suspend()
    names |= send(kafka.bootstrap, topics.events, 200, first=20)
    wait_for_log(first, "msg=waiting for=redis")
    second = detector({**QUICK, "batch.max-events": "50"}).start()
    wait_for_log(second, "msg=\"partitions assigned\"")
    wait_for_log(first, "msg=\"partitions revoked\"", "msg=\"partitions lost\"")
    redis_server.resume()
    wait_for_alerts(kafka.bootstrap, topics.alerts, names, first)
    wait_until_all_is_committed(kafka, topics, first, second)
    assert [program.terminate() for program in (first, second)] == [0, 0]


def test_one_member_in_several_partitions_at_two_instances_alerts_once(kafka, topics, detector):
    """A producer without keys: both see the member at the same time, and one of them is the first."""
    programs = [detector(QUICK).start(), detector(QUICK).start()]
    for program in programs:
        wait_for_log(program, "msg=\"partitions assigned\"")
    members = [f"m{number}" for number in range(300)]
    produce(kafka.bootstrap, topics.events, [
        {"partition": number, "value": encode(login(f"{member}-{number}", member, at=DEMO_START + number))}
        for member in members for number in range(4)])
    wait_until_all_is_committed(kafka, topics, *programs)
    found = alerts(kafka.bootstrap, topics.alerts)
    alerted = {(job["event_id"], job["job_id"]) for job in found}  # a rebalance may repeat a job, with its id
    assert sorted(event.split("-")[0] for event, _ in alerted) == sorted(members)
    assert {job["reason"] for job in found} == {"FIRST_LOGIN"}
    assert [program.terminate() for program in programs] == [0, 0]


def test_of_two_instances_with_one_name_the_first_says_so_and_is_started_again(kafka, topics, detector):
    named = {**QUICK, "kafka.consumer.group.instance.id": "one"}
    first = detector(named).start()
    names = send(kafka.bootstrap, topics.events, 20)
    wait_for_alerts(kafka.bootstrap, topics.alerts, names, first)
    second = detector(named).start()
    assert first.process.wait(60) == 75
    assert "group.instance.id" in first.stderr()
    names |= send(kafka.bootstrap, topics.events, 20, first=20)
    wait_for_alerts(kafka.bootstrap, topics.alerts, names, second)
    assert second.terminate() == 0
