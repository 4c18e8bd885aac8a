"""rediss://: what a build with TLS trusts, and what one without says (Debian 12's hiredis has none)."""
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from process import Process, free_port, wait_until
from services import write_hash_keys
from tls import has_tls, make_certificate


@pytest.fixture
def tls_redis(folder):
    """tls_redis(names): the port of a private redis-server with TLS, and its certificate."""
    servers = []

    def start(names):
        own = folder / f"redis-{len(servers)}"
        certificate, key = make_certificate(own, names)
        port = free_port()
        server = Process("redis", [shutil.which("redis-server"), "--bind", "127.0.0.1", "--port", 0, "--tls-port", port,
                                   "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no",
                                   "--save", "", "--dir", own], own / "redis.log")
        servers.append(server)
        server.start()
        wait_until(lambda: "Ready to accept connections" in server.output(), 60, server.output)
        return port, certificate

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def check(build_dir, folder):
    """check(settings): what `check` says of Redis; no broker is there."""
    keys = write_hash_keys(folder / "hash.keys")

    def run(settings):
        options = []
        for key, value in {"hash.keys.file": keys, "kafka.bootstrap.servers": "127.0.0.1:1", **settings}.items():
            options += ["--set", f"{key}={value}"]
        done = subprocess.run([build_dir / "bin/login-alert-detector", *options, "check"], capture_output=True,
                              text=True, timeout=60)
        return done.returncode, [line for line in (done.stdout + done.stderr).splitlines()
                                 if "redis" in line and not line.startswith("redis.")]

    return run


def test_a_certificate_that_is_trusted_and_names_the_host_is_needed(build_dir, check, tls_redis):
    port, certificate = tls_redis("DNS:localhost,IP:127.0.0.1")
    if not has_tls(build_dir):
        code, lines = check({"redis.url": f"rediss://127.0.0.1:{port}", "redis.ca.file": certificate})
        assert code == 78 and any("rediss:// needs hiredis 1.0 or later" in line for line in lines), lines
        return
    other_port, other = tls_redis("DNS:elsewhere.example")
    no_certificate = certificate.parent / "redis.log"
    cases = (  # the last word: what is said
        (f"127.0.0.1:{port}", certificate, "ok redis"),
        (f"localhost:{port}/3", certificate, "ok redis"),
        (f"127.0.0.1:{port}", other, "TLS: self-signed certificate"),
        (f"127.0.0.1:{port}", None, "TLS: self-signed certificate"),
        (f"127.0.0.1:{other_port}", other, "TLS: IP address mismatch"),
        (f"localhost:{other_port}", other, "TLS: hostname mismatch"),
        (f"127.0.0.1:{port}", no_certificate, f"redis.ca.file: {no_certificate}"),
    )
    with ThreadPoolExecutor() as pool:  # each waits for a broker that is not there
        said = list(pool.map(lambda case: check({"redis.url": f"rediss://{case[0]}",
                                                 **({"redis.ca.file": case[1]} if case[1] else {})}), cases))
    for case, (code, lines) in zip(cases, said):
        assert any(case[2] in line for line in lines), (case, lines)
        assert code == (78 if case[1] == no_certificate else 69), (case, code)
