"""On a Redis Cluster: the same alerts, decisions and mails, while slots move, masters die and keys are rotated."""
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cluster import Cluster
from feed import Feed, said, said_too_often
from jobs import done
from process import wait_until
from records import DEMO_START, committed, encode, end_offsets, login, produce, read_topic
from rotation import rotate
from services import Topics
from temporary import started
from tls import has_tls, make_certificate

RESTARTED = {"kafka.consumer.session.timeout.ms": "6000", "kafka.consumer.heartbeat.interval.ms": "300"}


@pytest.fixture(scope="module")
def cluster():
    with started(Cluster, "la-") as made:
        yield made


@pytest.fixture
def on_cluster(cluster, topics):
    """Settings for the cluster, with a prefix of this test's own."""
    return {"redis.url": cluster.url, "redis.prefix": topics.events.replace("-", ".")}


def lives(count):
    """What members do: known and new devices, one taken away, some members erased."""
    for number in range(count):
        member = f"m-{number}"

        def event(name, minutes, **fields):
            return login(f"{number}-{name}", member, at=DEMO_START + minutes * 60000, **fields)

        yield event("first", 0)
        yield event("again", 1)
        yield event("browser", 2, browser="firefox")
        yield event("revoked", 3, kind="DEVICE_REVOKED")
        yield event("new", 4)
        if number % 5 == 0:
            yield event("erased", 5, kind="ACCOUNT_ERASED")
            yield event("reborn", 6)


def test_a_cluster_gives_the_same_alerts_decisions_and_mails_as_one_redis(kafka, topics, detector, mailer, smtp_sink, on_cluster):
    events = list(lives(150))
    other = Topics()
    kafka.create_topics(other.alerts, other.decisions)
    produce(kafka.bootstrap, topics.events, [(event["member_id"].encode(), encode(event)) for event in events])
    both = [detector({"decisions.publish": "all", **on_cluster}).start(),
            detector({"decisions.publish": "all", "kafka.consumer.group.id": f"{topics.events}-alone", "redis.prefix": on_cluster["redis.prefix"],
                      "topic.alerts": other.alerts, "topic.decisions": other.decisions}).start()]
    mailing = mailer(on_cluster).start()

    def written(program, name):
        """Each once, unless a batch was read again (feed.py: check_single)."""
        records = [(record.key, record.value) for record in read_topic(kafka.bootstrap, name)]
        assert len(records) == len(set(records)) or "batch dropped" in program.stderr()
        return set(records)

    for group in ("detector", "alone"):
        wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-{group}", topics.events) ==
                   end_offsets(kafka.bootstrap, topics.events), 60, lambda: both[0].stderr()[-3000:] + both[1].stderr()[-3000:], 0.1)
    decisions, alerts = written(both[0], topics.decisions), written(both[0], topics.alerts)
    assert decisions == written(both[1], other.decisions) and len(decisions) == len(events)
    assert alerts == written(both[1], other.alerts) and len(alerts) >= 150 * 3
    assert len(smtp_sink.wait_for(len(alerts), settle=0.5)) == len(alerts)
    assert [program.terminate() for program in (*both, mailing)] == [0, 0, 0]
    slow = re.compile("no answer|not acknowledged")  # which no cluster is to blame for
    assert not [line for line in said(both[0]) + said(mailing) if not slow.search(line)]
    both[0].checked(0, "ok redis\n")


def test_slots_that_move_while_events_flow_lose_and_double_nothing(kafka, topics, detector, cluster, on_cluster):
    feed = Feed(kafka, topics)
    running = detector(on_cluster).start()
    feed.send(300)
    feed.settle(running)
    with ThreadPoolExecutor(1) as beside:
        moving = beside.submit(cluster.reshard, 400)
        while not moving.done():
            feed.send(20)
            time.sleep(0.02)
        moving.result()
    feed.send(100)
    feed.check(running)
    feed.check_single(running)
    assert running.terminate() == 0


def check_mails(sink, feed):
    mails = sink.wait_for(len(feed.names), timeout=60)
    assert len({mail.message["Message-ID"] for mail in mails}) == len(mails) == len(feed.names)


def test_a_master_that_hands_over_loses_and_doubles_nothing(kafka, topics, detector, mailer, smtp_sink, cluster, on_cluster):
    """CLUSTER FAILOVER, there and back, while events flow."""
    feed = Feed(kafka, topics)
    running, mailing = detector(on_cluster).start(), mailer(on_cluster).start()
    feed.send(200)
    feed.settle(running)
    for _ in range(2):
        cluster.hand_over(meanwhile=lambda: feed.send(20))
        feed.send(100)
        feed.check(running)
    feed.send_again(list(feed.names))
    feed.check(running)
    feed.check_single(running)
    check_mails(smtp_sink, feed)
    assert [program.terminate() for program in (running, mailing)] == [0, 0]


def test_over_tls_slots_and_masters_move_as_well(kafka, topics, detector, mailer, smtp_sink, build_dir, folder):
    certificate, key = make_certificate(folder / "tls", "DNS:localhost,IP:127.0.0.1")
    secure = {"redis.ca.file": certificate}
    if not has_tls(build_dir):
        done = detector({"redis.url": "rediss://127.0.0.1:1 rediss://127.0.0.1:2", **secure}).command("check")
        assert done.returncode == 78 and b"rediss:// needs hiredis 1.0 or later" in done.stdout + done.stderr, done
        return
    cluster = Cluster(folder / "cluster", tls=(certificate, key))
    try:
        secure["redis.url"] = cluster.start().url
        feed = Feed(kafka, topics)
        running, mailing = detector(secure).start(), mailer(secure).start()
        feed.send(200)
        feed.settle(running)
        cluster.reshard(100)
        feed.send(100)
        cluster.hand_over(meanwhile=lambda: feed.send(5))
        feed.send(100)
        feed.check(running)
        check_mails(smtp_sink, feed)
        running.checked(0, "ok redis\n")
        assert [program.terminate() for program in (running, mailing)] == [0, 0]
    finally:
        cluster.close()


def test_keys_are_rotated_on_a_cluster(kafka, topics, detector, folder, on_cluster):
    rotate(kafka, topics, lambda settings=None: detector({**on_cluster, **(settings or {})}), folder)


def test_a_master_and_the_detector_die_and_no_alert_is_lost_or_mailed_twice(kafka, topics, detector, mailer, smtp_sink, cluster, on_cluster):
    """The last one: the first master stays dead. What only it had acknowledged may be lost, so nobody of these comes again."""
    feed = Feed(kafka, topics)
    running = detector({**on_cluster, **RESTARTED}).start()
    mailing = mailer(on_cluster).start()
    known = feed.send(200)
    feed.settle(running)
    wait_until(lambda: done(kafka.bootstrap, topics) == sum(end_offsets(kafka.bootstrap, topics.alerts).values()), 60,
               mailing.stderr, 0.1)
    cluster.lose_first_master()
    mark = len(running.stderr())
    feed.send(100)
    wait_until(lambda: "msg=waiting for=redis" in running.stderr()[mark:], 60, running.stderr)
    running.kill()
    running.start()
    feed.send(100)
    cluster.may_take_over()
    wait_until(cluster.is_taken_over, 60, "the replica is the master")
    feed.send(100)
    feed.check(running)
    feed.send_again(known)
    feed.check(running)  # of those the replica had a copy
    check_mails(smtp_sink, feed)
    assert [program.terminate() for program in (running, mailing)] == [0, 0]
    assert not said_too_often(running)
    assert len(said(running)) < 20, said(running)
