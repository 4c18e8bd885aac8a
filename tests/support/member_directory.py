"""A member directory for recipient.url: HTTPS, and the member id says how it answers.

    member_directory.py --certificate PEM --key PEM --port-file FILE [--log FILE] [--token WORD] [--die-with-parent]

    status-N      N, with a page beside it              stall      no answer
    big-404       404 and a page of 100 kB              drip       an answer that never ends
    retry         503, Retry-After: 7                   cut        ends in the middle of the body
    redirect      302 to another member                 garbage    no HTTP
    html          200, text/html                        broken     200, application/json, but none
    big           200, JSON of 20 kB                    headers    200 behind 100 kB of headers
    null          200, an email of null                 bye        answers, then hangs up without a word of it
    en-X          X@example.jp, locale en               X          X@example.jp

Each request is kept: connection, path with query, Authorization.
"""
import argparse
import ctypes
import json
import os
import signal
import socketserver
import ssl
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

PR_SET_PDEATHSIG = 1
PAGE = b"<html>secret@example.jp</html>"


def response(status, body, content_type="application/json", *headers):
    lines = [f"HTTP/1.1 {status} whatever", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def found(email, **more):
    return response(200, json.dumps({"email": email, **more}).encode())


def make_certificate(folder, names="DNS:localhost,IP:127.0.0.1"):
    """A self-signed certificate and its key; gives both paths."""
    folder.mkdir(exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=members", "-addext", f"subjectAltName={names}", "-keyout", key,
                    "-out", certificate], check=True, capture_output=True)
    return certificate, key


class Hangup(Exception):
    """The connection ends here."""


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        directory = self.server.directory
        try:
            with directory.context.wrap_socket(self.request, server_side=True) as self.tls:
                with directory.lock:
                    directory.connections += 1
                    self.number = directory.connections
                while self.one_request():
                    pass
        except (OSError, Hangup):
            pass

    def one_request(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            more = self.tls.recv(4096)
            if not more:
                return False
            head += more
        path, authorization = head.split(b" ")[1].decode(), None
        for line in head.decode().split("\r\n"):
            if line.lower().startswith("authorization:"):
                authorization = line.split(":", 1)[1].strip()
        self.server.directory.note(self.number, path, authorization)
        self.answer(path, authorization)
        return True

    def answer(self, path, authorization):
        directory, parts = self.server.directory, urlsplit(path)
        member_id = parse_qs(parts.query).get("member_id", [unquote(parts.path.rsplit("/", 1)[1])])[0]
        if directory.token and authorization != f"Bearer {directory.token}":
            self.tls.sendall(response(401, PAGE, "text/html"))
        elif directory.status:
            self.tls.sendall(response(directory.status, PAGE, "text/html"))
        elif member_id in directory.members:
            self.tls.sendall(found(directory.members[member_id]))
        elif hasattr(self, "act_" + member_id.split("-")[0].replace("-", "_")):
            getattr(self, "act_" + member_id.split("-")[0])(member_id)
        else:
            self.tls.sendall(found(f"{member_id}@example.jp"))

    def act_status(self, member_id):
        self.tls.sendall(response(int(member_id.split("-")[1]), PAGE, "text/html"))

    def act_big(self, member_id):
        if member_id == "big-404":
            self.tls.sendall(response(404, PAGE * 4000, "text/html"))
        else:
            self.tls.sendall(found("secret@example.jp", pad="x" * 20000))

    def act_retry(self, member_id):
        self.tls.sendall(response(503, PAGE, "text/html", "Retry-After: 7"))

    def act_redirect(self, member_id):
        self.tls.sendall(response(302, PAGE, "text/html", "Location: /m/elsewhere"))

    def act_stall(self, member_id):
        self.tls.recv(1)
        raise Hangup

    def act_drip(self, member_id):
        self.tls.sendall(b"HTTP/1.1 200 ok\r\nContent-Type: application/json\r\n\r\n")
        while True:
            self.tls.sendall(b" ")
            time.sleep(0.02)

    def act_cut(self, member_id):
        self.tls.sendall(found("secret@example.jp")[:-5])
        raise Hangup

    def act_garbage(self, member_id):
        self.tls.sendall(b"\x00\xff secret\r\n\r\n")
        raise Hangup

    def act_html(self, member_id):
        self.tls.sendall(response(200, PAGE, "text/html"))

    def act_broken(self, member_id):
        self.tls.sendall(response(200, PAGE))

    def act_headers(self, member_id):
        self.tls.sendall(b"HTTP/1.1 200 ok\r\n" + b"X-Secret: secret\r\n" * 6000 + b"Content-Length: 0\r\n\r\n")

    def act_null(self, member_id):
        self.tls.sendall(found(None))

    def act_en(self, member_id):
        self.tls.sendall(found(f"{member_id[3:]}@example.jp", locale="en"))

    def act_bye(self, member_id):
        self.tls.sendall(found(f"{member_id}@example.jp"))
        raise Hangup


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


class MemberDirectory:
    """Can be stopped and started again at the same port; status: every answer, None: as the member id says."""

    def __init__(self, certificate, key, token=None, log=None, port=0):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.token, self.log, self.status, self.members = token, log, None, {}
        self.lock = threading.Lock()
        self.connections, self.requests, self.port, self.server = 0, [], port, None

    def start(self):
        self.server = Server(("127.0.0.1", self.port), Connection)
        self.server.directory = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def note(self, connection, path, authorization):
        with self.lock:
            self.requests.append((time.time(), path))
            if self.log:
                with open(self.log, "a") as out:
                    out.write(f"connection {connection} {path} {authorization}\n")

    def asked(self, member_id):
        with self.lock:
            return sum(unquote(path).endswith(member_id) for _, path in self.requests)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--certificate", "--key", "--port-file", "--log", "--token"):
        parser.add_argument(name)
    parser.add_argument("--die-with-parent", action="store_true")
    options = parser.parse_args()
    if options.die_with_parent:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    directory = MemberDirectory(options.certificate, options.key, options.token, options.log).start()
    unfinished = Path(options.port_file + ".new")
    unfinished.write_text(f"{directory.port}\n")
    os.rename(unfinished, options.port_file)
    signal.pause()


if __name__ == "__main__":
    main()
