"""Fixtures: private servers, topics of one's own, the two programs. A test that cannot have its server fails."""
import os
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

import privacy
from privacy_topics import keep_topics
from secure_kafka import SecureKafka
from services import SOURCE, Kafka, Program, Redis, SmtpSink, Topics, write_hash_keys
from temporary import started


privacy.install()
PATIENT = {"broker.session.timeout.ms": 20000}  # a broker that nobody kills is not taken for dead on a busy machine


@pytest.fixture(scope="session", autouse=True)
def nobody_is_found_in_what_the_programs_wrote():
    """P7, at the end of this worker's part of the run."""
    yield
    found = privacy.watch.findings()
    assert found == [], f"{len(found)} times:\n" + "\n".join(found[:50])
    assert sorted(map(str, privacy.watch.kept)) == sorted(map(str, privacy.watch.started)), "output is not kept"


@pytest.fixture(scope="session")
def build_dir():
    """The build under test."""
    folder = Path(os.environ.get("LA_BUILD_DIR", SOURCE / "build" / "dev")).absolute()
    assert folder.is_dir(), f"{folder}: not built; tests/run.sh builds it (LA_BUILD_DIR names another one)"
    return folder


@pytest.fixture(scope="session")
def jars():
    """Folder with the jars of Kafka and Avro."""
    folder = Path(os.environ.get("LA_TEST_JARS", SOURCE / "build" / "jars")).absolute()
    assert folder.is_dir(), f"{folder}: missing; tests/run.sh fetches them (LA_TEST_JARS names another folder)"
    return folder


@pytest.fixture
def folder():
    """A short temporary path: unix sockets allow 107 bytes only. Removed afterwards."""
    path = Path(tempfile.mkdtemp(prefix="la-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka(jars):
    """One real broker for the whole run; tests make topics of their own. Do not stop it."""
    with started(lambda path: Kafka(path, jars, PATIENT)) as server:
        yield server
        keep_topics(server)


@pytest.fixture
def own_kafka(jars, folder):
    """A broker that the test may stop, kill, hang and start again."""
    with closing(Kafka(folder / "kafka", jars)) as server:
        yield server.start()
        if server.process.alive():
            keep_topics(server)


@pytest.fixture(scope="session")
def secure_kafka(jars):
    """One with TLS, SASL and ACLs for the whole run. Do not stop it."""
    with started(lambda path: SecureKafka(path, jars), "la-secure-") as server:
        yield server
        keep_topics(server)


@pytest.fixture
def redis_server(folder):
    """A private Redis that keeps its data over a kill (AOF, fsync always)."""
    with closing(Redis(folder / "redis", aof=True)) as server:
        yield server.start()


@pytest.fixture
def smtp_sink(folder):
    """A relay that takes every mail and keeps it."""
    with closing(SmtpSink(folder / "sink")) as sink:
        yield sink.start()


@pytest.fixture
def topics(kafka):
    """The six topics, made with names that no other test uses."""
    made = Topics()
    kafka.create_topics(*made.names.values())
    return made


def _factory(name, build_dir, folder, base):
    programs = []

    def make(settings=None):
        own = folder / f"{name}-{len(programs)}"
        program = Program(f"login-alert-{name}", build_dir / "bin" / f"login-alert-{name}", own,
                          {**base(), **(settings or {})})
        programs.append(program)
        return program

    return make, programs


def close(programs):
    """Ends them; pytest shows what they wrote when the test failed."""
    for program in programs:
        program.close()
        print(f"--- {program.folder.name}\n{program.stderr()[-6000:]}")


@pytest.fixture
def detector(build_dir, folder, kafka, redis_server, topics):
    """detector(settings) gives a Program that is configured for this test's servers; start() runs it.

    A setting of None leaves the key out. Dates in tests are fixed, so alerts have no maximal age and nothing is a storm.
    """
    def base():
        return {
            "kafka.bootstrap.servers": kafka.bootstrap,
            "kafka.consumer.group.id": f"{topics.events}-detector",
            "redis.url": redis_server.url,
            "hash.keys.file": write_hash_keys(folder / "hash.keys"),
            "alert.max-age": "0",
            "storm.ratio": "0",
            **topics.settings(),
        }

    make, programs = _factory("detector", build_dir, folder, base)
    yield make
    close(programs)


@pytest.fixture
def mailer(build_dir, folder, kafka, redis_server, smtp_sink, topics):
    """mailer(settings) gives a Program as detector() does."""
    def base():
        return {
            "kafka.bootstrap.servers": kafka.bootstrap,
            "kafka.consumer.group.id": f"{topics.events}-mailer",
            "redis.url": redis_server.url,
            "smtp.url": smtp_sink.url,
            "smtp.starttls": "never",
            **topics.settings(),
        }

    make, programs = _factory("mailer", build_dir, folder, base)
    yield make
    close(programs)
