"""The storm guard: an empty Redis does not become a mail to everybody."""
from process import wait_until
from records import DEMO_START, committed, decode, encode, end_offsets, login, produce, read_topic

GUARD = {"storm.ratio": "0.5", "storm.window": "50"}


def send(kafka, topics, prefix, members, at=DEMO_START):
    names = {f"{prefix}-{member}": member for member in members}
    produce(kafka.bootstrap, topics.events,
            [(member.encode(), encode(login(name, member, at=at))) for name, member in names.items()])
    return set(names)


def alerts(kafka, topics):
    return {decode(record.value, "AlertJob")["event_id"] for record in read_topic(kafka.bootstrap, topics.alerts)}


def wait_for_commit(kafka, topics):
    wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) ==
               end_offsets(kafka.bootstrap, topics.events), 60, "all offsets are committed", interval=0.2)


def test_a_redis_that_lost_everything_mails_nobody(kafka, topics, redis_server, detector):
    group = f"{topics.events}-detector"
    members = [f"m{number}" for number in range(300)]
    first = detector().start()  # the guard is off: everybody is new
    names = send(kafka, topics, "first", members)
    wait_for_commit(kafka, topics)
    assert first.terminate() == 0
    assert alerts(kafka, topics) == names

    guarded = detector(GUARD).start()
    send(kafka, topics, "again", members, at=DEMO_START + 60_000)
    wait_for_commit(kafka, topics)
    before = committed(kafka.bootstrap, group, topics.events)
    redis_server.client.flushall()
    send(kafka, topics, "lost", members, at=DEMO_START + 120_000)
    wait_until(lambda: "for=storm" in guarded.stderr(), 60, "the guard says why it waits")
    assert "storm.ratio=0.5" in guarded.stderr()
    held = redis_server.client.dbsize()
    assert held < 300 and len(alerts(kafka, topics)) == 300 + held  # what came before the storm was one
    assert guarded.terminate() == 0
    assert committed(kafka.bootstrap, group, topics.events) != end_offsets(kafka.bootstrap, topics.events)
    assert sum(committed(kafka.bootstrap, group, topics.events).values()) == sum(before.values()) + held

    seeding = detector({**GUARD, "policy.seed-until": str(DEMO_START + 3_600_000)}).start()
    wait_for_commit(kafka, topics)
    assert seeding.terminate() == 0
    assert len(alerts(kafka, topics)) == 300 + held
    assert redis_server.client.dbsize() == 300
