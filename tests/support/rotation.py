"""Key rotation with the real key files, one instance after the other: no extra alert, and `check` warns of a removed epoch."""
import shutil

from process import wait_until
from records import DEMO_START, committed, decode, encode, end_offsets, login, produce, read_topic

QUICK = {"kafka.consumer.session.timeout.ms": "6000", "kafka.consumer.heartbeat.interval.ms": "300"}
MEMBERS = [f"m{number}" for number in range(200)]


def log_in(kafka, topics, number):
    produce(kafka.bootstrap, topics.events,
            [(member.encode(), encode(login(f"{member}-{number}", member, at=DEMO_START + number * 1000)))
             for member in MEMBERS])


def settle(kafka, topics):
    wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) ==
               end_offsets(kafka.bootstrap, topics.events), 60, "all offsets are committed", interval=0.2)


def rotate(kafka, topics, detector, folder):
    files = [folder / "keys-a", folder / "keys-b"]
    keygen = detector()
    assert keygen.command("keygen", str(files[0])).returncode == 0
    shutil.copy(files[0], files[1])
    settings = [{"hash.keys.file": str(path), **QUICK} for path in files]
    running = [detector(own).start() for own in settings]
    number = 0
    log_in(kafka, topics, number)
    settle(kafka, topics)
    for step in ("--add", "--activate"):
        changed = folder / "keys-changed"
        shutil.copy(files[0], changed)
        assert keygen.command("keygen", step, str(changed)).returncode == 0
        for instance in (0, 1):
            number += 1
            log_in(kafka, topics, number)  # while it is under way
            assert running[instance].terminate() == 0
            shutil.copy(changed, files[instance])
            running[instance] = detector(settings[instance]).start()
            number += 1
            log_in(kafka, topics, number)
            settle(kafka, topics)
    assert [program.terminate() for program in running] == [0, 0]
    jobs = [decode(record.value, "AlertJob") for record in read_topic(kafka.bootstrap, topics.alerts)]
    alerted = {(job["job_id"], job["event_id"]) for job in jobs}  # a rebalance may repeat a job, with its id
    assert sorted(event for _, event in alerted) == sorted(f"{member}-0" for member in MEMBERS)

    assert "key epoch" not in detector(settings[0]).checked(0)
    lines = files[0].read_text().splitlines(keepends=True)
    newest = next(line for line in lines if " active " in line)
    files[0].write_text("".join(line for line in lines if line != newest).replace(" read ", " active "))
    detector(settings[0]).checked(0, "of 200 members looked at, 200 are under key epoch 2")
