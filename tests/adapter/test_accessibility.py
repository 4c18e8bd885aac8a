"""Mails and help page in Chromium: axe-core finds nothing, nothing is wider than the window, blocks say their language."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from browser import Browser
from mails import JOB
from services import SOURCE

AXE = Path(os.environ.get("LA_TEST_NODE", SOURCE / "build" / "node")) / "node_modules" / "axe-core" / "axe.min.js"
FULL = {**JOB, "reason": "THIRD_PARTY_LINK", "app_label": "Mile Book " + "長い名前の" * 10, "device_label": "W" * 64,
        "suppressed_before": 3}
ACME = [f"--set=mail.templates={SOURCE / 'tests' / 'data' / 'templates'}", "--set=mail.brand=acme"]
LOOKS = [("light", 600), ("dark", 320)]


@pytest.fixture(scope="module")
def browser():
    assert AXE.is_file(), f"{AXE}: missing; tests/run.sh fetches it (LA_TEST_NODE names another folder)"
    with Browser() as one:
        yield one


@pytest.fixture(scope="module")
def pages(build_dir, tmp_path_factory):
    """name -> file"""
    folder = tmp_path_factory.mktemp("pages")

    def made(name, *options, job=None):
        job_words = ["--help-page"] if job is None else ["--job", "-"]
        subprocess.run([build_dir / "bin" / "login-alert-mailer", *options, "render", *job_words, "--out", folder / name],
                       input=json.dumps(job).encode(), check=True, timeout=60)
        return next((folder / name).glob("*.html"))

    return {"sample": made("sample", job=JOB), "full": made("full", job=FULL), "english": made("english", job={**FULL, "locale": "en"}),
            "acme": made("acme", *ACME, job=FULL), "help": made("help")}


NAMES = ["sample", "full", "english", "acme", "help"]


@pytest.mark.parametrize("scheme, width", LOOKS)
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(browser, pages, name, scheme, width):
    browser.look(scheme, width)
    browser.open(pages[name])
    browser.run(AXE.read_text(encoding="utf-8"))
    found = browser.run_async("const done = arguments[0]; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa',"
                              " 'wcag22aa', 'best-practice']}).then(done, problem => done({problem: String(problem)}))")
    told = [(rule["id"], node["html"], node["any"]) for rule in found["violations"] for node in rule["nodes"]]
    assert told == [] and len(found["passes"]) > 10, found.get("problem")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_the_window(browser, pages, name):
    for width in (320, 375, 480, 600):
        browser.look("light", width)
        browser.open(pages[name])
        assert browser.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 600])
def test_the_names_of_the_languages_are_not_broken(browser, pages, width):
    browser.look("light", width)
    browser.open(pages["help"])
    lines = browser.run("""
        return [...document.querySelectorAll('nav a')].map(link => {
            const text = document.createRange();
            text.selectNodeContents(link);
            return text.getClientRects().length;
        });""")
    assert lines == [1, 1]


@pytest.mark.parametrize("name", ["sample", "full", "english", "help"])
def test_every_text_is_in_its_own_language(browser, pages, name):
    """Kana stand under lang=ja, sentences in English under lang=en; values and the page's sample mail may be in either."""
    browser.open(pages[name])
    texts = browser.run("""
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
        while (walker.nextNode()) {
            const parent = walker.currentNode.parentElement;
            if (!parent.closest('pre, .panel td, style') && parent.checkVisibility())
                texts.push([parent.closest('[lang]').lang, walker.currentNode.data.trim()]);
        }
        return texts;""")
    assert len(texts) > 20
    for language, text in texts:
        if any("\u3040" <= c <= "\u30ff" for c in text):
            assert language == "ja", text
        elif text.isascii() and text.count(" ") >= 5:
            assert language == "en", text


def test_the_reading_order_is_the_order_of_the_page(browser, pages):
    browser.look("light", 600)
    for name in NAMES:
        browser.open(pages[name])
        tops = browser.run("return [...document.querySelectorAll('h1, h2, h3, p, li, th')].filter(e => e.checkVisibility())"
                           ".map(e => [Math.round(e.getBoundingClientRect().top), e.closest('.steps, header') !== null])")
        flow = [top for top, beside in tops if not beside]
        assert flow == sorted(flow), name
