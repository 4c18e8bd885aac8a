"""http.listen against whoever may connect to it. No server is there: both programs wait for Kafka, and answer meanwhile."""
import http.client
import os
import re
import socket
import time
from pathlib import Path

import pytest

from process import free_port, wait_until
from services import Program, write_hash_keys

NOWHERE = "127.0.0.1:1"
NO_BROKERS = {"kafka.bootstrap.servers": None}  # check does not wait for any
LISTENS = "0A"  # in /proc/net/tcp
CLIENTS_MAX = 32
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
PARTS = re.compile(rb"HTTP/1.1 (\d+) ")


@pytest.fixture
def program(build_dir, folder):
    made = []

    def make(name="detector", listen="127.0.0.1:0", **settings):
        own = folder / f"{name}-{len(made)}"
        own.mkdir()
        made.append(Program(f"login-alert-{name}", build_dir / "bin" / f"login-alert-{name}", own, {
            "kafka.bootstrap.servers": NOWHERE, "redis.url": f"redis://{NOWHERE}", "http.listen": listen,
            **({"hash.keys.file": write_hash_keys(own / "hash.keys")} if name == "detector" else {}), **settings}))
        return made[-1]

    yield make
    for one in made:
        one.close()


def talk(port, request, timeout=30):
    """What comes until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        try:
            connection.sendall(request)
        except OSError:
            pass  # it has heard enough
        return read_all(connection)


def ask(port, request):
    """As talk(), again when nothing comes: who stands still for as long as a client has is cut off."""
    for _ in range(3):
        if answer := talk(port, request):
            return answer
    return b""


def drip(connection, data, pause=0.0):
    """Byte by byte, until the other side has cut us off. Has it?"""
    try:
        for byte in data:
            connection.send(bytes([byte]))
            time.sleep(pause)
    except OSError:
        return True
    return False


def read_all(connection):
    got = b""
    try:
        while piece := connection.recv(65536):
            got += piece
    except ConnectionResetError:
        pass  # we sent more than it read
    return got


def status(answer):
    found = PARTS.match(answer)
    return int(found[1]) if found else None


@pytest.mark.parametrize("name", ["detector", "mailer"])
def test_pages_are_there_while_nothing_else_is(program, name):
    one = program(name).start()
    assert one.http("/livez") == (200, "ok\n")
    wait_until(lambda: "\nbroker: " in one.http("/readyz")[1], 60, lambda: one.http("/readyz")[1])
    assert one.http("/readyz")[0] == 503 and one.http("/readyz")[1].startswith("group: not joined yet\n")
    code, text = one.http("/metrics")
    assert code == 200 and 'login_alert_paused{cause="broker"} 1\n' in text
    assert one.http("/livez") == (200, "ok\n")
    assert one.terminate() == 0


def test_what_is_no_get_of_a_page_is_refused_and_none_of_it_is_read(program):
    one = program()
    one.process.env["LA_CLIENT_MS"] = "1500"
    one.start()
    port = one.port()
    rows = [
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /livez?verbose=1 HTTP/1.0\r\n\r\n", 200),
        (b"HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /metrics/../livez HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 1000000, 405),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 1000000, 200),
        (b"PUT /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", 405),
        (b"DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"CONNECT example.jp:25 HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"BREW" * 100 + b" /livez HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 20000 + b"\r\n", 431),
        (b"GET /livez HTTP/1.1\r\n\r\n", 200),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(300) + b"\r\n\r\n", None),
        (b"\r\n" * 1000, None),
        (b"GET\r\n\r\n", None),
        (b"", None),
    ]
    one_by_one = {request[:40]: status(ask(port, request)) for request, code in rows if code is not None}
    assert one_by_one == {request[:40]: code for request, code in rows if code is not None}
    for request, code in rows:
        if code is None:
            with socket.create_connection(("127.0.0.1", port), 30) as connection:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                assert status(read_all(connection)) in (None, 400), request[:40]
    head = ask(port, b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head.endswith(b"\r\n\r\n") and b"Connection: close\r\n" in head
    assert b"Allow: GET, HEAD\r\n" in ask(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert status(ask(port, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)) == 200  # the first; then it is closed
    assert ask(port, LIVEZ).endswith(b"\r\n\r\nok\n")
    assert one.terminate() == 0


def test_clients_that_are_slow_or_many_are_cut_off_and_cost_neither_memory_nor_the_stop(program):
    one = program()
    one.process.env["LA_CLIENT_MS"] = "700"
    one.start()
    port = one.port()
    began = time.monotonic()
    opened = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(CLIENTS_MAX)]
    for number, connection in enumerate(opened):
        drip(connection, b"GET /metrics HTTP/1.1\r\nHost: x\r\n"[:number + 1])
    assert ask(port, LIVEZ).endswith(b"\r\n\r\nok\n")  # as soon as the others are cut
    assert time.monotonic() - began > 0.6
    dripping = socket.create_connection(("127.0.0.1", port), 30)
    assert drip(dripping, b"GET /livez HTTP/1.1\r\nX-Slow: " + b"x" * 200, 0.05)  # a byte now and then does not buy time
    lazy = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(3 * CLIENTS_MAX)]  # most are not accepted yet
    for connection in lazy:
        drip(connection, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")  # and nobody reads the answer
    files = len(os.listdir(f"/proc/{one.process.pid}/fd"))
    assert files < 2 * CLIENTS_MAX + 30, files
    assert one.process.terminate(25) == 0
    for connection in [*opened, *lazy, dripping]:
        connection.close()


def test_a_port_that_is_taken_is_named_and_the_supervisor_tries_again(program):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        for name in ("detector", "mailer"):
            one = program(name, listen).start()
            assert one.process.wait(60) == 69
            assert f"http.listen={listen}: another program listens there" in one.stderr()
        done = program("detector", listen, **NO_BROKERS).command("check")
        assert f"warning http.listen={listen}: another program" in done.stdout.decode()
    done = program("mailer", f"127.0.0.1:{free_port()}", **NO_BROKERS).command("check")
    assert "\nok http.listen\n" in done.stdout.decode()


@pytest.mark.parametrize("listen, why", [("[2001:db8::1]:9464", "Cannot assign requested address"),
                                         ("no-such-host.invalid:9464", "")])
def test_an_address_that_is_not_here_is_configuration(program, listen, why):
    one = program(listen=listen, **NO_BROKERS).start()
    code = one.process.wait(60)
    assert f"http.listen={listen}: {why}" in one.stderr()
    assert code == 78 or "emporary failure in name resolution" in one.stderr()
    done = one.command("check")
    assert f"http.listen={listen}" in done.stdout.decode()
    assert done.returncode == 78 or "emporary failure in name resolution" in done.stdout.decode()


def test_two_instances_on_one_host_have_ports_of_their_own_and_off_has_none(program):
    two = [program(listen="127.0.0.1:0").start() for _ in range(2)]
    assert two[0].port() != two[1].port()
    assert [one.http("/livez")[0] for one in two] == [200, 200]
    off = program(listen="off").start()
    wait_until(lambda: "waiting for=broker" in off.stderr(), 60, off.stderr)
    assert "http listens" not in off.stderr()
    assert [states(one.process.pid).count(LISTENS) for one in (*two, off)] == [1, 1, 0]
    assert [one.process.terminate() for one in (*two, off)] == [0, 0, 0]


def states(pid):
    """Of the process's TCP sockets."""
    own = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            own.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass  # closed meanwhile
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return [row[3] for row in rows if f"socket:[{row[9]}]" in own]


@pytest.mark.parametrize("listen, hosts", [("[::1]:0", ["::1"]), ("[::]:0", ["::1", "127.0.0.1"]),
                                           ("0.0.0.0:0", ["127.0.0.1"]), ("localhost:0", ["localhost"])])
def test_it_listens_where_it_is_told(program, listen, hosts):
    one = program(listen=listen).start()
    for host in hosts:
        connection = http.client.HTTPConnection(host, one.port(), timeout=30)
        connection.request("GET", "/livez")
        assert connection.getresponse().status == 200
        connection.close()
    assert one.process.terminate() == 0
