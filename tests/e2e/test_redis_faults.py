"""Whatever ails Redis is waited out in the group, said once, and costs no alert. One detector lives through all of it."""
import re
import shutil
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis
from confluent_kafka.admin import AdminClient

from feed import Feed, said
from process import free_port, wait_until
from proxy import Proxy
from records import decode, encode, login, produce, read_topic
from services import Program, Redis, Topics, write_hash_keys

SESSION_S = 6
SLOW = "no answer in time"  # what is said of a Redis that hangs, and of one that a busy machine has stopped for a moment
TRIES = 3
REPLICATES_AT_ONCE = ["--repl-diskless-sync-delay", "0"]


class World:
    """A detector whose redis.url is a proxy in front of a private Redis."""

    def __init__(self, kafka, build_dir, folder):
        self.kafka = kafka
        self.topics = Topics()
        kafka.create_topics(*self.topics.names.values())
        self.redis = Redis(folder / "redis", aof=True, options=REPLICATES_AT_ONCE).start()
        self.other = None
        self.folder = folder
        self.proxy = Proxy(self.redis.port)
        self.group = f"{self.topics.events}-detector"
        self.detector = Program("login-alert-detector", build_dir / "bin" / "login-alert-detector", folder / "detector", {
            "kafka.bootstrap.servers": kafka.bootstrap,
            "kafka.consumer.group.id": self.group,
            "kafka.consumer.session.timeout.ms": str(int(SESSION_S * 1000)),
            "kafka.consumer.heartbeat.interval.ms": "300",
            "redis.url": f"redis://127.0.0.1:{self.proxy.port}",
            "hash.keys.file": write_hash_keys(folder / "hash.keys"),
            "alert.max-age": "0", "storm.ratio": "0", **self.topics.settings()}).start()
        self.feed = Feed(kafka, self.topics)

    def send(self, count=20):
        self.feed.send(count)

    def settle(self):
        self.feed.check(self.detector)

    def member(self):
        """The detector's member id in the group."""
        admin = AdminClient({"bootstrap.servers": self.kafka.bootstrap, "log_level": 0})
        members = admin.describe_consumer_groups([self.group])[self.group].result(30).members
        assert len(members) == 1
        return members[0].member_id

    def log(self, since=0):
        return self.detector.stderr()[since:]

    def close(self):
        self.detector.close()
        self.proxy.close()
        for server in (self.redis, self.other):
            if server is not None:
                server.close()


@pytest.fixture(scope="module")
def world(kafka, build_dir):
    folder = Path(tempfile.mkdtemp(prefix="la-"))
    made = World(kafka, build_dir, folder)
    made.send()
    made.settle()
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def hung(world):
    world.redis.suspend()
    yield SLOW
    world.redis.resume()


@contextmanager
def unreachable(world):
    world.proxy.refuses = True
    world.proxy.cut()
    yield "127.0.0.1"
    world.proxy.refuses = False


@contextmanager
def full(world):
    world.redis.client.config_set("maxmemory", "1")
    yield "OOM"
    world.redis.client.config_set("maxmemory", "0")


@contextmanager
def replica(world):
    """A real master elsewhere; afterwards ours has lost nothing, since the other one had a copy of it."""
    if world.other is None:
        world.other = Redis(world.folder / "other", options=REPLICATES_AT_ONCE).start()
    client = world.other.client
    client.replicaof("127.0.0.1", world.redis.port)
    wait_until(lambda: client.info("replication").get("master_link_status") == "up", 60, "the copy is made")
    client.replicaof("NO", "ONE")
    world.redis.client.replicaof("127.0.0.1", world.other.port)
    wait_until(lambda: world.redis.client.info("replication").get("master_link_status") == "up", 60, "a replica")
    yield "replica"
    world.redis.client.replicaof("NO", "ONE")


@contextmanager
def instead(world, name, options=()):
    """Another server, for the place of ours, which has it again afterwards."""
    other = Redis(tempfile.mkdtemp(prefix=name, dir=world.folder), options=options).start()
    try:
        yield other
    finally:
        world.proxy.switch(world.redis.port)
        other.close()


@contextmanager
def cluster_without_slots(world):
    """A cluster in which nobody has our keys, and then no cluster again (test_cluster.py has the good ones)."""
    with instead(world, "node", ["--cluster-enabled", "yes", "--cluster-port", free_port()]) as node:
        world.proxy.switch(node.port)
        yield "no master"


@contextmanager
def locked(world):
    """It wants a password."""
    with instead(world, "locked") as other:
        other.client.config_set("requirepass", "an0ther-one")
        world.proxy.switch(other.port)
        yield "NOAUTH"


@contextmanager
def busy(world):
    """Somebody's script runs for ever."""
    client = world.redis.client
    client.config_set("busy-reply-threshold", "50")
    other = threading.Thread(target=run_for_ever, args=(world.redis.port,))
    other.start()
    try:
        yield "BUSY"
    finally:
        client.script_kill()
        other.join(10)


def run_for_ever(port):
    with suppress(redis.ResponseError):  # killed
        redis.Redis(port=port, socket_timeout=60).eval("while true do end", 0)


@contextmanager
def full_disk(world):
    """Its snapshots fail, here since something else has their name."""
    client, place = world.redis.client, world.redis.folder / "dump.rdb"
    place.mkdir()
    client.config_set("save", "3600 1")
    client.bgsave()
    wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", 60, "it fails")
    yield "MISCONF"
    client.config_set("save", "")
    place.rmdir()


