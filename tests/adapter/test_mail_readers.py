"""Mails as others read them: GMime (notmuch, Balsa), SpamAssassin without a network. Neither shares code with us."""
import email
import json
import random
import re
import subprocess
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest

from mails import HEADERS, JOB, SUBJECT, parse, text_of
from services import SOURCE

WORDS = ["[JAL]", "新しい", "ログイン", "é", "ß", "💩", "👨‍👩‍👧", " ", "  ", "/Login from new device", "=?UTF-8?B?QQ==?=", "?=", "_", "a", "\t.", "ｶﾅ"]


@pytest.fixture(scope="module")
def samples(build_dir, tmp_path_factory):
    """The folder with one mail of each reason and order; GMime's readings of them by name."""
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run([build_dir / "bin" / "login-alert-mailer", "render", "--all-reasons", "--out", folder], check=True, timeout=60)
    return folder


def gmime(paths):
    done = subprocess.run(["/usr/bin/python3", SOURCE / "tests" / "support" / "gmime_read.py"], capture_output=True, check=True,
                          input="".join(f"{path}\n" for path in paths), text=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_gmime_reads_every_header_and_part_as_meant(samples):
    paths = sorted(samples.glob("*.eml"))
    assert len(paths) == 10
    for path, read in zip(paths, gmime(paths)):
        message = parse(path.read_bytes())
        assert [name for name, _ in read["headers"]] == HEADERS
        assert read["subject"] == SUBJECT
        assert (read["from"], read["to"]) == (["jmb_confirmation@jal.com"], ["member@example.com"])
        assert read["id"] == message["Message-ID"].strip("<>") and read["date"] == 1751295600
        assert [(part["type"], part["charset"]) for part in read["parts"]] == [("text/plain", "utf-8"), ("text/html", "utf-8")]
        assert [part["text"].replace("\r\n", "\n") for part in read["parts"]] == [text_of(message), text_of(message, "html")]


def brand(folder, number, rng):
    """A brand whose subject and sender are random; returns them."""
    def text():
        return "".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 12))).replace("\t", "").strip() or "x"

    subject, name = text(), text()
    own = folder / f"b{number}"
    own.mkdir()
    (own / "meta.conf").write_text(f"from=a@example.jp\nfrom.name={name}\nlanguages=ja\ntime-zone=Asia/Tokyo\n")
    (own / "subject.txt").write_text(subject + "\n")
    (own / "body.txt").write_text("x\n")
    (own / "body.html").write_text("<p>x</p>\n")
    return subject, name


def test_random_subjects_and_senders_are_read_as_meant(build_dir, folder):
    """Python's email and GMime each read what the brand says. (The newer parser of Python 3.11 puts a blank between two
    encoded-words of a name, against RFC 2047 section 6.2; the older one does not.)"""
    rng = random.Random(7)
    wanted, paths = [], []
    for number in range(40):
        wanted.append(brand(folder, number, rng))
        paths.append(folder / f"b{number}.eml")
        done = subprocess.run([build_dir / "bin" / "login-alert-mailer", f"--set=mail.templates={folder}", f"--set=mail.brand=b{number}",
                               "render", "--job", "-"], input=json.dumps(JOB).encode(), capture_output=True, check=True, timeout=60)
        paths[-1].write_bytes(done.stdout)
    for (subject, name), path, read in zip(wanted, paths, gmime(paths)):
        assert parse(path.read_bytes())["Subject"] == subject
        sender, _ = parseaddr(email.message_from_bytes(path.read_bytes())["From"])
        assert str(make_header(decode_header(sender))) == name
        assert (read["subject"], read["name"]) == (subject, name)


def test_spamassassin_finds_no_symptom_in_any_sample(samples, folder):
    """Its rules about MIME, headers, HTML, text; that a mail was not received by anybody yet is no symptom."""
    box = folder / "all.mbox"
    box.write_bytes(b"".join(b"From x Tue Jul  1 00:00:00 2025\n" + path.read_bytes().replace(b"\r\n", b"\n") + b"\n"
                             for path in sorted(samples.glob("*.eml"))))
    done = subprocess.run(["spamassassin", "--local", "--test-mode", f"--prefspath={folder}/prefs", "--mbox", box],
                          capture_output=True, text=True, timeout=60, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^X-Spam-Status: (\w+), score=(\S+) .*?tests=([A-Z0-9_,\s]*?) autolearn", done.stdout, re.M | re.S)
    assert len(found) == 10, done.stdout[:2000] + done.stderr
    for spam, score, tests in found:
        names = set(re.split(r"[,\s]+", tests))
        assert spam == "No" and float(score) <= 0.1, tests
        assert names <= {"HTML_MESSAGE", "NO_RECEIVED", "NO_RELAYS"}, names
