#!/usr/bin/python3
"""An SMTP relay that takes every mail and keeps it.

    smtp_sink.py --out DIR [--port N] [--port-file FILE] [--die-with-parent]

Each accepted mail becomes DIR/000001.eml (the bytes after DATA, dots unstuffed) and DIR/000001.json (the envelope), in
the order of acceptance; the .eml appears whole, after its .json. Runs until SIGTERM or SIGINT.
"""
import argparse
import asyncio
import ctypes
import json
import os
import re
import signal
from pathlib import Path

PR_SET_PDEATHSIG = 1


class Mailbox:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.count = len(list(self.folder.glob("*.eml")))  # a restarted sink goes on

    def keep(self, mail_from, rcpt_to, data):
        self.count += 1
        base = self.folder / f"{self.count:06}"
        base.with_suffix(".json").write_text(json.dumps({"mail_from": mail_from, "rcpt_to": rcpt_to}) + "\n")
        unfinished = base.with_suffix(".tmp")
        unfinished.write_bytes(data)
        unfinished.rename(base.with_suffix(".eml"))


class Session:
    """One connection: RFC 5321, enhanced status codes (RFC 2034), no 8BITMIME."""

    def __init__(self, reader, writer, mailbox):
        self.reader, self.writer, self.mailbox = reader, writer, mailbox
        self.reset()

    def reset(self):
        self.mail_from = None
        self.rcpt_to = []

    async def reply(self, text):
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    async def run(self):
        await self.reply("220 sink.test ESMTP")
        while line := await self.reader.readline():
            if not line.endswith(b"\r\n"):
                await self.reply("500 5.5.2 lines end with CR LF")
                continue
            command = line[:-2].decode("latin-1")
            verb = command.split(" ", 1)[0].upper()
            if verb == "QUIT":
                await self.reply("221 2.0.0 bye")
                return
            await self.command(verb, command)

    async def command(self, verb, command):
        path = re.fullmatch(r"(?:MAIL FROM|RCPT TO):<([^<>\x00-\x20\x7f-\xff]*)>(?: .*)?", command, re.IGNORECASE)
        if verb in ("EHLO", "HELO"):
            self.reset()
            extensions = "250-sink.test\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 1000000"
            await self.reply(extensions if verb == "EHLO" else "250 sink.test")
        elif verb == "MAIL" and path:
            self.reset()
            self.mail_from = path[1]
            await self.reply("250 2.1.0 ok")
        elif verb == "RCPT" and path and self.mail_from is not None:
            self.rcpt_to.append(path[1])
            await self.reply("250 2.1.5 ok")
        elif verb == "DATA" and self.rcpt_to:
            await self.data()
        elif verb in ("RSET", "NOOP"):
            if verb == "RSET":
                self.reset()
            await self.reply("250 2.0.0 ok")
        elif verb in ("MAIL", "RCPT"):
            await self.reply("501 5.1.7 no such path" if path is None else "503 5.5.1 MAIL first")
        else:
            await self.reply("503 5.5.1 not now" if verb == "DATA" else "502 5.5.1 not known")

    async def data(self):
        await self.reply("354 go on")
        lines = []
        while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        data = b"".join(lines)
        self.mailbox.keep(self.mail_from, self.rcpt_to, data)
        self.reset()
        await self.reply("250 2.0.0 kept")


async def serve(options):
    mailbox = Mailbox(options.out)

    async def connected(reader, writer):
        try:
            await Session(reader, writer, mailbox).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # the client went away in the middle: nothing was accepted
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", options.port, limit=1 << 20)
    port = server.sockets[0].getsockname()[1]
    if options.port_file:
        unfinished = Path(options.port_file + ".tmp")
        unfinished.write_text(f"{port}\n")
        unfinished.rename(options.port_file)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with server:
        await stop.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="folder for the mails")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--port-file", help="written once the sink listens")
    parser.add_argument("--die-with-parent", action="store_true")
    options = parser.parse_args()
    if options.die_with_parent:
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            return
    asyncio.run(serve(options))


if __name__ == "__main__":
    main()