@contextmanager
def loading(world):
    """Another one, that loads a key in 100 ms."""
    with instead(world, "loading", ["--rdbcompression", "no"]) as source:
        source.client.mset({f"k{number}": "v" * 1100 for number in range(1000)})
        source.client.save()
        source.client.close()
        source.process.kill()
        source.process.args += ["--key-load-delay", "100000", "--loading-process-events-interval-bytes", "1024"]
        source.process.start()
        wait_until(lambda: source.process.output().count("Loading RDB") == 1, 60, "it loads")
        world.proxy.switch(source.port)
        yield "LOADING"


def in_some_try(once):
    """False: the machine was too slow for what is to be shown, which has nothing to do with it."""
    assert any(once() for _ in range(TRIES)), f"{TRIES} times"


def for_redis(world, mark):
    return [line for line in said(world.detector, mark) if "for=redis" in line]


def is_waited_for(world, fault):
    member, mark = world.member(), len(world.log())
    with fault(world) as word:
        world.send(1)
        wait_until(lambda: for_redis(world, mark), 60, lambda: f"it says so: {world.log(mark)}")
        world.send()
        time.sleep(SESSION_S + 0.5)  # longer than a silent member is kept
        lines = for_redis(world, mark)
        was_slow_before = SLOW in lines[0] and (word != SLOW or len(lines) > 1)
        assert was_slow_before or len(lines) == 1 and word in lines[0], lines
        assert world.member() == member
        wait_until(lambda: word in world.detector.http("/readyz")[1], 60, lambda: world.detector.http("/readyz"))
        code, text = world.detector.http("/readyz")
        assert code == 503 and re.search(f"^redis: .*{re.escape(word)}", text, re.MULTILINE), text
        assert 'login_alert_paused{cause="redis"} 1\n' in world.detector.http("/metrics")[1]
        assert world.detector.http("/livez") == (200, "ok\n")
    world.settle()
    wait_until(lambda: world.detector.http("/readyz") == (200, "ok\n"), 60, lambda: world.detector.http("/readyz"))
    assert "msg=\"going on\" after=redis" in world.log(mark)
    assert "partitions" not in world.log(mark)
    return not was_slow_before


@pytest.mark.parametrize("fault", [hung, unreachable, full, replica, cluster_without_slots, locked, busy, full_disk, loading])
def test_a_redis_that_fails_is_waited_for_in_the_group_and_said_once(world, fault):
    in_some_try(lambda: is_waited_for(world, fault))


def test_a_slow_redis_slows_and_loses_nothing(world):
    def is_so():
        mark = len(world.log())
        world.proxy.delay = 0.2
        for _ in range(3):
            world.send()
        world.settle()
        world.proxy.delay = 0
        assert "partitions" not in world.log(mark)
        return not for_redis(world, mark)

    in_some_try(is_so)


def test_a_connection_that_is_cut_again_and_again_doubles_nothing(world):
    cuts = 0
    for _ in range(8):
        world.send(40)
        time.sleep(0.05)  # somewhere in the batch
        cuts += world.proxy.cut()
    world.settle()
    assert cuts > 0


def test_a_script_that_redis_forgot_is_taught_again(world):
    world.send()
    world.settle()  # a connection that was cut while idle is noticed only now

    def is_so():
        mark = len(world.log())
        world.redis.client.script_flush()
        world.send()
        world.settle()
        lines = [line for line in for_redis(world, mark) if "has forgotten the script" not in line]  # a question under way
        assert all(SLOW in line for line in lines), lines
        return not lines

    in_some_try(is_so)


def test_scripts_that_are_flushed_again_and_again_under_load_lose_and_double_nothing(world):
    mark = len(world.log())
    for _ in range(8):
        world.send(40)
        world.redis.client.script_flush()
        time.sleep(0.02)  # somewhere in the batch
    world.settle()
    assert "partitions" not in world.log(mark)


def test_a_redis_that_comes_back_empty_makes_known_members_new(world):
    """Without the storm guard (test_storm.py) and without seeding: an extra alert each, which nobody can tell better."""
    known = world.feed.names[0]
    again = f"{known}-again"
    world.redis.client.flushall()
    produce(world.kafka.bootstrap, world.topics.events, [(known.encode(), encode(login(again, f"m-{known}")))])
    world.feed.names.append(again)
    world.settle()


def test_while_nobody_knows_redis_by_name_it_waits_in_the_group_and_sigterm_ends_it(kafka, topics, redis_server, detector,
                                                                                   build_dir):
    program = detector({"redis.url": f"redis://redis.hangs:{redis_server.port}", "shutdown.timeout": "4s",
                        "kafka.consumer.session.timeout.ms": str(int(SESSION_S * 1000)),
                        "kafka.consumer.max.poll.interval.ms": "6000"})
    hangs = program.with_slow_resolver(build_dir)
    program.start()
    produce(kafka.bootstrap, topics.events, [(b"m1", encode(login("e1", "m1")))])
    wait_until(lambda: "msg=waiting for=redis" in program.stderr(), 60, program.stderr)
    time.sleep(6.5)  # longer than a loop that stands still keeps its partitions
    lines = [line for line in said(program) if "for=redis" in line]
    assert len(lines) == 1 and "the resolver does not answer" in lines[0], lines
    assert "MAXPOLL" not in program.stderr() and program.stderr().count("partitions") == 1, program.stderr()
    assert program.terminate() == 0  # the resolver hangs for ever
    assert not read_topic(kafka.bootstrap, topics.alerts)
    program.start()
    hangs.unlink()
    alerts = read_topic(kafka.bootstrap, topics.alerts, 1)
    assert [decode(record.value, "AlertJob")["event_id"] for record in alerts] == ["e1"]
    assert program.terminate() == 0


def test_it_stops_well_after_all_that(world):
    assert world.detector.terminate() == 0
