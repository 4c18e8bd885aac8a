"""Mails as Python's email package reads them: every part without a defect, every text what was meant.

The package shares no code with the renderer, which runs here as the command of the program.
"""
import json
import random
import re
import subprocess
from email.utils import parsedate_to_datetime

import pytest

from mails import GOLDEN, JOB, SAMPLE, SUBJECT, hostile_text, parse, text_of

EX_DATAERR = 65


@pytest.fixture(scope="module")
def render(build_dir):
    """render(job) gives the finished process of `login-alert-mailer render`."""
    def run(job, *options, expect=0):
        done = subprocess.run([build_dir / "bin" / "login-alert-mailer", *options, "render", "--job", "-"],
                              input=json.dumps(job).encode(), capture_output=True, timeout=60)
        assert done.returncode == expect, done.stderr.decode()
        return done
    return run


def test_golden_mail_reads_back_as_the_sample():
    message = parse((GOLDEN / "first-login.eml").read_bytes())
    assert message["Subject"] == SUBJECT
    assert message["From"] == "jmb_confirmation@jal.com"
    assert message["To"] == "hanako@example.jp"
    assert message["Message-ID"] == "<5f1d0c2b8a7e46939b3e0d1c2f4a6b58@jal.com>"
    assert message["Date"] == "Tue, 01 Jul 2025 00:00:00 +0900"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Content-Language"] == "ja, en"
    assert text_of(message).splitlines() == SAMPLE.splitlines()
    assert text_of(message) == (GOLDEN / "first-login.txt").read_text(encoding="utf-8") == SAMPLE
    assert text_of(message, "html") == (GOLDEN / "first-login.html").read_text(encoding="utf-8")


def test_html_says_all_that_the_text_says():
    visible = re.sub(r"<[^>]*>|\s", "", (GOLDEN / "first-login.html").read_text(encoding="utf-8"))
    for line in SAMPLE.splitlines():
        words = re.sub(r"^\[[^]]*\]|^[・▼]|\s", "", line)
        assert words in visible, line


def test_render_makes_the_golden_files(render, build_dir, folder):
    assert render(JOB).stdout == (GOLDEN / "first-login.eml").read_bytes()
    subprocess.run([build_dir / "bin" / "login-alert-mailer", "render", "--job", GOLDEN / "first-login.json",
                    "--out", folder / "out"], check=True, timeout=60)
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == {
        JOB["job_id"] + suffix: (GOLDEN / f"first-login{suffix}").read_bytes() for suffix in (".eml", ".txt", ".html")}


def random_job(rng):
    job = {**JOB, "job_id": f"{rng.getrandbits(128):032x}",
           "reason": rng.choice(["FIRST_LOGIN", "NEW_DEVICE", "NEW_BROWSER", "COOKIES_CLEARED", "THIRD_PARTY_LINK"]),
           "device_class": rng.choice(["PC", "MOBILE", "TABLET", "BOT", "UNKNOWN"]),
           "occurred_at": rng.randrange(946684800000, 4102444800000),
           "suppressed_before": rng.choice([0, 0, 1, 2**31 - 1])}
    for name in ("member_masked", "device_label", "browser_label", "app_label", "location_label", "locale"):
        job[name] = hostile_text(rng)
    job["time_zone"] = rng.choice([None, "Asia/Tokyo", "Europe/Paris", "America/St_Johns", "../../etc/passwd", hostile_text(rng)])
    return job


def markup(html):
    """The tags and attributes of a page: what a text must not change."""
    return re.findall(r"<[^>]*>", html)


@pytest.mark.parametrize("seed", range(25))
def test_no_text_of_a_job_changes_headers_structure_or_markup(render, seed):
    rng = random.Random(seed)
    job = random_job(rng)
    mail = render(job).stdout
    assert render(job).stdout == mail  # the same job, the same bytes
    message = parse(mail)
    assert message["Subject"] == SUBJECT
    assert message["To"] == "hanako@example.jp"
    assert int(parsedate_to_datetime(message["Date"]).timestamp()) == job["occurred_at"] // 1000

    text, html = text_of(message), text_of(message, "html")
    has_app = job["reason"] == "THIRD_PARTY_LINK" and "[App] " in text
    plain = parse(render({**job, **dict.fromkeys(("member_masked", "device_label", "browser_label"), "x"),
                          "app_label": "x" if has_app else None}).stdout)
    assert markup(html) == markup(text_of(plain, "html"))
    assert len(text.splitlines()) == len(text_of(plain).splitlines()) == text.count("\n")
    assert "://" not in text and "http:" not in html and "https:" not in html
    for part in (text, html):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]", part)


