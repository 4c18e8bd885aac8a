"""The sample mail, and mails as Python's email package reads them."""
import email
import email.policy
import json

from services import SOURCE

GOLDEN = SOURCE / "tests" / "golden"
SAMPLE = (SOURCE / "tests" / "data" / "sample.txt").read_text(encoding="utf-8")
SUBJECT = "[JAL]新しいご利用環境からログインがありました/Login from new device"
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "X-Auto-Response-Suppress",
           "Content-Language", "Content-Type"]
JOB = json.loads((GOLDEN / "first-login.json").read_text())


def parse(raw):
    """The message, after all that must hold for every mail of ours."""
    assert raw.isascii() and len(raw) < 40_000
    assert raw.endswith(b"\r\n") and b"\0" not in raw
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message.keys() == HEADERS
    parts = list(message.walk())
    assert [part.get_content_type() for part in parts] == ["multipart/alternative", "text/plain", "text/html"]
    for part in parts:
        assert part.defects == []
        assert [header.defects for header in part.values()] == [()] * len(part)
    assert not list(message.iter_attachments())
    return message


def text_of(message, kind="plain"):
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


def hostile_text(rng):
    """What a hostile client might have put into a label; JSON can carry all of it."""
    pieces = ["a", "Z", "7", " ", "日", "é", "💩", "👨‍👩‍👧", "\u0301" * rng.randrange(1, 400), "\r\n", "\n", "\0", "\t", "\x1b[1m", "\x7f",
              "\u2028", "\u202e", "\u2066", "\ufeff", "\u200b", ".", "..", "://", "http://", "https:///", "mailto:", "www.x.jp",
              "<", ">", "&", "\"", "'", "<script>", "</td>", "<!--", "-->", "<a href=//x>", "{{", "}}", "{{{member}}}", "{{#app}}",
              "{{/app}}", "=?UTF-8?B?QQ==?=", "=_login-alert_", f"--=_login-alert_{JOB['job_id']}--", "\r\n\r\n", "Bcc: x@example.jp",
              "\r\n.\r\n", "From ", "=", "=3D"]
    return "".join(rng.choice(pieces) for _ in range(rng.randrange(30)))
