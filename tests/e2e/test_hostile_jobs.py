"""Jobs that mean harm, off a real topic, through the mailer to a strict relay: each is one good mail or none, and is answered for."""
import random
import re

from jobs import done, job
from mails import SUBJECT, hostile_text, parse
from process import wait_until
from records import committed, decode, encode, produce, read_topic
from services import Topics

TEXTS = ("member_masked", "device_label", "browser_label", "app_label", "location_label", "locale", "time_zone")
NAMES = ("event_id", "tenant", "policy_rev", "agent_rev", "source_topic", "member_ref", "job_id")
RAW = (b"\xff\xfe\xc0\xaf", b"\xed\xa0\x80\x80", b"\0\r\n\0", b"\r\n.\r", b"\xf0\x9f\x92\r", b"\x1b[2J", b"\xe2\x80\xae<")
PLACE = "@@@@"
HUGE = 200_000
ADDRESSES = ("ok@example.jp\r\nRCPT TO:<x@example.jp>", "<ok@example.jp>", "a@example.jp,b@example.jp", "ok@example.jp\0", "a" * 65 + "@x.jp",
             "ok@" + "a" * 64 + ".jp", "日本@example.jp", "\"a\r\nb\"@example.jp", "ok@exa mple.jp", "@", "x" * HUGE)


def jobs():
    """number -> (encoded, address or None when it is no address)."""
    rng = random.Random(20250701)
    made = []

    def add(fields, raw=None, email=None):
        number = len(made)
        one = job(number, f"u{number}@example.jp" if email is None else email, reason="THIRD_PARTY_LINK", **fields)
        value = encode(one, "AlertJob")
        made.append((value if raw is None else value.replace(PLACE.encode(), raw), None if email else f"u{number}@example.jp"))

    for _ in range(20):
        add({name: hostile_text(rng) for name in TEXTS})
    for name in (*TEXTS, *NAMES):
        add({name: hostile_text(rng)})
        add({name: PLACE * 3}, rng.choice(RAW))
        piece = rng.choice(("日", "\u0301", "{{", ".", "\u202e", "👨‍👩‍👧", "=", "\r\n"))
        add({name: piece * (HUGE // len(piece.encode()))})
        add({name: ""})
    for raw in RAW:
        add({name: PLACE * 20 for name in TEXTS}, raw)
    for address in ADDRESSES:
        add({}, email=address)
    add({"suppressed_before": 2**31 - 1, "occurred_at": 2**62})
    add({"suppressed_before": -1, "occurred_at": -2**62})
    add({"not_after": 2**63 - 1, "key_epoch": -1, "source_offset": -1, "source_partition": -1})
    return made


def test_a_hostile_job_is_one_good_mail_or_none_and_is_answered_for(kafka, topics, mailer, smtp_sink):
    sent = jobs()
    hostile_headers = [("traceparent", b"\r\n\xff"), ("__connect.errors.topic", b"lie"), ("", b"")]
    produce(kafka.bootstrap, topics.alerts, [{"value": value, "key": b"\r\n\xff", "partition": 0, "headers": hostile_headers}
                                             for value, _ in sent])
    program = mailer().start()
    wait_until(lambda: done(kafka.bootstrap, topics) == len(sent), 60, program.stderr)
    assert program.terminate() == 0
    deliveries = [decode(record.value, "Delivery") for record in read_topic(kafka.bootstrap, topics.deliveries)]
    letters = read_topic(kafka.bootstrap, topics.alerts_dlq)
    by_outcome = {}
    for delivery in deliveries:
        by_outcome.setdefault(delivery["outcome"], []).append(delivery["job_id"])
    assert by_outcome.keys() <= {"SENT", "REFUSED", "DUPLICATE"}, by_outcome.keys()
    # Each is answered for, once: by a Delivery, or by a dead letter that has no job to speak of.
    places = [int(dict(letter.headers[len(hostile_headers):])["__connect.errors.offset"]) for letter in letters]
    assert len(places) == len(set(places)) == len(letters)
    assert len({letter.value for letter in letters} & {value for value, _ in sent}) == len(letters)
    assert all(letter.headers[:len(hostile_headers)] == hostile_headers for letter in letters)
    without_job = len(letters) - len(by_outcome.get("REFUSED", []))
    assert len(deliveries) + without_job == len(sent)
    # Each mail is one that was meant, for one recipient, and good; each that is SENT is there.
    mails = smtp_sink.mails()
    assert len(mails) == len(by_outcome["SENT"]) > 60
    wanted = {address for _, address in sent} - {None}
    taken = [mail.rcpt_to[0] for mail in mails]
    assert all(len(mail.rcpt_to) == 1 for mail in mails) and len(set(taken)) == len(taken) and set(taken) <= wanted
    ids = []
    for mail in mails:
        message = parse(mail.data)
        assert message["Subject"] == SUBJECT and message["To"] == mail.rcpt_to[0]
        ids.append(re.fullmatch(r"<([0-9a-f]{32})@jal\.com>", message["Message-ID"])[1])
    assert sorted(ids) == sorted(by_outcome["SENT"])
    assert not (smtp_sink.folder / "mails" / "violations.txt").exists()
    # Whoever got none: a bad address, a name that is too long or no id.
    assert len(wanted - set(taken)) < 20
    for text in ("\x1b", "RCPT TO", "{{", "\r"):
        assert text not in program.stderr()


def test_dead_letters_that_fit_their_topic_only_a_few_at_a_time_keep_their_values(kafka, topics, mailer):
    """A broker's limit is for the batch of records that a producer sends; one that is too large itself is in between."""
    small = Topics()
    kafka.create_topics(small.alerts_dlq, partitions=1, config={"max.message.bytes": "3000"})
    sent = [bytes([0xff, number]) * 400 for number in range(40)]
    sent.insert(20, b"\xff" * 4000)
    produce(kafka.bootstrap, topics.alerts, [{"value": value, "key": b"k", "partition": 0} for value in sent])
    program = mailer({"topic.alerts-dlq": small.alerts_dlq}).start()
    group = f"{topics.events}-mailer"
    wait_until(lambda: committed(kafka.bootstrap, group, topics.alerts) == {0: len(sent)}, 60, program.stderr)
    assert program.terminate() == 0
    letters = read_topic(kafka.bootstrap, small.alerts_dlq)
    values = {int(dict(letter.headers)["__connect.errors.offset"]): letter.value for letter in letters}
    assert values == {offset: value if len(value) < 3000 else None for offset, value in enumerate(sent)}
    assert {letter.value for letter in letters if "login-alert.value-omitted" in dict(letter.headers)} == {None}
