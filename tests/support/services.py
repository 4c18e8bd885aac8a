"""The servers that tests talk to, each private, on free loopback ports, stopped by pid; and the programs under test."""
import base64
import email
import email.policy
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import redis
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

import privacy
from process import Process, free_port, wait_until

SUPPORT = Path(__file__).resolve().parent
SOURCE = SUPPORT.parent.parent
HASH_KEY = bytes(range(32))  # of the detectors that tests start: known, so that an independent oracle can use it


def _made(future):
    """False: the broker hung, and its controller (itself) has not taken it back yet."""
    try:
        future.result(60)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.INVALID_REPLICATION_FACTOR:
            raise
        return False
    return True


NO_COORDINATOR_YET = (KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.NOT_COORDINATOR,
                      KafkaError.GROUP_ID_NOT_FOUND, KafkaError._TIMED_OUT)


class Kafka:
    """Apache Kafka in KRaft mode, one node that is broker and controller. It can be killed and started again.

    joins: another one, whose controller and cluster it belongs to, as a second broker. listeners: more of them, name -> port.
    """

    def __init__(self, folder, jars, properties=None, joins=None, listeners=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        jars = Path(jars)
        assert list(jars.glob("kafka_2.13-*.jar")), f"no Kafka in {jars}: tests/run.sh fetches it"
        self.port = free_port()
        self.controller = joins.controller if joins else free_port()
        self.cluster = joins.cluster if joins else base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.config = self.folder / "server.properties"
        more = "".join(f",{name}://127.0.0.1:{port}" for name, port in (listeners or {}).items())
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller}{more}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}{more}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.folder / "log",
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": 500,  # of programs that were killed
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "log.retention.ms": -1,  # tests write records with timestamps of the past
            "broker.heartbeat.interval.ms": 500,
            "broker.session.timeout.ms": 4000,  # how long a killed broker keeps its own place
            **({"process.roles": "broker", "node.id": 2, "listeners": f"PLAINTEXT://127.0.0.1:{self.port}"} if joins else {}),
            **(properties or {}),
        }
        self.config.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        self.java = ["java", "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                     "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars}/*"]
        self.process = Process("kafka", [*self.java, "kafka.Kafka", self.config], self.folder / "kafka.log")
        self.admin = None

    def start(self):
        if not (self.folder / "log").exists():
            subprocess.run([*self.java, "kafka.tools.StorageTool", "format", f"--cluster-id={self.cluster}", "-c", str(self.config)],
                           check=True, stdout=subprocess.DEVNULL)
        self.process.start()
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        wait_until(self._answers, 120, lambda: f"Kafka answers\n{self.process.output()[-4000:]}")
        return self

    def _answers(self):
        self.process.require_alive()
        try:
            return self.admin.list_topics(timeout=1).brokers
        except KafkaException:
            return False

    def create_topics(self, *names, partitions=4, config=None, replicas=1):
        left = [NewTopic(name, num_partitions=partitions, replication_factor=replicas, config=config or {})
                for name in names]

        def create():
            left[:] = [topic for topic, future in zip(left, self.admin.create_topics(left).values()) if not _made(future)]
            return not left

        wait_until(create, 60, "the broker has its own place again", interval=0.2)
        wait_until(lambda: self.admin.list_topics(timeout=30).topics.keys() >= set(names), 60, "the topics are known")

    def delete_topic(self, name):
        self.admin.delete_topics([name])[name].result(30)
        wait_until(lambda: name not in self.admin.list_topics(timeout=30).topics, 60, "the topic is gone")

    def delete_records(self, name, ends):
        places = [TopicPartition(name, partition, end) for partition, end in ends.items()]
        for future in self.admin.delete_records(places).values():
            future.result(60)

    def members(self, group):
        """Of the group, as AdminClient gives them, those that have partitions now; none while the broker knows no such group."""
        try:
            found = self.admin.describe_consumer_groups([group], request_timeout=5)[group].result(30).members
        except KafkaException as error:
            if error.args[0].code() not in NO_COORDINATOR_YET:
                raise
            return []
        return [member for member in found if member.assignment and member.assignment.topic_partitions]

    def configure_topic(self, name, key, value):
        resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[
            ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)])
        self.admin.incremental_alter_configs([resource])[resource].result(30)

    def terminate(self):
        code = self.process.terminate(120)
        self.admin = None
        return code

    def close(self):
        self.process.close()


class Redis:
    """A private redis-server, on a TCP port and on a unix socket. With aof=True it keeps its data over a kill."""

    def __init__(self, folder, aof=False, options=()):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.socket = self.folder / "redis.sock"
        assert len(str(self.socket)) < 108, f"too long for a unix socket: {self.socket}"
        self.url = f"redis://127.0.0.1:{self.port}"
        self.unix_url = f"unix://{self.socket}"
        durability = ["--appendonly", "yes", "--appendfsync", "always"] if aof else ["--appendonly", "no"]
        self.process = Process("redis", [
            "redis-server", "--bind", "127.0.0.1", "--port", self.port, "--unixsocket", self.socket, "--dir",
            self.folder, "--save", "", "--maxmemory-policy", "noeviction", *durability, *options,
        ], self.folder / "redis.log")
        self.client = redis.Redis(port=self.port, socket_timeout=20)

    def start(self):
        self.process.start()
        wait_until(self._answers, 60, lambda: f"redis-server answers\n{self.process.output()}")
        return self

    def _answers(self):
        self.process.require_alive()
        try:
            return self.client.ping()
        except redis.RedisError:
            return False

    def kill(self):
        self.process.kill()

    def suspend(self):
        """Hangs: connections stay open, nothing is answered."""
        self.process.send(signal.SIGSTOP)

    def resume(self):
        self.process.send(signal.SIGCONT)

    def keep(self):
        """For privacy.py, if it answers: keys and values, as far as they may be text."""
        try:
            entries = [key + b" " + (self.client.get(key) or b"") for key in self.client.scan_iter(count=1000)]
        except redis.RedisError:
            return
        words = re.findall(rb"[\x21-\x7e]{6,}", b"\n".join(entries))  # digests have shorter ones by chance
        privacy.watch.text(f"{privacy.current_test()}: redis", b"\n".join(words), privacy.REDIS_LETTERS)

    def close(self):
        self.keep()
        self.client.close()
        self.process.close()


class Program:
    """A program under test: a configuration file of its own, and commands that use it."""

    def __init__(self, name, binary, folder, settings):
        self.name = name
        self.binary = Path(binary)
        assert self.binary.exists(), f"{self.binary} is not built"
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / f"{name}.conf"
        self.settings = {"http.listen": "127.0.0.1:0", **settings}  # any free port: each test has its own
        self.before = 0  # of the log, when it was started last
        self.write_config()
        self.process = Process(name, [self.binary, "--config", self.config, "run"], self.folder / f"{name}.log")

    def with_slow_resolver(self, build_dir):
        """Names that end in ".hangs" are not found while the file that this gives is there; then they are 127.0.0.1."""
        hangs = self.folder / "resolver-hangs"
        hangs.touch()
        options = os.environ.get("ASAN_OPTIONS", "")
        self.process.env |= {"LD_PRELOAD": str(Path(build_dir) / "lib" / "slow_resolver.so"), "LA_RESOLVER_HANGS": str(hangs),
                             "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0".lstrip(":")}
        return hangs

    def write_config(self):
        privacy.watch.settings(self.settings)
        self.config.write_text("".join(f"{key}={value}\n" for key, value in self.settings.items() if value is not None))

    def start(self):
        self.before = len(self.stderr())
        self.process.start()
        return self

    def _find_port(self):
        return re.search(r'http listens"?.*?address"?[=:]"?([^" ]+).*?port"?[=:]"?(\d+)\D', self.stderr()[self.before:])

    def port(self):
        """Where it serves HTTP, once it does."""
        return int(wait_until(self._find_port, 60, lambda: f"it serves HTTP\n{self.stderr()[-3000:]}")[2])

    def http(self, path, method="GET"):
        """Status and text of one of its pages."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=30)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def keep_pages(self):
        """For privacy.py: what a run shows by HTTP, just before its end."""
        if self.process.ended() is None and self._find_port() is not None:
            try:
                text = "".join(self.http(path)[1] for path in ("/metrics", "/readyz", "/livez"))
            except (OSError, http.client.HTTPException):
                wait_until(lambda: self.process.ended() is not None, 60, "it shows no pages, as it ends by itself")
                return
            privacy.watch.text(f"{privacy.current_test()}: pages of {self.process.log}", text)
            privacy.watch.pages += 1

    def command(self, *args, stdin=b"", timeout=120, env=None, config=True):
        """Runs another command to its end; gives subprocess.CompletedProcess with bytes."""
        options = ["--config", str(self.config)] if config else []
        return subprocess.run([str(self.binary), *options, *map(str, args)], input=stdin, capture_output=True,
                              timeout=timeout, env={**os.environ, **(env or {})})

    def checked(self, code, *words):
        """What `check` says, on stdout, once it ends so and says that: a busy server may not answer in the 5 s that each is given,
        which ends with 69; no other wrong end is asked again. On stderr librdkafka may tell of what it tried again."""
        said = ""

        def is_so():
            nonlocal said
            done = self.command("check")
            said = done.stdout.decode()
            assert done.returncode in (code, 69), f"{done.returncode}, not {code}:\n{said}{done.stderr.decode()}"
            return done.returncode == code and all(word in said for word in words)

        wait_until(is_so, 60, lambda: f"check ends with {code} and says {words}\n{said}", 0.2)
        return said

    def replayed(self, code, *words):
        """`replay`, which ends so. A busy broker may not answer in the 5 s that it is given for the first questions."""
        for _ in range(5):
            done = self.command("replay", *words)
            if done.returncode == code or done.returncode != 69 or b"gives no record" in done.stderr:
                break
        assert done.returncode == code, done.stderr
        return done

    def terminate(self, timeout=60):
        self.keep_pages()
        return self.process.terminate(timeout)

    def kill(self):
        return self.process.kill()

    def stderr(self):
        return self.process.output()

    def close(self):
        self.process.close()


def write_hash_keys(path):
    """A key file with one known epoch, as `keygen` makes one with a random key. A program that reads it just now sees one, whole."""
    path = Path(path)
    new = path.with_name(f"{path.name}.new")
    new.touch(0o600)
    new.write_text(f"login-alert-hash-keys 1\n1 active {HASH_KEY.hex()}\n")
    return new.replace(path)


class Topics:
    """The six topics of one test, with names that no other test uses."""

    ROLES = ("events", "alerts", "decisions", "deliveries", "events-dlq", "alerts-dlq")

    def __init__(self, prefix=None):
        prefix = prefix or f"t{uuid.uuid4().hex[:10]}"
        self.names = {role: f"{prefix}-{role}" for role in self.ROLES}

    def __getattr__(self, role):
        try:
            return self.names[role.replace("_", "-")]
        except KeyError:
            raise AttributeError(role) from None

    def settings(self):
        return {f"topic.{role}": name for role, name in self.names.items()}


class SmtpSink:
    """The relay of the tests: takes every mail and keeps it, as N.eml (the bytes) and N.json (the envelope)."""

    def __init__(self, folder, options=()):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"smtp://127.0.0.1:{self.port}/mailer.test"
        self.process = Process("smtp_sink", [sys.executable, SUPPORT / "smtp_sink.py", "--port", self.port, "--out",
                                             self.folder / "mails", *options], self.folder / "smtp_sink.log")

    def start(self):
        self.process.start()
        wait_until(self._answers, 60, lambda: f"the sink answers\n{self.process.output()}")
        return self

    def _answers(self):
        self.process.require_alive()
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                return connection.recv(3) == b"220"
        except OSError:
            return False

    def mails(self):
        """What was accepted so far, in the order of acceptance, as Mail."""
        found = []
        for path in sorted((self.folder / "mails").glob("*.eml")):
            envelope = json.loads(path.with_suffix(".json").read_text())
            found.append(Mail(envelope["mail_from"], envelope["rcpt_to"], path.read_bytes()))
        return found

    def count(self):
        return len(list((self.folder / "mails").glob("*.eml")))

    def wait_for(self, count, timeout=60, settle=0.3):
        """Waits for count mails, then a moment longer, so that one too many is seen; returns them all."""
        wait_until(lambda: self.count() >= count, timeout, lambda: f"{count} mails, only {self.count()} came")
        time.sleep(settle)
        return self.mails()

    def close(self):
        self.process.close()


@dataclass(frozen=True)
class Mail:
    mail_from: str
    rcpt_to: list
    data: bytes  # as received, dots unstuffed, CRLF

    @property
    def message(self):
        return email.message_from_bytes(self.data, policy=email.policy.SMTP)

    @property
    def text(self):
        return self.message.get_body(("plain",)).get_content().replace("\r\n", "\n")

    @property
    def html(self):
        return self.message.get_body(("html",)).get_content().replace("\r\n", "\n")
