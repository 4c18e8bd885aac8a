"""`check` names each problem on its own line; exit 78 for configuration, else 69 for a server that is away."""
import re
import subprocess

import pytest

from process import free_port
from secure_kafka import newer_librdkafka

NOWHERE = "127.0.0.1:1"  # nobody listens there


def lines_of(done):
    return done.stdout.decode().splitlines()


def lines_with(done, *words):
    return [line for line in lines_of(done) if all(word in line for word in words)]


def test_check_is_content_when_all_is_there(detector, mailer):
    for program in (detector(), mailer()):
        configuration, _, found = program.checked(0).partition("\n\n")
        assert all("=" in line or line.startswith("#") for line in configuration.splitlines())
        assert all(re.match("(ok|warning) [a-z]", line) for line in found.splitlines())
        assert "ok schemas" in found.splitlines()


def test_check_prints_the_effective_configuration(detector, kafka, topics):
    done = detector({"policy.device-ttl": "90d"}).command("check")
    printed = lines_of(done)
    assert f"topic.events={topics.events}" in printed
    assert "policy.device-ttl=90d" in printed
    assert any(line.startswith("batch.max-events=5000") for line in printed)


def test_check_prints_our_own_kafka_defaults_where_the_user_has_none(detector, mailer):
    ours = {"kafka.consumer.auto.offset.reset=earliest", "kafka.consumer.partition.assignment.strategy=range",
            "kafka.producer.partitioner=murmur2_random", "kafka.allow.auto.create.topics=false", "kafka.socket.nagle.disable=true"}
    unset = {"kafka.consumer.group.id": None}
    printed = lines_of(mailer(unset).command("check"))
    assert ours | {"kafka.consumer.group.id=login-alert-mailer"} <= set(printed) and not any("transaction" in line for line in printed)
    own = {"kafka.auto.offset.reset": "latest", "kafka.producer.transaction.timeout.ms": "9000"}
    printed = lines_of(detector(unset | own | {"delivery.guarantee": "exactly_once"}).command("check"))
    assert ours - {"kafka.consumer.auto.offset.reset=earliest"} | {
        "kafka.consumer.group.id=login-alert-detector", "kafka.producer.retry.backoff.ms=10"} <= set(printed)
    assert [line for line in printed if "auto.offset.reset" in line] == ["kafka.auto.offset.reset=latest"]
    assert [line for line in printed if "transaction.timeout" in line] == ["kafka.producer.transaction.timeout.ms=9000"]


def test_environment_wins_over_the_file_and_set_over_both(detector):
    program = detector({"policy.device-ttl": "90d"})
    environment = {"LOGIN_ALERT_POLICY_DEVICE_TTL": "91d"}
    assert "policy.device-ttl=91d" in lines_of(program.command("check", env=environment))
    done = program.command("--set", "policy.device-ttl=92d", "check", env=environment)
    assert "policy.device-ttl=92d" in lines_of(done)


@pytest.mark.parametrize("name", ["detector", "mailer"])
def test_a_wrong_key_is_named_with_file_and_line(name, request):
    program = request.getfixturevalue(name)({"polcy.cooldown": "5m"})
    line = 1 + program.config.read_text().splitlines().index("polcy.cooldown=5m")
    done = program.command("check")
    assert done.returncode == 78
    assert lines_with(done, f"{program.config}:{line}", "polcy.cooldown"), lines_of(done)


def test_each_bad_value_has_its_own_line(detector):
    program = detector({"policy.cooldown": "5 parsecs", "batch.max-events": "many", "delivery.guarantee": "perhaps"})
    done = program.command("check")
    assert done.returncode == 78
    for key in ("policy.cooldown", "batch.max-events", "delivery.guarantee"):
        assert len(lines_with(done, f"{program.config}:", f" {key}: ")) == 1, lines_of(done)
    assert lines_with(done, "delivery.guarantee", "at_least_once or exactly_once")  # what is allowed


def test_a_missing_file_is_named(detector, folder):
    missing = folder / "nowhere.keys"
    done = detector({"hash.keys.file": missing}).command("check")
    assert done.returncode == 78
    assert lines_with(done, str(missing)), lines_of(done)


def test_a_missing_configuration_file_is_named(detector, folder):
    program = detector()
    done = program.command("--config", folder / "none.conf", "check", config=False)
    assert done.returncode == 78
    assert lines_with(done, str(folder / "none.conf")), lines_of(done)


def test_a_missing_required_key_is_named(detector):
    done = detector({"hash.keys.file": None}).command("check")
    assert done.returncode == 78
    assert lines_with(done, "hash.keys.file"), lines_of(done)


@pytest.mark.parametrize("url", [None, "ftp://registry.example.net"])
@pytest.mark.parametrize("name", ["detector", "mailer"])
def test_a_registry_that_is_needed_and_not_given_is_named(name, url, request):
    program = request.getfixturevalue(name)({"avro.framing": "confluent", "schema.registry.url": url})
    done = program.command("check")
    assert done.returncode == 78
    assert lines_with(done, "error configuration", "avro.framing: confluent needs schema.registry.url")
    assert lines_with(done, "error schemas", "schema.registry.url: not set")
    assert lines_with(done, "ok redis")  # and the rest is looked at


@pytest.mark.parametrize("name", ["detector", "mailer"])
def test_brokers_that_are_not_given_are_configuration(name, request):
    done = request.getfixturevalue(name)({"kafka.bootstrap.servers": None}).command("check")
    assert done.returncode == 78
    assert lines_with(done, "kafka.bootstrap.servers: required"), lines_of(done)


