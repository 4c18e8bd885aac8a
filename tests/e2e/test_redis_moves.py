"""What its operators do to Redis while both programs run: a replica is promoted, a password changed, a right taken away."""
import re
from contextlib import contextmanager

import pytest

from feed import Feed, said
from process import wait_until
from proxy import Proxy
from services import SOURCE, Redis

AT_ONCE = ["--repl-diskless-sync-delay", "0"]


class Both:
    """Detector and mailer at one Redis; what is fed to the one is mailed by the other."""

    def __init__(self, kafka, topics, detector, mailer, sink, settings):
        self.feed, self.sink = Feed(kafka, topics), sink
        self.programs = [make(settings).start() for make in (detector, mailer)]

    def check(self):
        """Each login is alerted and mailed, once."""
        self.feed.check(self.programs[0])
        mails = self.sink.wait_for(len(self.feed.names))
        assert len({mail.message["Message-ID"] for mail in mails}) == len(mails) == len(self.feed.names)

    @contextmanager
    def both_say(self, word):
        """While that is so, both wait, for this reason; it is said once, and everything is mailed afterwards."""
        marks = [len(program.stderr()) for program in self.programs]
        yield
        self.feed.send(5)
        for program, mark in zip(self.programs, marks):
            self.says(program, mark, word)

    @staticmethod
    def says(program, mark, word):
        wait_until(lambda: word in program.http("/readyz")[1], 60,
                   lambda: f"{program.name} says {word}\n{program.stderr()[mark:]}")
        assert program.http("/readyz")[0] == 503
        lines = [line for line in said(program, mark) if "for=redis" in line]
        slow = [line for line in lines if "no answer in time" in line]  # by a machine that was busy just before
        assert lines and len(lines) - len(slow) <= 1, lines

    def end(self):
        assert [program.terminate() for program in self.programs] == [0, 0]


@pytest.fixture
def both(kafka, topics, detector, mailer, smtp_sink):
    return lambda settings: Both(kafka, topics, detector, mailer, smtp_sink, settings)


@pytest.fixture
def servers(folder):
    made = [Redis(folder / f"r{number}", options=AT_ONCE) for number in range(3)]
    yield made
    for server in made:
        server.close()


def copy(master, replica):
    """replica is one of master's and has all that it has."""
    replica.client.replicaof("127.0.0.1", master.port)
    wait_until(lambda: replica.client.info("replication").get("master_link_status") == "up", 60, "it is copied")
    wait_until(lambda: replica.client.info("replication")["master_repl_offset"] >=
               master.client.info("replication")["master_repl_offset"], 60, "all is copied")


def test_a_promoted_replica_is_found_and_a_demoted_master_is_left(both, servers):
    """As Sentinel and managed services do it: redis.url stays, and leads elsewhere."""
    first, second, third = [server.start() for server in servers]
    proxy = Proxy(first.port)
    at = both({"redis.url": f"redis://127.0.0.1:{proxy.port}"})
    known = at.feed.send()
    at.check()
    copy(first, second)
    with at.both_say("127.0.0.1"):
        at.feed.send(40)
        first.kill()
    second.client.replicaof("NO", "ONE")
    proxy.switch(second.port)
    at.check()
    at.feed.send_again(known)  # whom the replica knows
    at.check()

    copy(second, third)
    proxy.target_port = third.port  # whoever is connected stays where he is
    at.feed.send(40)
    third.client.replicaof("NO", "ONE")
    second.client.replicaof("127.0.0.1", third.port)
    at.feed.send(40)
    at.check()
    at.feed.send_again(known)
    at.check()
    wait_until(lambda: proxy.count(second.port) == 0, 60, "nobody is at the demoted one any more")
    wait_until(lambda: proxy.count(third.port) == 2, 60, "both are at the promoted one")
    at.end()
    proxy.close()


def rights():
    """The commands that the handbook asks for."""
    text = (SOURCE / "deploy" / "README.md").read_text()
    return [f"+{command}" for command in re.search(r"the commands `(auth [^`]+)`", text)[1].split()]


def test_a_password_that_is_changed_and_a_right_that_is_taken_are_said_and_waited_out(both, redis_server, folder):
    client, file = redis_server.client, folder / "password"

    def user(*rules):
        client.execute_command("ACL", "SETUSER", "alerts", *rules)

    file.write_text("the-f1rst-one\n")
    user("on", ">the-f1rst-one", "~la1:*", *rights())
    at = both({"redis.user": "alerts", "redis.password.file": file})
    at.feed.send()
    at.check()
    user("resetpass", ">the-sec0nd-one")
    with at.both_say("WRONGPASS"):
        client.execute_command("CLIENT", "KILL", "USER", "alerts")
    file.write_text("the-sec0nd-one\n")
    at.check()
    for program, command in zip(at.programs, ("evalsha", "eval")):
        mark = len(program.stderr())
        user(f"-{command}")
        at.feed.send(5)
        at.says(program, mark, f"the user may not {command};")
        user(f"+{command}")
        at.check()
    at.end()
