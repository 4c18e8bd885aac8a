"""What `render` makes of brands: one mail of each reason and order of languages, the help page, another brand."""
import html
import json
import mailbox
import re
import shutil
import subprocess

import pytest

from mails import JOB, SAMPLE, parse, text_of
from services import SOURCE

REASONS = ["FIRST_LOGIN", "NEW_DEVICE", "NEW_BROWSER", "COOKIES_CLEARED", "THIRD_PARTY_LINK"]
ACME = [f"--set=mail.templates={SOURCE / 'tests' / 'data' / 'templates'}", "--set=mail.brand=acme"]


@pytest.fixture(scope="module")
def command(build_dir):
    """command(words...) gives what the program printed."""
    def run(*words, expect=0, stdin=b""):
        done = subprocess.run([build_dir / "bin" / "login-alert-mailer", *words], input=stdin, capture_output=True,
                              timeout=60)
        assert done.returncode == expect, done.stderr.decode()
        return done.stdout if expect == 0 else done.stderr.decode()
    return run


@pytest.fixture(scope="module")
def render(command):
    """render(job, options...) gives the mail."""
    def run(job, *options, expect=0):
        return command(*options, "render", "--job", "-", expect=expect, stdin=json.dumps(job).encode())
    return run


def test_all_reasons_gives_one_of_each_reason_and_order(command, folder):
    command("render", "--all-reasons", "--out", folder)
    names = {f"{reason}.{order}" for reason in REASONS for order in ("ja-en", "en-ja")}
    assert {path.name for path in folder.iterdir()} == {name + end for name in names for end in (".eml", ".txt", ".html")}
    for name in names:
        message = parse((folder / f"{name}.eml").read_bytes())
        assert message["Content-Language"] == ("ja, en" if name.endswith("ja-en") else "en, ja")
        assert text_of(message) == (folder / f"{name}.txt").read_text()
        assert ("\n[App] " in text_of(message)) == name.startswith("THIRD_PARTY_LINK")
    assert (folder / "COOKIES_CLEARED.ja-en.txt").read_text() == SAMPLE


def test_without_a_folder_they_are_one_mailbox(command, folder):
    (folder / "all.mbox").write_bytes(command("render", "--all-reasons"))
    mails = [message.as_bytes() for message in mailbox.mbox(folder / "all.mbox")]
    assert len(mails) == 10 and len(set(mails)) == 10


def test_both_orders_say_the_same(render):
    ja, en = (text_of(parse(render({**JOB, "locale": locale}))) for locale in ("ja-JP", "en-US"))
    own = {"*English follows Japanese.", "(English version)", "*日本語は英語の後に続きます。", "(日本語版)"}
    assert sorted(set(ja.splitlines()) - own) == sorted(set(en.splitlines()) - own)
    assert en.index("A notification email") < en.index("新しい環境からの") and ja == SAMPLE


def test_another_brand_has_one_language_a_sender_a_zone_and_a_mask_of_its_own(command, render):
    raw = render({**JOB, "locale": "ja-JP"}, *ACME)
    message = parse(raw)
    assert message["From"] == "Acme Club <alerts@acme.example>"
    assert message["Message-ID"].endswith("@acme.example>")
    assert message["Content-Language"] == "en-GB"
    assert text_of(message) == ("Someone, we hope you, logged in as *******21 at 2025/06/30 16:00:00(BST)\n"
                                "with chrome on iPhone(mobile).\nNo app took part.\nAcme\n")
    assert "has no help.html" in command(*ACME, "render", "--help-page", expect=78)


@pytest.mark.parametrize("added, says", [
    ("x {{nobody}}", "ja:17: unknown name nobody"), ("{{#app}} open", "ja:17: the section is not closed: app"),
    ("{{>gone}}", "ja:17: missing partial gone"), ("{{=", "ja:17: "), (None, "body.html: missing")])