def test_template_language_in_a_text_stays_text(render):
    message = parse(render({**JOB, "browser_label": "{{member}}{{#app}}"}).stdout)
    assert "[Browser] {{member}}{{#app}}\n" in text_of(message)
    assert "{{member}}{{#app}}" in text_of(message, "html")


@pytest.mark.parametrize("address, wire", [
    ("taro.yamada+jal@example.jp", "taro.yamada+jal@example.jp"),
    ('"taro yamada"@example.jp', '"taro yamada"@example.jp'),
    ("foo..bar@docomo.ne.jp", '"foo..bar"@docomo.ne.jp'),
    ("foo.@ezweb.ne.jp", '"foo."@ezweb.ne.jp'),
    ("x@日本.jp", "x@xn--wgv71a.jp"),
])
def test_recipient_is_one_address(render, address, wire):
    raw = render({**JOB, "recipient": {"email": address, "member_id": "m-1"}}).stdout
    message = parse(raw)
    assert f"\r\nTo: {wire}\r\n".encode() in raw
    assert len(message["To"].addresses) == 1
    assert message["To"].addresses[0].domain == wire.rpartition("@")[2]


@pytest.mark.parametrize("address", [
    "", "nobody", "a@b@c.jp", "a@example.jp, b@example.jp", "a@example.jp\r\nBcc: b@example.jp", "<a@example.jp>",
    "A <a@example.jp>", "a@example.jp\n", "花子@example.jp", "a..b@example.jp", "x" * 65 + "@example.jp", "a@" + "x" * 64 + ".jp",
])
def test_bad_address_is_refused_and_not_repeated(render, address):
    done = render({**JOB, "recipient": {"email": address, "member_id": "m-1"}}, expect=EX_DATAERR)
    assert done.stdout == b"" and done.stderr.count(b"\n") == 1
    assert b"example" not in done.stderr


def test_unreadable_jobs_are_refused_with_a_word(render, build_dir):
    for text in (b"", b"{", b"[]", b"null", b"\xff", b'{"reason": "FIRST_LOGIN"}', b'{"occurred_at": "yesterday"}'):
        done = subprocess.run([build_dir / "bin" / "login-alert-mailer", "render", "--job", "-"], input=text,
                              capture_output=True, timeout=60)
        assert (done.returncode, done.stdout) == (EX_DATAERR, b""), text
        assert done.stderr.strip()
    render({**JOB, "recipient": None}, expect=EX_DATAERR)


def write_brand(folder, name, sender):
    brand = folder / name
    brand.mkdir(parents=True)
    (brand / "meta.conf").write_text(f"from={sender}\nfrom.name=Acme 航空\nlanguages=en\ntime-zone=Europe/Paris\n")
    (brand / "subject.txt").write_text("New login\n")
    (brand / "body.txt").write_text("{{date_time}} {{>where}}\n{{#location}}\nNear {{location}} (a VPN may change that)\n{{/location}}\n")
    (brand / "where.txt").write_text("{{device}} {{browser}}")
    (brand / "body.html").write_text("<!DOCTYPE html>\n<p>{{device}}</p>\n")


def test_tenant_chooses_a_brand_and_is_never_a_path(render, folder):
    write_brand(folder, "acme", "news@acme.example")
    write_brand(folder, "other", "news@other.example")
    options = ["--set", f"mail.templates={folder}", "--set", "mail.brand=other", "--set", "mail.brand.acme-tenant=acme"]

    def sender(tenant):
        return parse(render({**JOB, "tenant": tenant}, *options).stdout)["From"].addresses[0].addr_spec

    assert sender("acme-tenant") == "news@acme.example"
    for tenant in ("default", "acme", "../acme", "acme-tenant/", "", "ACME-TENANT"):
        assert sender(tenant) == "news@other.example"

    message = parse(render({**JOB, "location_label": "Paris"}, *options).stdout)
    assert message["Subject"] == "New login"
    assert message["From"].addresses[0].display_name == "Acme 航空"
    assert message["Content-Language"] == "en"
    assert text_of(message).splitlines() == ["2025/06/30 17:00:00(CEST) iPhone(mobile) chrome",
                                             "Near Paris (a VPN may change that)"]
