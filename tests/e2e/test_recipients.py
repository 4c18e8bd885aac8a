"""Addresses that no topic holds: the mailer asks for them at recipient.url, by member id, over HTTPS."""
import json

import pytest

from jobs import done, job, send_jobs
from member_directory import MemberDirectory, make_certificate
from process import free_port, wait_until
from records import DEMO_START, committed, decode, encode, end_offsets, login, produce, read_topic
from sealed import make_pair

TOKEN = "sesame-7f3a1c"
PRIVATE = ("example.jp", "member-", "status-", TOKEN)
TRACE = [("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]


@pytest.fixture
def directory(folder):
    one = MemberDirectory(*make_certificate(folder / "members"), token=TOKEN, port=free_port()).start()
    yield one
    one.stop()


@pytest.fixture
def settings(folder, directory):
    """Of a mailer that asks this directory."""
    (folder / "token").write_text(TOKEN + "\n")
    return {"recipient.url": f"https://localhost:{directory.port}/v1/{{tenant}}/members/{{member_id}}",
            "recipient.token.file": folder / "token", "recipient.ca.file": folder / "members" / "certificate.pem",
            "retry.schedule": "300ms"}


def outcomes(kafka, topics, count):
    """job number -> the Delivery's outcome."""
    return {int(one["job_id"], 16): one["outcome"] for one in (
        decode(record.value, "Delivery") for record in read_topic(kafka.bootstrap, topics.deliveries, count, 60))}


def without_address(number, member_id, **fields):
    return job(number, None, recipient={"email": None, "member_id": member_id}, **fields)


@pytest.mark.parametrize("is_sealed", [False, True])
def test_who_has_no_address_in_the_event_is_asked_for_and_mailed(kafka, topics, detector, mailer, smtp_sink, folder,
                                                                 settings, directory, is_sealed):
    secret, public = make_pair(mailer(), folder / "seal.key") if is_sealed else (None, None)
    members = ["member-0", "member-1", "en-member-2", "status-404", "null", "member 3/日本"]
    events = [login(f"e{i}", member, email=None) for i, member in enumerate(members)] + [login("e9", "member-9")]
    produce(kafka.bootstrap, topics.events, [{"key": event["member_id"].encode(), "value": encode(event), "headers": TRACE}
                                             for event in events])
    directory.members["member 3/日本"] = "three@example.jp"
    detecting = detector({"seal.key.file": public}).start()
    mailing = mailer({**settings, "seal.key.file": secret}).start()
    mails = {mail.rcpt_to[0]: mail for mail in smtp_sink.wait_for(5)}
    assert mails.keys() == {"member-0@example.jp", "member-1@example.jp", "member-2@example.jp", "three@example.jp",
                            "member-9@example.jp"}
    assert mails["member-2@example.jp"].message["Content-Language"] == "en, ja"
    assert mails["member-1@example.jp"].message["Content-Language"] == "ja, en"
    deliveries = {one["event_id"]: one["outcome"] for one in (
        decode(record.value, "Delivery") for record in read_topic(kafka.bootstrap, topics.deliveries, 7))}
    assert deliveries == {**{f"e{i}": "SENT" for i in (0, 1, 2, 5, 9)}, "e3": "REFUSED", "e4": "REFUSED"}
    letters = read_topic(kafka.bootstrap, topics.alerts_dlq, 2)
    assert {decode(letter.value, "AlertJob")["event_id"] for letter in letters} == {"e3", "e4"}
    wait_until(lambda: done(kafka.bootstrap, topics) == 7, 60, "all offsets are committed")
    assert detecting.terminate() == 0 and mailing.terminate() == 0
    assert directory.asked("member-0") == 1 and directory.asked("member-9") == 0
    assert all(path.startswith("/v1/default/members/") for _, path in directory.requests)
    told = [value for letter in letters for name, value in letter.headers if name.startswith("__connect")]
    for text in (detecting.stderr(), mailing.stderr(), repr(told)):
        assert not [word for word in PRIVATE if word in text]
    if is_sealed:
        for topic in (topics.alerts, topics.deliveries, topics.alerts_dlq):
            for record in read_topic(kafka.bootstrap, topic):
                assert not [word for word in PRIVATE if word.encode() in record.value + (record.key or b"")]


def test_a_directory_that_is_away_holds_only_those_who_must_be_asked_for(kafka, topics, mailer, smtp_sink, settings,
                                                                         directory):
    directory.stop()
    jobs = [without_address(0, "member-0"), without_address(1, "status-410"), job(2, "own-address@example.jp")]
    produce(kafka.bootstrap, topics.alerts, [{"key": one["member_ref"].encode(), "value": encode(one, "AlertJob"),
                                              "headers": TRACE, "partition": 0} for one in jobs])
    program = mailer(settings).start()
    assert [mail.rcpt_to for mail in smtp_sink.wait_for(1)] == [["own-address@example.jp"]]
    wait_until(lambda: "msg=waiting for=directory" in program.stderr(), 60, program.stderr)
    assert done(kafka.bootstrap, topics) == 0
    directory.start()
    assert [mail.rcpt_to for mail in smtp_sink.wait_for(2)][1] == ["member-0@example.jp"]
    wait_until(lambda: done(kafka.bootstrap, topics) == 3, 60, program.stderr)
    assert 'msg="going on" after=directory' in program.stderr()
    assert program.terminate() == 0
    assert outcomes(kafka, topics, 3) == {0: "SENT", 1: "REFUSED", 2: "SENT"}
    [letter] = read_topic(kafka.bootstrap, topics.alerts_dlq, 1)  # complete, though the job had been put off
    assert letter.key == jobs[1]["member_ref"].encode() and letter.value == encode(jobs[1], "AlertJob")
    assert letter.headers[:1] == TRACE
    assert (b"__connect.errors.stage", b"TRANSFORMATION") in [(name.encode(), value) for name, value in letter.headers]


def test_a_directory_that_refuses_us_holds_everything_until_it_does_not(kafka, topics, mailer, smtp_sink, settings,
                                                                        directory):
    directory.status = 403
    program = mailer(settings).start()
    send_jobs(kafka.bootstrap, topics.alerts, [without_address(i, f"member-{i}") for i in range(10)])
    wait_until(lambda: "HTTP 403" in program.stderr(), 60, program.stderr)
    send_jobs(kafka.bootstrap, topics.alerts, [without_address(i, f"member-{i}") for i in range(10, 20)])
    directory.status = None
    wait_until(lambda: done(kafka.bootstrap, topics) == 20, 60, program.stderr)
    assert len(smtp_sink.mails()) == 20
    assert 'msg="going on" after=directory' in program.stderr()
    assert program.terminate() == 0


def test_a_mailer_that_dies_when_it_knows_the_address_leaves_a_job_that_is_mailed_once(kafka, topics, mailer, smtp_sink,
                                                                                       settings):
    send_jobs(kafka.bootstrap, topics.alerts, [without_address(i, f"member-{i}") for i in range(3)])
    program = mailer({**settings, "kafka.consumer.group.instance.id": "one"})
    program.process.env["LA_CRASH_POINT"] = "address-known"
    assert program.start().process.wait(60) == 137, program.stderr()
    program = mailer({**settings, "kafka.consumer.group.instance.id": "one"}).start()
    wait_until(lambda: done(kafka.bootstrap, topics) == 3, 60, program.stderr)
    assert program.terminate() == 0
    assert sorted(mail.rcpt_to[0] for mail in smtp_sink.mails()) == [f"member-{i}@example.jp" for i in range(3)]


def test_send_asks_render_does_not_and_check_says_how_it_is(mailer, smtp_sink, settings, directory, folder):
    program = mailer(settings)

    def run(command, member_id):
        one = {"mode": "LIVE", "reason": "NEW_DEVICE", "occurred_at": DEMO_START,
               **({} if member_id is None else {"recipient": {"member_id": member_id}})}
        result = program.command(command, "--job", "-", stdin=json.dumps(one).encode())
        return result.returncode, result.stderr.decode()

    assert run("send", "member-1") == (0, "")
    assert [mail.rcpt_to for mail in smtp_sink.wait_for(1)] == [["member-1@example.jp"]]
    for member_id, code, word in (("status-404", 65, "HTTP 404, no such member"), ("null", 65, "has no address"),
                                  ("status-500", 69, "HTTP 500"), ("..", 65, "no member id that can be asked for"),
                                  (None, 65, "no member id that can be asked for")):
        assert run("send", member_id)[0] == code
        assert word in run("send", member_id)[1]
    code, said = run("render", "member-1")
    assert code == 65 and "the job has no address, and render asks no server for one" in said
    program.checked(0, "\nok recipients\n")
    directory.status = 401
    program.checked(69, f"error recipients: localhost:{directory.port}: HTTP 401, it refuses us")
    program.settings["recipient.url"] = f"https://localhost:{directory.port}/{{member}}"
    program.write_config()
    assert program.command("check").returncode == 78
    program.settings = {key: value for key, value in program.settings.items() if key != "recipient.url"}
    program.write_config()
    checked = program.command("check")
    assert checked.returncode == 78
    assert b"recipient.token.file: is set without recipient.url" in checked.stderr + checked.stdout
