"""The storm guard: an empty Redis does not become a mail to everybody."""
import re

from jobs import QUICK
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
    code, text = guarded.http("/readyz")
    assert code == 503 and re.search("^storm: .*storm.ratio=0.5", text, re.MULTILINE)
    assert 'login_alert_paused{cause="storm"} 1\n' in guarded.http("/metrics")[1]
    assert guarded.http("/livez") == (200, "ok\n")  # a restart is a person's decision
    wait_until(lambda: len(alerts(kafka, topics)) == 300 + redis_server.client.dbsize(), 60, "what came before the storm was one")
    assert guarded.terminate() == 0
    held = redis_server.client.dbsize()
    assert held < 300 and len(alerts(kafka, topics)) == 300 + held
    assert committed(kafka.bootstrap, group, topics.events) != end_offsets(kafka.bootstrap, topics.events)
    assert sum(committed(kafka.bootstrap, group, topics.events).values()) == sum(before.values()) + held

    seeding = detector({**GUARD, "policy.seed-until": str(DEMO_START + 3_600_000)}).start()
    wait_for_commit(kafka, topics)
    assert seeding.terminate() == 0
    assert len(alerts(kafka, topics)) == 300 + held
    assert redis_server.client.dbsize() == 300


def send_to(kafka, topics, partition, prefix, members, at):
    names = {f"{prefix}-{member}": member for member in members}
    produce(kafka.bootstrap, topics.events,
            [{"partition": partition, "value": encode(login(name, member, at=at))} for name, member in names.items()])
    return set(names)


def partitions_of(kafka, group, instance):
    members = kafka.admin.describe_consumer_groups([group])[group].result(30).members
    return {member.group_instance_id: {place.partition for place in member.assignment.topic_partitions}
            for member in members}.get(instance, set())


def test_in_a_storm_each_instance_judges_for_itself_until_the_guard_is_off(kafka, topics, detector):
    """Partition 0 brings the storm. Its instance waits, the other one works on; SIGTERM gives all back, and who has it then
    waits too; with storm.ratio=0 all is decided."""
    group = f"{topics.events}-detector"
    members = [f"m{number}" for number in range(240)]
    places = {partition: members[partition::4] for partition in range(4)}
    first = detector().start()
    wanted = set()
    for partition, here in places.items():
        wanted |= send_to(kafka, topics, partition, "first", here, DEMO_START)
    wait_for_commit(kafka, topics)
    assert first.terminate() == 0

    both = {name: detector({**GUARD, **QUICK, "kafka.consumer.group.instance.id": name}).start() for name in ("1", "2")}
    wait_until(lambda: all(len(partitions_of(kafka, group, name)) == 2 for name in both), 60, "both have their parts", 0.1)
    for partition, here in places.items():  # 120 known logins at each: the window is full
        send_to(kafka, topics, partition, "again", here, DEMO_START + 60_000)
    wait_for_commit(kafka, topics)
    before = committed(kafka.bootstrap, group, topics.events)
    inside = "1" if 0 in partitions_of(kafka, group, "1") else "2"
    hit, calm = both.pop(inside), both.popitem()[1]
    held = send_to(kafka, topics, 0, "storm", [f"n{number}" for number in range(100)], DEMO_START + 120_000)
    wait_until(lambda: "for=storm" in hit.stderr(), 60, "the guard holds it")
    for partition in {1, 2, 3} - partitions_of(kafka, group, inside):
        wanted |= send_to(kafka, topics, partition, "calm", [f"c{partition}"], DEMO_START + 120_000)
    wait_until(lambda: wanted <= alerts(kafka, topics), 60, "the other one works on", 0.1)
    assert "for=storm" not in calm.stderr()
    wait_until(lambda: committed(kafka.bootstrap, group, topics.events)[0] == before[0] + len(alerts(kafka, topics) - wanted),
               60, "what was decided before it was a storm is committed", 0.1)
    early = alerts(kafka, topics) - wanted
    assert early < held and len(early) <= 25

    assert hit.terminate() == 0
    wait_until(lambda: "for=storm" in calm.stderr(), 60, "who has the partition now judges for itself")
    assert calm.terminate() == 0
    early = alerts(kafka, topics) - wanted
    assert early < held and len(early) <= 50
    assert committed(kafka.bootstrap, group, topics.events)[0] == before[0] + len(early)

    off = detector({"storm.ratio": "0"}).start()
    wait_for_commit(kafka, topics)
    assert off.terminate() == 0
    assert alerts(kafka, topics) == wanted | held
