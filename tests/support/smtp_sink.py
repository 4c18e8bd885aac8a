#!/usr/bin/python3
"""An SMTP relay that keeps every byte it takes, and behaves as badly as it is told to.

    smtp_sink.py --out DIR [--port N] [--port-file FILE] [--die-with-parent] [--script FILE] [--delay SECONDS]
                 [--certificate FILE --key FILE [--tls starttls|at-once] [--user NAME:PASSWORD]] [--no-pipelining]

Each accepted mail becomes DIR/000001.eml (the bytes after DATA, dots unstuffed) and DIR/000001.json (the envelope), in
the order of acceptance; the .eml appears whole, after its .json. Runs until SIGTERM or SIGINT.

It is strict: a bare CR or LF, a line over 998 bytes, an eight-bit byte in a message, a command out of order or before its
time is refused, and a line about it is added to DIR/violations.txt.

A script is a JSON list of rules, the first that fits acts; a file that is replaced acts from the next connection on:
    {"at": "rcpt", "reply": "450 4.2.0 later", "times": 2, "to": "a@example.jp"}
at      banner, ehlo, starttls, auth, mail, rcpt, data, end (of the message), body (its first line has come), rset, quit
reply   in place of the usual one; several lines with \\n; "" sends nothing
raw     bytes (latin-1) as they are, in place of a reply; a "reply" beside it says what they mean
flood   bytes (latin-1) without end, as long as the client takes them
drip    seconds after each byte of raw
delay   seconds before it (a byte more in DIR/delays says that they have begun)
drop    true: then close the connection (reset: with RST); stall: true: then say nothing any more
        (a byte more in DIR/stalls says that it has begun)
times   acts so often, then never; to, from: only for this address; connection: only on the n-th, from 1

Tests import Sink, which is the same in a thread.
"""
import argparse
import asyncio
import base64
import ctypes
import json
import os
import re
import signal
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
COMMAND_MAX = 512
LINE_MAX = 998
PATH = re.compile(r"(?:MAIL FROM|RCPT TO):<([^<>\x00-\x20\x7f-\xff]*)>(?: .*)?", re.IGNORECASE)


