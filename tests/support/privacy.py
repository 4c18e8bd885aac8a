"""P7 over the whole test run: whatever the programs wrote where nobody may be found is kept, together with the people and
secrets that the tests used, and searched at the end (conftest.py).

Kept: stderr of every start of a program (and stdout of `check`), also of starts that a test makes by subprocess; of every
broker that a test had, Delivery and Decision records, alert jobs whose recipient is sealed, and the headers that we add to
dead letters; keys and values of every Redis; what each run that was ended by SIGTERM showed by HTTP, metrics among it. Not kept, as it is the member's own data by design: dead letters' values and
own headers, stdout of `decide` and `render`, mails.

Looked for: any e-mail address but the sender's, any IPv4 address but loopback, browsers' words, and, as whole words, what
tests used as member id, member number, device token, address, IP; secrets anywhere. A value that looks like a plain word or
a small number is not looked for; tests give their members ids with a digit. In Redis, whose values are bytes, a word of a few
letters comes about by chance, and something like an address once in 200 MB: there a word has at least eight, a browser's
seven, and an address is one that tests used, or at example.jp.
"""
import base64
import os
import re
import subprocess
import sys

from pathlib import Path

WORD = re.compile(r"[\w.+-]+(?:@[\w.-]+)?")
ADDRESS = re.compile(r"[^\s<>\"',;=]+@[\w-]+(?:\.[\w-]+)+")
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
REDIS_LETTERS = 8
BROWSER = re.compile(r"Mozilla|AppleWebKit|Gecko|CriOS|Safari/|Chrome/|Edg/")
MESSAGE_ID = re.compile(r"<?[0-9a-f]{32}@")
SECRET_KEY = re.compile(r"(password|token|keys?)\.file$")
SENDERS = ("jmb_confirmation@jal.com",)
FIELDS = {"member_id": "member id", "member_number": "member number", "device_token": "device token", "email": "address",
          "ip": "IP"}
PROGRAM = "login-alert-"


def is_program(path):
    return Path(os.fsdecode(path)).name.startswith(PROGRAM)


def is_telling(value):
    """Could it stand in a log by chance? Then it is not looked for."""
    if value.isdecimal():
        return len(value) >= 6
    return len(value) >= 2 and any(c.isdigit() or c == "@" for c in value)


class Watch:
    def __init__(self):
        self.values = {}   # word -> kind
        self.phrases = {}  # anything -> kind
        self.texts = {}    # where -> text
        self.letters = {}  # where -> what a word that is looked for has at least
        self.started, self.kept = [], []  # of starts, by threads too: lists
        self.pages = 0     # of runs

    # ---- what tests used ----

    def person(self, record):
        """An event or a job, as a dict."""
        for field, kind in FIELDS.items():
            self.value(kind, record.get(field))
        if isinstance(record.get("recipient"), dict):
            self.person(record["recipient"])

    def value(self, kind, value):
        if not isinstance(value, str) or not is_telling(value):
            return
        if WORD.fullmatch(value):
            self.values[value] = kind
        elif len(value) >= 6:
            self.phrases[value] = kind

    def secret(self, value):
        for form in (value, base64.b64encode(value.encode()).decode()):
            self.phrases[form] = "secret"

    def secret_file(self, path):
        for line in Path(path).read_text().splitlines():
            for part in {line, *line.split()}:
                if len(part) >= 8 and not part.startswith(PROGRAM):
                    self.secret(part)

    def settings(self, settings):
        for key, value in settings.items():
            if SECRET_KEY.search(key) and value is not None and Path(value).is_file():
                self.secret_file(value)

    # ---- what programs wrote ----

    def text(self, where, text, letters=0):
        self.texts[where] = text if isinstance(text, str) else text.decode(errors="replace")
        self.letters[where] = letters

    def output(self, done):
        """Of a program that was started by subprocess."""
        words = [os.fsdecode(word) for word in done.args]
        self.kept.append(words[0])
        where = f"{current_test()}: {Path(words[0]).name}, start {len(self.kept)},"
        for name, text in (("stderr", done.stderr), ("stdout", done.stdout if "check" in words else None)):
            if text:
                self.text(f"{where} {name}", text)

    # ---- the search ----

    def findings(self):
        """One line each: where, what kind, which value."""
        found = set()
        for where, text in self.texts.items():
            found |= {f"{where}: {kind} {value!r}" for kind, value in self._in(text, self.letters[where])}
        return sorted(found)

    def _in(self, text, letters):
        for word in set(WORD.findall(text)):
            kind = self.values.get(word) or self.values.get(word.strip(".-+"))
            if kind is not None and len(word) >= letters:
                yield kind, word
        for phrase, kind in self.phrases.items():
            if phrase in text:
                yield kind, phrase
        for address in ADDRESS.findall(text):
            is_one = letters == 0 or "@example.jp" in address
            if is_one and address not in SENDERS and MESSAGE_ID.match(address) is None:
                yield "address", address
        for ip in IPV4.findall(text):
            if not ip.startswith("127.") and ip != "0.0.0.0":
                yield "IP", ip
        for word in BROWSER.findall(text):
            if len(word) >= letters - 1:
                yield "user agent", word


watch = Watch()
_run = subprocess.run


def current_test():
    return os.environ.get("PYTEST_CURRENT_TEST", "").split(" ")[0]


def _run_and_keep(args, **options):
    if isinstance(args, str) or not is_program(args[0]):
        return _run(args, **options)
    if not options.get("capture_output"):
        options.setdefault("stderr", subprocess.PIPE)
    try:
        done = _run(args, **options)
    except subprocess.CalledProcessError as error:
        watch.output(subprocess.CompletedProcess(args, error.returncode, error.stdout, error.stderr))
        raise
    watch.output(done)
    return done


def _count_starts(event, arguments):
    if event == "subprocess.Popen" and not isinstance(arguments[1], (str, bytes)) and is_program(arguments[1][0]):
        watch.started.append(arguments[1][0])


def install():
    """From now on, starts are counted, and what subprocess.run starts is kept."""
    subprocess.run = _run_and_keep
    sys.addaudithook(_count_starts)
