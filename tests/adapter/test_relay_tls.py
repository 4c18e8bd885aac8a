"""What the mailer tells a relay that it cannot trust: nothing. And what it says to one that it can."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from privacy import watch
from smtp_sink import Sink

SOURCE = Path(__file__).resolve().parents[2]
PASSWORD = "open sesame"
CA_CONFIG = """
[ca]
default_ca=own
[own]
database={folder}/index.txt
serial={folder}/serial
new_certs_dir={folder}
default_md=sha256
policy=any
x509_extensions=names
[any]
commonName=supplied
[names]
subjectAltName={names}
basicConstraints=critical,CA:true
"""


def make_certificate(folder, names="DNS:localhost,IP:127.0.0.1", start="20250101000000Z", end="20991231235959Z"):
    """A self-signed certificate and its key; gives both paths."""
    folder.mkdir()
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01\n")
    (folder / "ca.conf").write_text(CA_CONFIG.format(folder=folder, names=names))
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    for command in (
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=relay",
         "-keyout", key, "-out", folder / "request.pem"],
        ["ca", "-batch", "-selfsign", "-config", folder / "ca.conf", "-keyfile", key, "-in", folder / "request.pem",
         "-startdate", start, "-enddate", end, "-notext", "-out", certificate],
    ):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("good") / "own")


@pytest.fixture
def sink(folder):
    sinks = []

    def start(**settings):
        sinks.append(Sink(folder / f"sink{len(sinks)}", **settings))
        return sinks[-1].start()

    yield start
    for one in sinks:
        one.stop()


@pytest.fixture
def send(build_dir, folder):
    """send(sink, settings) mails one job; gives subprocess.CompletedProcess."""
    job = json.loads((SOURCE / "tests/golden/first-login.json").read_text())
    job["not_after"] = 4102444800000
    (folder / "job.json").write_text(json.dumps(job))
    (folder / "password").write_text(PASSWORD + "\n")

    watch.secret(PASSWORD)
    watch.person(job)

    def run(relay, settings, command=("send", "--job", folder / "job.json")):
        options = []
        for key, value in {"smtp.url": relay.url, **settings}.items():
            options += ["--set", f"{key}={value}"]
        environment = {**os.environ, "all_proxy": "socks5://127.0.0.1:1"}  # not for us
        return subprocess.run([build_dir / "bin/login-alert-mailer", *options, *command], capture_output=True,
                              text=True, timeout=60, env=environment)

    return run


def login(folder, ca):
    return {"smtp.ca.file": ca, "smtp.user": "mailer", "smtp.password.file": folder / "password"}


def stages(relay):
    return [stage for _, stage, _ in relay.log]


def refuses(result, relay, word):
    """Nothing was sent, no password left, and the word says why."""
    assert result.returncode == 69, result.stderr
    assert word in result.stderr
    assert PASSWORD not in result.stderr
    assert relay.mails == [] and relay.violations == []
    assert not {"auth", "mail", "rcpt", "data"} & set(stages(relay))


@pytest.mark.parametrize("tls", ["starttls", "at-once"])
def test_a_trusted_relay_gets_login_and_mail_under_tls(sink, send, folder, good, tls):
    relay = sink(certificate=good[0], key=good[1], tls=tls, user=f"mailer:{PASSWORD}")
    result = send(relay, login(folder, good[0]))
    assert result.returncode == 0, result.stderr
    [(envelope, data)] = relay.mails
    assert envelope["tls"] and envelope["mail_from"] == "jmb_confirmation@jal.com"
    assert envelope["rcpt_to"] == ["hanako@example.jp"]
    assert data == (SOURCE / "tests/golden/first-login.eml").read_bytes()
    assert relay.violations == []
    assert ("ehlo", "mailer.test") in [(stage, name) for _, stage, name in relay.log]


def test_a_wrong_password_is_the_relays_fault(sink, send, folder, good):
    relay = sink(certificate=good[0], key=good[1], user="mailer:another")
    result = send(relay, login(folder, good[0]))
    assert result.returncode == 69
    assert "535 5.7.8 at AUTH" in result.stderr
    assert relay.mails == [] and "mail" not in stages(relay)


def test_a_login_that_is_not_offered_sends_nothing(sink, send, folder, good):
    relay = sink(certificate=good[0], key=good[1])
    refuses(send(relay, login(folder, good[0])), relay, "no way to log in")


def test_starttls_that_is_not_offered_sends_nothing(sink, send, folder, good):
    relay = sink(user=f"mailer:{PASSWORD}")
    refuses(send(relay, login(folder, good[0])), relay, "TLS is required, and not offered")


def test_starttls_that_is_stripped_sends_nothing(sink, send, folder, good):
    relay = sink(certificate=good[0], key=good[1], script=[{"at": "starttls", "reply": "502 5.5.1 what?"}])
    refuses(send(relay, login(folder, good[0])), relay, "502 5.5.1 at STARTTLS")


@pytest.mark.parametrize("tls", ["starttls", "at-once"])
def test_a_certificate_for_another_name_sends_nothing(sink, send, folder, tls):
    certificate, key = make_certificate(folder / "other", names="DNS:elsewhere.example")
    relay = sink(certificate=certificate, key=key, tls=tls, user=f"mailer:{PASSWORD}")
    refuses(send(relay, login(folder, certificate)), relay, "not trusted")


def test_an_expired_certificate_sends_nothing(sink, send, folder):
    certificate, key = make_certificate(folder / "old", start="20200101000000Z", end="20210101000000Z")
    relay = sink(certificate=certificate, key=key, user=f"mailer:{PASSWORD}")
    refuses(send(relay, login(folder, certificate)), relay, "not trusted")


def test_a_certificate_of_an_unknown_issuer_sends_nothing(sink, send, folder, good):
    certificate, key = make_certificate(folder / "unknown")
    relay = sink(certificate=certificate, key=key, user=f"mailer:{PASSWORD}")
    refuses(send(relay, login(folder, good[0])), relay, "not trusted")


def test_answers_injected_before_tls_send_nothing(sink, send, folder, good):
    injected = "220 go on\r\n250-sink.test\r\n250 AUTH PLAIN\r\n235 welcome\r\n250 ok\r\n"
    relay = sink(certificate=good[0], key=good[1], script=[{"at": "starttls", "raw": injected, "stall": True}])
    refuses(send(relay, login(folder, good[0])), relay, "at STARTTLS")


def test_a_password_without_tls_is_a_configuration_error(sink, send, folder, good):
    relay = sink(user=f"mailer:{PASSWORD}")
    result = send(relay, {**login(folder, good[0]), "smtp.starttls": "never"})
    assert result.returncode == 78
    assert "smtp.user" in result.stderr
    assert relay.connections == 0


@pytest.mark.parametrize("url, word", [
    ("smtp://mailer:secret@127.0.0.1:25/x", "without user"),
    ("smtp://127.0.0.1:25/a%0d%0aMAIL", "EHLO"),
    ("smtp://127.0.0.1:25/a_b", "EHLO"),
])
def test_an_url_that_says_too_much_is_a_configuration_error(sink, send, url, word):
    relay = sink()
    result = send(relay, {"smtp.url": url, "smtp.starttls": "never"})
    assert result.returncode == 78
    assert word in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize("rule, code, word", [
    ({"at": "rcpt", "reply": "550 5.1.1 hanako is not here"}, 65, "refused"),
    ({"at": "end", "reply": "554 5.7.1 spam"}, 65, "refused"),
    ({"at": "rcpt", "reply": "450 4.2.0 later"}, 69, "not sent"),
    ({"at": "mail", "reply": "530 5.7.0 log in"}, 69, "not sent"),
    ({"at": "banner", "reply": "554 5.7.1 go away"}, 69, "not sent"),
    ({"at": "end", "drop": True}, 69, "may be there"),
])
def test_send_says_what_became_of_the_mail(sink, send, rule, code, word):
    relay = sink(script=[rule])
    result = send(relay, {"smtp.starttls": "never"})
    assert result.returncode == code
    assert word in result.stderr
    assert "hanako" not in result.stderr and "spam" not in result.stderr


@pytest.mark.parametrize("change, word", [({"mode": "REPLAY"}, "REPLAY"), ({"mode": "SHADOW"}, "SHADOW"),
                                          ({"not_after": 1751295600001}, "not_after")])
def test_send_mails_only_live_jobs_in_their_time(sink, send, folder, change, word):
    job = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps({**job, **change}))
    relay = sink()
    result = send(relay, {"smtp.starttls": "never"})
    assert result.returncode == 65
    assert word in result.stderr
    assert relay.connections == 0


def test_send_refuses_a_bad_address_without_a_connection(sink, send, folder):
    job = json.loads((folder / "job.json").read_text())
    job["recipient"]["email"] = "a@example.jp\r\nRCPT TO:<b@example.jp>"
    (folder / "job.json").write_text(json.dumps(job))
    relay = sink()
    result = send(relay, {"smtp.starttls": "never"})
    assert result.returncode == 65
    assert "example.jp" not in result.stderr
    assert relay.connections == 0


def test_check_logs_in_and_mails_nothing(sink, send, folder, good):
    relay = sink(certificate=good[0], key=good[1], user=f"mailer:{PASSWORD}")
    result = send(relay, login(folder, good[0]), command=("check",))
    assert "ok relay" in result.stdout
    assert "auth" in stages(relay) and "mail" not in stages(relay)
    assert PASSWORD not in result.stdout + result.stderr