@dataclass
class Settings:
    folder: Path
    script: list = field(default_factory=list)
    delay: float = 0  # before every reply
    certificate: str = None
    key: str = None
    tls: str = "starttls"
    user: str = None  # NAME:PASSWORD; then nothing is taken before AUTH
    pipelining: bool = True
    limit: int = 0  # so many connections at once, 421 for more
    script_file: Path = None
    script_seen: int = 0

    def read_script(self):
        if self.script_file is None or self.script_file.stat().st_ino == self.script_seen:
            return
        self.script_seen = self.script_file.stat().st_ino
        self.script = json.loads(self.script_file.read_text())

    def tls_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Mailbox:
    """The mails, in order, and what was wrong with what came."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.count = len(list(self.folder.glob("*.eml")))  # a restarted sink goes on

    def keep(self, envelope, data):
        self.count += 1
        base = self.folder / f"{self.count:06}"
        base.with_suffix(".json").write_text(json.dumps({**envelope, "bytes": len(data), "time": time.time()}) + "\n")
        unfinished = base.with_suffix(".tmp")
        unfinished.write_bytes(data)
        unfinished.rename(base.with_suffix(".eml"))

    def note(self, what):
        with open(self.folder / what, "a") as out:
            out.write(".")

    def complain(self, connection, what):
        with open(self.folder / "violations.txt", "a") as out:
            out.write(f"connection {connection}: {what}\n")


class Hangup(Exception):
    """The script closes the connection."""


class Session:
    """One connection: RFC 5321, enhanced status codes (RFC 2034), pipelining (RFC 2920), no 8BITMIME."""

    def __init__(self, server, number, reader, writer):
        self.server, self.number = server, number
        self.reader, self.writer = reader, writer
        self.settings, self.mailbox = server.settings, server.mailbox
        self.is_tls = self.settings.tls == "at-once" and self.settings.certificate is not None
        self.is_greeted = self.is_known = False
        self.reset()

    def reset(self):
        self.mail_from = None
        self.rcpt_to = []

    def complain(self, what):
        self.mailbox.complain(self.number, what)

    def has_input(self):
        return bool(self.reader._buffer)  # StreamReader has no public word for it

    async def reply(self, at, usual, address=None):
        """Says the usual, or what the script wants. True if it was the usual."""
        rule = self.server.rule_for(at, self.number, address)
        self.server.log.append((self.number, at, address))
        if "delay" in (rule or {}):
            self.mailbox.note("delays")
        await asyncio.sleep(self.settings.delay + (rule or {}).get("delay", 0))
        if rule is None or not rule.keys() & {"reply", "raw", "flood", "drop", "reset", "stall"}:
            await self.say(usual)
            return True
        while "flood" in rule:
            self.writer.write(rule["flood"].encode("latin-1") * 200)
            await self.writer.drain()
            await asyncio.sleep(0)
        if "raw" in rule:
            await self.say_raw(rule["raw"].encode("latin-1"), rule.get("drip"))
        elif rule.get("reply"):
            await self.say(rule["reply"])
        if rule.get("stall"):
            self.mailbox.note("stalls")
            await self.reader.read()  # until the client gives up
            raise Hangup
        if rule.get("reset"):
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                            struct.pack("ii", 1, 0))
        if rule.get("drop") or rule.get("reset"):
            raise Hangup
        # What the script says is believed: a refusal refuses, "250 …" accepts.
        return rule.get("reply", "4")[:1] in "23"

    async def say_raw(self, raw, drip):
        for piece in [raw] if drip is None else [raw[i:i + 1] for i in range(len(raw))]:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(drip or 0)

    async def say(self, text):
        lines = text.split("\n")
        code = lines[0][:3]
        out = [line if i == 0 else f"{code} {line}" for i, line in enumerate(lines)]
        out = [line[:3] + ("-" if i + 1 < len(out) else " ") + line[4:] for i, line in enumerate(out)]
        self.writer.write("".join(f"{line}\r\n" for line in out).encode("latin-1"))
        await self.writer.drain()

    async def read_line(self):
        """A command without its CRLF; None at the end."""
        line = await self.reader.readline()
        if not line.endswith(b"\r\n") and line:
            self.complain("a command that does not end with CRLF")
            raise Hangup
        if b"\r" in line[:-2] or len(line) > COMMAND_MAX:
            self.complain("a command with a bare CR, or over 512 bytes")
            raise Hangup
        return line[:-2].decode("latin-1") if line else None

    async def run(self):
        if not await self.reply("banner", "220 sink.test ESMTP"):
            await self.reader.read()
            return
        while (line := await self.read_line()) is not None:
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            handler = getattr(self, f"on_{verb.lower()}", None)
            if handler is None:
                self.complain(f"an unknown command {verb[:16]!a}")
                await self.say("502 5.5.1 not known")
                continue
            may_wait = verb in ("RSET", "MAIL", "RCPT", "NOOP") and self.settings.pipelining
            if self.has_input() and not may_wait:
                self.complain(f"more was sent before the answer to {verb}")
            await handler(line, rest)
            if verb == "QUIT":
                return

    async def on_ehlo(self, line, rest):
        self.reset()
        if not rest:
            self.complain("EHLO without a name")
        offers = ["250 sink.test", "ENHANCEDSTATUSCODES", "SIZE 1000000"]
        if self.settings.pipelining:
            offers.append("PIPELINING")
        if self.settings.certificate and not self.is_tls:
            offers.append("STARTTLS")
        if self.settings.user and self.is_tls:
            offers.append("AUTH PLAIN LOGIN")
        self.is_greeted = await self.reply("ehlo", "\n".join(offers), rest)

    async def on_helo(self, line, rest):
        self.reset()
        self.is_greeted = await self.reply("ehlo", "250 sink.test", rest)

    async def on_starttls(self, line, rest):
        if not self.settings.certificate or self.is_tls:
            await self.say("502 5.5.1 not offered")
        elif await self.reply("starttls", "220 2.0.0 go on"):
            await self.writer.start_tls(self.settings.tls_context())
            self.is_tls, self.is_greeted = True, False

    async def on_auth(self, line, rest):
        if not self.is_tls:
            self.complain("AUTH without TLS")
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() == "PLAIN":
            if not initial:
                await self.say("334 ")
                initial = await self.read_line()
            given = base64.b64decode(initial or "").decode().split("\0")[1:]
        else:
            given = []
            for prompt in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
                await self.say(f"334 {prompt}")
                given.append(base64.b64decode(await self.read_line() or "").decode())
        good = ":".join(given) == self.settings.user
        if await self.reply("auth", "235 2.7.0 welcome" if good else "535 5.7.8 no") and good:
            self.is_known = True

    async def on_mail(self, line, rest):
        path = PATH.fullmatch(line)
        if not self.is_greeted or self.mail_from is not None:
            self.complain("MAIL out of order")
            await self.say("503 5.5.1 not now")
        elif self.settings.user and not self.is_known:
            await self.say("530 5.7.0 log in first")
        elif path is None:
            self.complain("MAIL without a path")
            await self.say("501 5.1.7 no such path")
        elif await self.reply("mail", "250 2.1.0 ok", path[1]):
            self.mail_from = path[1]

    async def on_rcpt(self, line, rest):
        path = PATH.fullmatch(line)
        if self.mail_from is None:
            await self.say("503 5.5.1 MAIL first")
        elif path is None:
            self.complain("RCPT without a path")
            await self.say("501 5.1.3 no such path")
        elif await self.reply("rcpt", "250 2.1.5 ok", path[1]):
            self.rcpt_to.append(path[1])

    async def on_data(self, line, rest):
        if not self.rcpt_to:
            await self.say("554 5.5.1 no valid recipients")
        elif await self.reply("data", "354 go on", self.rcpt_to[-1]):
            await self.message()

    async def message(self):
        lines, wrong = [], None
        while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            if not lines and self.server.has_rule("body"):
                await self.reply("body", "", self.rcpt_to[-1])
            content = line[:-2]
            if b"\r" in content or b"\n" in content:
                wrong = "a bare CR or LF in a message"
            elif len(content) > LINE_MAX:
                wrong = "a line over 998 bytes"
            elif max(content, default=0) >= 0x80:
                wrong = "an eight-bit byte in a message"
            lines.append(line[1:] if line.startswith(b".") else line)
        envelope = {"mail_from": self.mail_from, "rcpt_to": self.rcpt_to, "connection": self.number,
                    "tls": self.is_tls}
        address = self.rcpt_to[-1]
        self.reset()
        if wrong:
            self.complain(wrong)
            await self.say("554 5.6.0 not a message")
        elif self.server.accepts("end", self.number, address):
            # Kept before the answer: whoever has read the answer finds the mail.
            self.mailbox.keep(envelope, b"".join(lines))
            await self.reply("end", "250 2.0.0 kept", address)
        else:
            await self.reply("end", "250 2.0.0 kept", address)

    async def on_rset(self, line, rest):
        self.reset()
        await self.reply("rset", "250 2.0.0 ok")

    async def on_noop(self, line, rest):
        await self.say("250 2.0.0 ok")

    async def on_quit(self, line, rest):
        await self.reply("quit", "221 2.0.0 bye")


class Server:
    """All connections. log has (connection, stage, address) of each reply that was asked for."""

    def __init__(self, settings):
        self.settings = settings
        self.mailbox = Mailbox(settings.folder)
        self.log = []
        self.connections = self.refused = 0
        self.tasks = set()
        self.port = None

    def find_rule(self, at, connection, address):
        for rule in self.settings.script:
            wanted = rule.get("to" if at in ("rcpt", "data", "body", "end") else "from")
            if (rule["at"] == at and rule.get("times", 1) > 0 and wanted in (None, address)
                    and rule.get("connection") in (None, connection)):
                return rule
        return None

    def has_rule(self, at):
        return any(rule["at"] == at for rule in self.settings.script)

    def rule_for(self, at, connection, address):
        rule = self.find_rule(at, connection, address)
        if rule is not None and "times" in rule:
            rule["times"] -= 1
        return rule

    def accepts(self, at, connection, address):
        """Is the answer a good one, or none at all after the mail was taken (a drop, a stall)?"""
        rule = self.find_rule(at, connection, address)
        return rule is None or rule.get("reply", "250")[:1] in ("2", "") or bool(rule.get("keep"))

    async def connected(self, reader, writer):
        self.connections += 1
        self.settings.read_script()
        self.tasks.add(asyncio.current_task())
        try:
            if 0 < self.settings.limit < len(self.tasks):
                self.refused += 1
                writer.write(b"421 4.7.0 too many connections\r\n")
                return
            await Session(self, self.connections, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, Hangup, OSError):
            pass  # the client went away in the middle, or was sent away: nothing more is accepted
        except asyncio.CancelledError:
            pass
        finally:
            self.tasks.discard(asyncio.current_task())
            writer.close()

    async def serve(self, port, stop, started=None):
        at_once = self.settings.certificate and self.settings.tls == "at-once"
        server = await asyncio.start_server(self.connected, "127.0.0.1", port, limit=1 << 20,
                                            ssl=self.settings.tls_context() if at_once else None)
        self.port = server.sockets[0].getsockname()[1]
        if started is not None:
            started()
        await stop.wait()
        server.close()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Sink:
    """The relay in a thread, for tests: change settings.script at any time; read mails, log, violations."""

    def __init__(self, folder, port=0, **settings):
        self.settings = Settings(Path(folder), **settings)
        self.server = None
        self.thread = self.loop = self.stop_event = None
        self.port = port

    def start(self):
        started = threading.Event()
        self.server = Server(self.settings)

        async def main():
            self.loop, self.stop_event = asyncio.get_running_loop(), asyncio.Event()
            await self.server.serve(self.port, self.stop_event, started.set)

        self.thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
        self.thread.start()
        assert started.wait(60), "the sink does not listen"
        self.port = self.server.port
        return self

    def stop(self):
        if self.thread is not None:
            self.loop.call_soon_threadsafe(self.stop_event.set)
            self.thread.join(60)
            self.thread = None

    @property
    def url(self):
        scheme = "smtps" if self.settings.certificate and self.settings.tls == "at-once" else "smtp"
        return f"{scheme}://127.0.0.1:{self.port}/mailer.test"

    @property
    def mails(self):
        """(envelope, bytes) of each mail so far."""
        return [(json.loads(path.with_suffix(".json").read_text()), path.read_bytes())
                for path in sorted(self.settings.folder.glob("*.eml"))]

    @property
    def log(self):
        return list(self.server.log)

    @property
    def connections(self):
        return self.server.connections

    @property
    def violations(self):
        path = self.settings.folder / "violations.txt"
        return path.read_text().splitlines() if path.exists() else []


def write_whole(path, text):
    unfinished = Path(f"{path}.tmp")
    unfinished.write_text(text)
    unfinished.rename(path)


async def serve(options):
    settings = Settings(Path(options.out), delay=options.delay, certificate=options.certificate, key=options.key,
                        tls=options.tls, user=options.user, pipelining=not options.no_pipelining,
                        script_file=Path(options.script) if options.script else None)
    settings.read_script()
    server = Server(settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def started():
        if options.port_file:
            write_whole(options.port_file, f"{server.port}\n")

    await server.serve(options.port, stop, started)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="folder for the mails")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--port-file", help="written once the sink listens")
    parser.add_argument("--die-with-parent", action="store_true")
    parser.add_argument("--script", help="a JSON file with rules")
    parser.add_argument("--delay", type=float, default=0, help="seconds before every reply")
    parser.add_argument("--certificate", help="PEM; offers STARTTLS")
    parser.add_argument("--key", help="PEM")
    parser.add_argument("--tls", choices=("starttls", "at-once"), default="starttls")
    parser.add_argument("--user", help="NAME:PASSWORD")
    parser.add_argument("--no-pipelining", action="store_true")
    options = parser.parse_args()
    if options.die_with_parent:
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            return
    asyncio.run(serve(options))


if __name__ == "__main__":
    main()