def test_a_mistake_in_a_brand_is_named_with_file_and_line(render, folder, added, says):
    brand = shutil.copytree(SOURCE / "templates", folder / "templates") / "jmb"
    if added is None:
        (brand / "body.html").unlink()
    else:
        with (brand / "ja.txt").open("a") as file:
            file.write(added + "\n")
    assert says in render(JOB, f"--set=mail.templates={brand.parent}", expect=78)


def test_the_tenant_has_its_brand(render):
    brand = [ACME[0].replace("tests/data/templates", "templates")]
    assert parse(render({**JOB, "tenant": "other"}, *brand))["From"] == "jmb_confirmation@jal.com"
    assert "acme" in render({**JOB, "tenant": "shop"}, "--set=mail.brand.shop=acme", expect=78)


# The sections of the mission's page, and what each must tell, in both languages.
HELP = [
    ("new device", "新しいご利用環境からのログイン"), ("tells you immediately", "すぐにお気づき"),
    ("you do not remember", "お心当たりのないログイン"), ("a third party may have misused", "第三者がアカウントを不正に利用している可能性"),
    ("recommend that you change your password", "パスワードの変更をおすすめします"), ("Changing your password", "パスワードの変更"),
    ('"Change password."', "「パスワードの変更」から"), ("unauthorized login or award redemption", "不正なログインや特典の不正な交換"),
    ("one-time password", "ワンタイムパスワード"), ("taken over your registered email account", "メールアカウントになりすまし"),
    ("STEP 1", "STEP 1"), ("You can log in to your email account", "ご自身のメールアカウントにログインできること"),
    ("no emails that you do not remember", "お心当たりのないメールがないこと"), ("forwarding address and the contact", "転送先や再設定用の連絡先"),
    ("STEP 2", "STEP 2"), ("do not use the same password", "同じパスワードを使い回さない"), ("two-factor", "二要素認証"),
    ("register your devices", "端末情報を登録"), ("logging in yourself", "ご自身でログインされた場合"), ("even if it is your own login", "ご自身のログインであっても"),
    ("first time from a new device (including when you change your device", "新しい端末から初めてログインを行う(機種変更を含む)"),
    ("from a different browser", "普段ご利用のブラウザと異なる"), ("deleted your cookies or factory reset", "Cookieの削除や端末の初期化"),
    ("link your JMB membership information to a third-party app", "他社アプリとJMB会員情報の連携"), ("Sample email", "メールの見本"),
    ("Notice", "ご注意"), ("sent to your registered email address", "ご登録のメールアドレスにお送りします"),
    ("jmb_confirmation@jal.com", "jmb_confirmation@jal.com"), ("VPN (virtual private network) or a proxy", "VPN(仮想プライベートネットワーク)やプロキシ"),
    ("location information may differ", "位置情報が実際と異なる"), ("security software", "セキュリティソフト"), ("FAQ", "よくあるご質問"),
]


def test_the_help_page_has_every_section_in_both_languages(command):
    page = html.unescape(re.sub(r"<(?!section)[^>]*>", "", command("render", "--help-page").decode()))
    japanese, english = page[page.index('<section class="language" id="ja"'):].split('<section class="language" id="en"')
    missing = [words for words in HELP if words[0] not in english or words[1] not in japanese]
    assert missing == []


def test_the_help_page_is_whole_and_loads_nothing(command, folder):
    page = command("render", "--help-page").decode()
    command("render", "--help-page", "--out", folder)
    assert (folder / "help.html").read_text() == page
    assert page.startswith("<!DOCTYPE html>\n")
    assert not re.search(r"https?:|//|src=|url\(|@import|<(script|link|img|iframe|object|form)\b", page)
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', page))
    targets = set(re.findall(r'id="([^"]*)"', page))
    assert {link[1:] for link in re.findall(r'href="([^"]*)"', page)} <= targets
    shown = html.unescape(page)
    assert SAMPLE in shown and "jmb_confirmation@jal.com" in shown
