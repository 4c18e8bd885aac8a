"""Every sample and hostile job through Postfix and through Exim: each must arrive as exactly one message, unchanged.

    sudo build/venv/bin/python tests/support/real_relays.py [BUILD_FOLDER]     build/dev when left out; needs root, as both servers do

Debian's mail servers exclude each other, so none is installed: their packages are fetched and unpacked into a temporary
folder, and run from there on a free port of the loopback interface with queues of their own, from which nothing is sent on.
"""
import email.parser
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from mails import JOB
from process import Process, free_port, wait_until
from services import SOURCE

PACKAGES = ["postfix", "exim4-daemon-light", "libidn12", "libnsl2", "libdb5.3", "libsasl2-2", "libnss-wrapper"]
QUEUES = "active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace".split()
MAIN_CF = """compatibility_level = 3.6
queue_directory = {own}/queue
data_directory = {own}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
meta_directory = {own}
shlib_directory = {root}/usr/lib/postfix
import_environment = MAIL_CONFIG LD_LIBRARY_PATH
mail_owner = mail
setgid_group = tty
myhostname = relay.test
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_restrictions = check_client_access static:HOLD
smtpd_forbid_bare_newline = yes
strict_rfc821_envelopes = yes
strict_7bit_headers = yes
strict_mime_encoding_domain = yes
maillog_file = {own}/log
maillog_file_prefixes = {own}
"""
MASTER_CF = """127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
EXIM_CONF = """primary_hostname = relay.test
spool_directory = {own}/spool
log_file_path = {own}/log-%s
exim_user = mail
exim_group = mail
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts =
queue_only
keep_environment =
acl_smtp_rcpt = accept_all
acl_smtp_data = check_data
begin acl
accept_all:
  accept
check_data:
  require verify = header_syntax
  require verify = header_names_ascii
  accept
begin routers
none:
  driver = redirect
  data = :fail: nothing leaves
"""


def fetch(folder):
    """The packages' files below one root."""
    subprocess.run(["apt-get", "download", *PACKAGES], cwd=folder, check=True, capture_output=True)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
    folder.chmod(0o755)
    libraries = {str(path.parent) for path in (folder / "root").rglob("*.so*")}
    return folder / "root", {"LD_LIBRARY_PATH": ":".join(sorted(libraries))}


class Postfix:
    name = "Postfix"

    def __init__(self, folder, root, env):
        self.own, self.port = folder / "postfix", free_port()
        for queue in QUEUES:
            (self.own / "queue" / queue).mkdir(parents=True)
            shutil.chown(self.own / "queue" / queue, "mail")
        (self.own / "data").mkdir()
        shutil.chown(self.own / "data", "mail")
        (self.own / "main.cf").write_text(MAIN_CF.format(own=self.own, root=root))
        (self.own / "master.cf").write_text(MASTER_CF.format(port=self.port))
        self.root, self.env = root, {**env, "MAIL_CONFIG": str(self.own)}
        self.process = Process("master", [root / "usr/lib/postfix/sbin/master", "-c", self.own, "-d"], self.own / "out", env=self.env)

    def said(self):
        return self.process.output() + ((self.own / "log").read_text() if (self.own / "log").exists() else "")

    def messages(self):
        files = sorted((self.own / "queue" / "hold").rglob("*"))
        return [subprocess.run([self.root / "usr/sbin/postcat", "-c", self.own, "-hb", path], check=True, capture_output=True,
                               env={**os.environ, **self.env}).stdout for path in files if path.is_file()]


class Exim:
    name = "Exim"

    def __init__(self, folder, root, env):
        self.own, self.port = folder / "exim", free_port()
        (self.own / "spool").mkdir(parents=True)
        for path in (self.own, self.own / "spool"):
            shutil.chown(path, "mail", "mail")
        (self.own / "conf").write_text(EXIM_CONF.format(own=self.own, port=self.port))
        # Debian's Exim asks for its user by name, and this machine need not have one.
        (self.own / "passwd").write_text(Path("/etc/passwd").read_text() + "Debian-exim:x:8:8::/:/usr/sbin/nologin\n")
        (self.own / "group").write_text(Path("/etc/group").read_text() + "Debian-exim:x:8:\n")
        env = {**env, "LD_PRELOAD": str(next(root.rglob("libnss_wrapper.so"))), "NSS_WRAPPER_PASSWD": str(self.own / "passwd"),
               "NSS_WRAPPER_GROUP": str(self.own / "group")}
        self.process = Process("exim", [root / "usr/sbin/exim4", "-C", self.own / "conf", "-bdf"], self.own / "out", env=env)

    def said(self):
        return self.process.output() + "".join(path.read_text() for path in self.own.glob("log-*"))

    def messages(self):
        """A spool file of headers has each with its length before it; the body has its name first."""
        found = []
        for path in sorted((self.own / "spool" / "input").rglob("*-D")):
            listed = path.with_name(path.name[:-1] + "H").read_bytes().partition(b"\n\n")[2]
            headers = b""
            while listed:
                size, kind = int(listed[:3]), listed[3:4]
                headers += listed[5:5 + size] if kind != b"*" else b""
                listed = listed[5 + size:].lstrip(b"\n")
            found.append(headers + b"\n" + path.read_bytes().partition(b"\n")[2])
        return found