@pytest.mark.parametrize("name, roles", [("detector", ("events", "alerts")), ("mailer", ("alerts", "deliveries"))])
def test_each_missing_topic_is_named_and_is_configuration(name, roles, request):
    program = request.getfixturevalue(name)({f"topic.{role}": f"no-such-{role}" for role in roles})
    program.checked(78, *(f"no-such-{role}" for role in roles))


@pytest.mark.parametrize("key, value", [("kafka.bootstrap.servers", NOWHERE), ("redis.url", f"redis://{NOWHERE}")])
def test_a_server_of_the_detector_that_is_away_is_named(detector, key, value):
    done = detector({key: value}).command("check")
    assert done.returncode == 69
    assert lines_with(done, NOWHERE), lines_of(done)


def test_a_relay_that_is_away_is_named(mailer):
    port = free_port()
    done = mailer({"smtp.url": f"smtp://127.0.0.1:{port}/mailer.test"}).command("check")
    assert done.returncode == 69
    assert lines_with(done, f"127.0.0.1:{port}"), lines_of(done)


def test_all_problems_are_named_in_one_run(detector, mailer):
    done = detector({"kafka.bootstrap.servers": NOWHERE, "redis.url": "unix:///nowhere/redis.sock"}).command("check")
    assert done.returncode == 69
    broker, store = lines_with(done, NOWHERE), lines_with(done, "/nowhere/redis.sock")
    assert broker and store and not set(broker) & set(store), lines_of(done)

    port = free_port()
    done = mailer({"kafka.bootstrap.servers": NOWHERE, "mail.brand": "no-such-brand",
                   "smtp.url": f"smtp://127.0.0.1:{port}/x"}).command("check")
    assert done.returncode == 78  # configuration first, and the servers are named all the same
    for words in ((NOWHERE,), ("no-such-brand",), (f"127.0.0.1:{port}",)):
        assert lines_with(done, *words), lines_of(done)


def test_secrets_are_masked(detector, folder):
    secret = "correct-horse-battery"
    (folder / "redis.password").write_text(secret + "\n")
    done = detector({"redis.password.file": folder / "redis.password", "kafka.sasl.password": secret}).command("check")
    assert secret not in (done.stdout + done.stderr).decode()


def test_all_that_is_found_is_on_stdout(detector, mailer):
    for program in (detector({"polcy.cooldown": "5m", "kafka.consumer.client.rack": "a"}), mailer({"polcy.cooldown": "5m"})):
        done = program.command("check", env={"LOGIN_ALERT_NO_SUCH_KEY": "1"})
        configuration, _, found = done.stdout.decode().partition("\n\n")
        assert done.returncode == 78 and not any(word in done.stderr for word in (b"polcy", b"NO_SUCH_KEY"))
        assert f"error configuration: {program.config}:" in found and "polcy.cooldown: no such key" in found
        assert re.search("^warning configuration: .*LOGIN_ALERT_NO_SUCH_KEY", found, re.M), found
        assert "ok schemas" in found.splitlines()
        assert ("kafka.consumer.client.rack=a" in configuration.splitlines()) == ("detector" in done.args[0])


def test_a_private_key_that_cannot_be_used_is_named(detector, folder):
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes128", "-pass", "pass:sesame",
                    "-out", folder / "key"], check=True, capture_output=True)
    (folder / "wrong").write_text("open it")
    tls = {"kafka.security.protocol": "SSL", "kafka.ssl.key.location": folder / "key"}
    for more, words in (({"kafka.ssl.key.password.file": folder / "wrong"}, "kafka.ssl.key.password.file is not this key's"),
                        ({}, "encrypted and needs kafka.ssl.key.password.file"),
                        ({"kafka.ssl.key.location": folder / "none"}, "the file of kafka.ssl.key.location cannot be read")):
        done = detector({**tls, **more}).command("check")
        assert done.returncode == 78 and lines_with(done, "error kafka", "ssl.key.location failed", words), lines_of(done)


def test_what_this_librdkafka_was_built_without_is_said(detector, folder):
    (folder / "key").write_text("a key")
    token = {"kafka.security.protocol": "SASL_PLAINTEXT", "kafka.sasl.mechanism": "OAUTHBEARER"}
    oidc = {**token, "kafka.sasl.oauthbearer.method": "oidc", "kafka.sasl.oauthbearer.client.id": "a",
            "kafka.sasl.oauthbearer.token.endpoint.url": f"http://{NOWHERE}/token"}
    newer = newer_librdkafka(folder)
    own_path = {"kafka.sasl.oauthbearer.assertion.private.key.file": folder / "key"}  # a path to librdkafka, from 2.11 on
    for settings, environment, words in (
            (token, newer, "needs kafka.sasl.oauthbearer.method=oidc, as we have no other way"),
            ({**oidc, **own_path}, newer, "ok kafka configuration"),
            (own_path, {}, "assertion.private.key.file: must be a property of librdkafka")):
        done = detector(settings).command("check", env=environment)
        if not environment and lines_with(done, "ok kafka configuration"):
            continue  # a later one than Debian's
        assert lines_with(done, words), lines_of(done)
    said = lines_of(detector(token).command("check")), lines_of(detector(oidc).command("check"))
    if any("built without it" in line for line in said[0]):  # as Debian 12's
        assert any("not supported in this build" in line and "; this is librdkafka 2." in line for line in said[1]), said[1]
    else:
        assert "ok kafka configuration" in said[1]