def hostile_jobs(count):
    rng = random.Random(5)
    pieces = ["\r\n", "\n.\n", "\r\n.\r\n", "\nMAIL FROM:<x@example.jp>\r\n", "Bcc: x@example.jp", "\r\n\r\n", "<", "\0", "日本", ".", "💩",
              "--=_login-alert_", "\u2028", "\r\nDATA\r\n", "From x", "=?UTF-8?B?QQ==?="]
    for number in range(count):
        text = {name: "".join(rng.choice(pieces) for _ in range(12)) for name in ("member_masked", "device_label", "browser_label", "app_label")}
        yield {**text, "reason": "THIRD_PARTY_LINK", "locale": rng.choice(["ja", "en", "\r\nX: y"])}


def jobs():
    samples = [{"reason": reason, "locale": locale, "app_label": "App"} for locale in ("ja", "en")
               for reason in ("FIRST_LOGIN", "NEW_DEVICE", "NEW_BROWSER", "COOKIES_CLEARED", "THIRD_PARTY_LINK")]
    addresses = ["hanako@example.jp", '"foo..bar"@docomo.ne.jp', "foo.@ezweb.ne.jp", "x@日本.jp", '"a b"@example.jp', "a+b@example.jp"]
    for number, fields in enumerate([*samples, *hostile_jobs(25)]):
        yield {**JOB, **fields, "job_id": f"{number + 1:032x}", "mode": "LIVE", "not_after": 4102444800000,
               "recipient": {"email": addresses[number % len(addresses)], "member_id": "m"}}


def unfolded(raw):
    """What must not change on the way: our headers and the body."""
    message = email.parser.BytesParser().parsebytes(raw)
    own = [(name, value.replace("\n", "").replace("\r", "")) for name, value in message.items() if name not in ("Received", "Return-Path")]
    return own, raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2].rstrip(b"\n")


def check(server, mailer):
    server.process.start()
    try:
        relay = ["--set", f"smtp.url=smtp://127.0.0.1:{server.port}/client.test", "--set", "smtp.starttls=never"]
        wait_until(lambda: b"220" in greeting(server.port), 60, server.said)
        sent = []
        for job in jobs():
            made = subprocess.run([mailer, "render", "--job", "-"], input=json.dumps(job).encode(), capture_output=True, check=True)
            sent.append(unfolded(made.stdout))
            done = subprocess.run([mailer, *relay, "send", "--job", "-"], input=json.dumps(job).encode(), capture_output=True)
            assert done.returncode == 0, (job, done.stderr, server.said()[-2000:])
        arrived = [unfolded(raw) for raw in server.messages()]
        assert len(arrived) == len(sent), (len(arrived), len(sent))
        assert sorted(arrived) == sorted(sent), [pair for pair in zip(sorted(arrived), sorted(sent)) if pair[0] != pair[1]][0]
        print(f"{server.name}: {len(sent)} sent, {len(arrived)} arrived, each as it was made")
    finally:
        server.process.close()


def greeting(port):
    """What the server says first; nothing while it is not there."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            return s.recv(200)
    except OSError:
        return b""


def main():
    if os.geteuid() != 0 or len(sys.argv) > 2:
        sys.exit(__doc__)
    mailer = Path(sys.argv[1] if len(sys.argv) > 1 else SOURCE / "build" / "dev").absolute() / "bin" / "login-alert-mailer"
    folder = Path(tempfile.mkdtemp(prefix="la-relays-"))
    try:
        root, env = fetch(folder)
        for make in (Postfix, Exim):
            check(make(folder, root, env), mailer)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
