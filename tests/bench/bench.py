"""The measurement that run.sh starts: floor and detector in turn on one broker and one Redis, then latency and memory."""
import argparse
import json
import os
import platform
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition  # noqa: E402
from cluster import Cluster  # noqa: E402
from process import wait_until  # noqa: E402
from services import Kafka, Program, Redis, write_hash_keys  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
FLOOR_RECORD = bytes(range(33, 33 + 80)) * 2  # what a GET of the floor gives: as long as a record of three devices
GUARANTEES = ("at_least_once", "exactly_once")
FLOORS = {"consume": (), "GET": ("--redis-port",), "MGET": ("--redis-port", "--mget")}  # what bench_floor is told
CLUSTER = "cluster"  # at_least_once over three masters
DETECTORS = (*GUARANTEES, CLUSTER)
SUBJECTS = (*FLOORS, *DETECTORS, "pure", "memory", "latency")


def cpu_s(pid):
    """CPU of a process and all its threads so far, from /proc/<pid>/stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_mib(pid):
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.bin = Path(options.build).absolute() / "bin"
        self.kafka = Kafka(folder / "kafka", options.jars)
        self.redis = Redis(folder / "redis")
        self.cluster = Cluster(folder / "cluster", durable=False) if CLUSTER in options.only else None
        self.runs = 0

    def close(self):
        self.kafka.close()
        self.redis.close()
        if self.cluster:
            self.cluster.close()

    def tool(self, name, *args):
        """Runs a measuring program; gives what it printed, as JSON."""
        done = subprocess.run([self.bin / name, "--broker", self.kafka.bootstrap, *map(str, args)], check=True,
                              stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout)

    def start(self):
        o = self.options
        self.kafka.start()
        self.redis.start()
        if self.cluster:
            self.cluster.start()
        self.kafka.create_topics("warm", "main", "three", partitions=o.partitions)
        if "memory" in o.only:
            self.tool("bench_fill", "three", "--each", "--members", o.members, "--devices", 3)
        if not o.only & {*FLOORS, *DETECTORS}:
            return
        self.tool("bench_fill", "warm", "--each", "--members", o.members, "--devices", o.devices)
        filled = self.tool("bench_fill", "main", "--events", o.events, "--members", o.members, "--devices", o.devices,
                           "--fresh", o.fresh)
        print(f"{o.events:,} events of {filled['bytes'] / o.events:.0f} bytes, {o.partitions} partitions, "
              f"{o.members:,} members with {o.devices} devices, {o.fresh / 10:g} % first seen")

    def detector(self, topic, settings=None):
        """A detector on a topic with a group and output topics of its own."""
        self.runs += 1
        group = f"bench-{self.runs}"
        outputs = {f"topic.{role}": f"{group}-{role}" for role in ("alerts", "decisions", "events-dlq")}
        self.kafka.create_topics(*outputs.values(), partitions=self.options.partitions)
        program = Program("login-alert-detector", self.bin / "login-alert-detector", self.folder / group, {
            "kafka.bootstrap.servers": self.kafka.bootstrap,
            "kafka.consumer.group.id": group,
            "redis.url": self.redis.url,
            "hash.keys.file": write_hash_keys(self.folder / "hash.keys"),
            "topic.events": topic,
            "alert.max-age": "0",
            "storm.ratio": "0",
            **outputs,
            **(settings or {}),
        })
        program.group = group
        return program

    def positions(self, topic):
        """A consumer that asks for a group's offsets, and the topic's ends."""
        ends = {}
        with_ends = Consumer({"bootstrap.servers": self.kafka.bootstrap, "group.id": "bench-ends"})
        for partition in range(self.options.partitions):
            ends[partition] = with_ends.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1]
        with_ends.close()
        return ends

    def run_to_end(self, program, topic):
        """Starts the detector and waits until its group has committed the topic's end. Gives what it used."""
        ends = self.positions(topic)
        asking = Consumer({"bootstrap.servers": self.kafka.bootstrap, "group.id": program.group})
        wanted = [TopicPartition(topic, partition) for partition in ends]

        def is_done():
            program.process.require_alive()
            try:
                committed = asking.committed(wanted, timeout=10)
            except KafkaException:  # the group's coordinator is still being made
                return False
            return all(p.offset == ends[p.partition] for p in committed)

        servers = [self.redis, *(self.cluster.nodes if self.cluster else [])]
        others = {"Redis": [server.process.pid for server in servers], "broker": [self.kafka.process.pid]}
        before = {name: sum(map(cpu_s, pids)) for name, pids in others.items()}
        started = time.time()
        program.start()
        try:
            wait_until(is_done, 600, lambda: f"{program.group} at the end\n{program.stderr()[-2000:]}", interval=0.05)
            pid = program.process.pid
            used = {"detector": cpu_s(pid), **{name: sum(map(cpu_s, pids)) - before[name] for name, pids in others.items()}}
            peak = peak_mib(pid)
        finally:
            asking.close()
        assert program.terminate(20) == 0, program.stderr()[-2000:]
        events = sum(ends.values())
        first_ms, steps = self.commits(program.group, topic)
        from_ms, done = next(step for step in steps if step[1] >= events / 4)
        return {
            "events_s": (events - done) / max(0.001, (steps[-1][0] - from_ms) / 1000),
            "cpu_us": {name: seconds * 1e6 / events for name, seconds in used.items()},
            "peak_mib": peak,
            "start_s": first_ms / 1000 - started,
        }

    def commits(self, group, topic):
        """The time of the group's first commit, by the broker, and (time, events done by then) of each."""
        reader = Consumer({"bootstrap.servers": self.kafka.bootstrap, "group.id": "bench-offsets",
                           "enable.auto.commit": False, "enable.partition.eof": True,
                           "isolation.level": "read_committed"})
        count = len(reader.list_topics("__consumer_offsets", timeout=10).topics["__consumer_offsets"].partitions)
        reader.assign([TopicPartition("__consumer_offsets", n, OFFSET_BEGINNING) for n in range(count)])
        found, ended = [], set()
        while len(ended) < count:
            message = reader.poll(1)
            if message is None:
                continue
            if message.error():
                ended.add(message.partition())
            elif message.value() is not None:
                commit = parse_commit(message.key(), message.value())
                if commit and commit[:2] == (group, topic):
                    found.append(commit[2:])
        reader.close()
        reached, steps = {}, []
        for partition, offset, at in sorted(found, key=lambda commit: commit[2]):
            reached[partition] = offset
            steps.append((at, sum(reached.values())))
        return steps[0][0], steps

    def warm_up(self):
        """An empty Redis, then every member's devices known, and the floor's keys there."""
        self.redis.client.flushall()
        self.run_to_end(self.detector("warm"), "warm")
        pipe = self.redis.client.pipeline(transaction=False)
        for member in range(self.options.members):
            pipe.set(f"floor:{member:012d}", FLOOR_RECORD)
        pipe.execute()

    def on_cluster(self, settings):
        """The same over the cluster, whose masters know every member's devices before."""
        for node in self.cluster.nodes:
            node.client.flushall()
        where = {"redis.url": self.cluster.url}
        self.run_to_end(self.detector("warm", where), "warm")
        return self.run_to_end(self.detector("main", {**where, **settings}), "main")

    def floor(self, *args):
        events = self.options.events
        before = cpu_s(self.redis.process.pid), cpu_s(self.kafka.process.pid)
        got = self.tool("bench_floor", "main", "--events", events, *args)
        assert not args or got["found"] == events, got
        return {
            "events_s": events / got["seconds"],
            "cpu_us": {"detector": got["cpu_us"] / events,
                       "Redis": (cpu_s(self.redis.process.pid) - before[0]) * 1e6 / events,
                       "broker": (cpu_s(self.kafka.process.pid) - before[1]) * 1e6 / events},
        }

    def supported(self):
        """The guarantees that this detector accepts."""
        found = []
        for guarantee in GUARANTEES:
            if self.options.guarantee not in (None, guarantee):
                continue
            program = self.detector("main", {"delivery.guarantee": guarantee})
            if program.command("check").returncode == 78:
                print(f"delivery.guarantee={guarantee}: not supported by this detector, left out")
            else:
                found.append(guarantee)
        return found

    def memory(self):
        """Bytes in Redis per member with three devices: by MEMORY USAGE, and by what the server grew."""
        client = self.redis.client
        client.flushall()
        before = client.info("memory")["used_memory"]
        self.run_to_end(self.detector("three", {"redis.prefix": "m3"}), "three")
        wait_until(lambda: client.info("clients")["connected_clients"] == 1, 10, "the detector is gone")
        grown = (client.info("memory")["used_memory"] - before) / client.dbsize()
        keys = [key for key, _ in zip(client.scan_iter("m3:*", count=1000), range(1000))]
        assert client.dbsize() == self.options.members, client.dbsize()
        return {"usage": statistics.mean(client.memory_usage(key, samples=0) for key in keys),
                "record": statistics.mean(client.strlen(key) for key in keys), "grown": grown}

    def latency(self, guarantee):
        self.redis.client.flushall()
        topic = f"latency-{guarantee}"
        self.kafka.create_topics(topic, partitions=self.options.partitions)
        program = self.detector(topic, {"delivery.guarantee": guarantee, **self.options.set})
        program.start()
        wait_until(lambda: "partitions assigned" in program.stderr(), 20, "the detector has its partitions")
        rate = self.options.rate
        got = self.tool("bench_latency", topic, f"{program.group}-alerts", "--rate", rate,
                        "--events", rate * (self.options.seconds + 2), "--skip", 2 * rate)
        assert program.terminate(20) == 0, program.stderr()[-2000:]
        return got


def parse_commit(key, value):
    """(group, topic, partition, offset, time in ms) of a record of __consumer_offsets; None: another kind of record."""
    at = 2
    if struct.unpack_from(">h", key)[0] not in (0, 1):
        return None
    texts = []
    for _ in range(2):
        size, = struct.unpack_from(">h", key, at)
        texts.append(key[at + 2:at + 2 + size].decode())
        at += 2 + size
    partition, = struct.unpack_from(">i", key, at)
    version, offset = struct.unpack_from(">hq", value)
    at = 10 + (4 if version >= 3 else 0)  # leader epoch
    if version >= 4:  # compact: librdkafka's commits have no metadata
        at += value[at]
    else:
        at += 2 + struct.unpack_from(">h", value, at)[0]
    commit_ms, = struct.unpack_from(">q", value, at)
    return texts[0], texts[1], partition, offset, commit_ms


def machine():
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}, load {os.getloadavg()[0]:.2f}"


def median(runs, *path):
    values = []
    for run in runs:
        for name in path:
            run = run[name]
        values.append(run)
    return statistics.median(values)


def ratio(results, name, floor):
    if floor not in results:
        return ""
    return f"{median(results[name], 'events_s') / median(results[floor], 'events_s'):.2f}"


def show(results):
    """One line a subject: medians, with the spread of events/s."""
    print("\n| | events/s (lowest to highest) | / floor GET | / floor MGET | CPU us/event: itself | Redis | broker | peak RSS | start |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, runs in results.items():
        rates = sorted(run["events_s"] for run in runs)
        cpu = [f"{median(runs, 'cpu_us', part):.2f}" for part in ("detector", "Redis", "broker")]
        rss = f"{median(runs, 'peak_mib'):.1f} MiB" if "peak_mib" in runs[0] else ""
        start = f"{median(runs, 'start_s'):.1f} s" if "start_s" in runs[0] else ""
        print(f"| {name if name in DETECTORS else 'floor ' + name} | {statistics.median(rates) / 1e3:.0f} k "
              f"({rates[0] / 1e3:.0f} to {rates[-1] / 1e3:.0f}) | {ratio(results, name, 'GET')} | "
              f"{ratio(results, name, 'MGET')} | {' | '.join(cpu)} | {rss} | {start} |")
    if all(guarantee in results for guarantee in GUARANTEES):
        print(f"\nexactly_once / at_least_once: {ratio(results, 'exactly_once', 'at_least_once')}")


def measure_flow(bench, guarantees):
    """Floors and detector in turn."""
    options = bench.options
    subjects = {}
    for name, args in FLOORS.items():
        told = [part for arg in args for part in ([arg, bench.redis.port] if arg == "--redis-port" else [arg])]
        subjects[name] = lambda told=told: bench.floor(*told)
    for guarantee in guarantees:
        subjects[guarantee] = lambda guarantee=guarantee: bench.run_to_end(
            bench.detector("main", {"delivery.guarantee": guarantee, **options.set}), "main")
    subjects[CLUSTER] = lambda: bench.on_cluster(options.set)
    subjects = {name: run for name, run in subjects.items() if name in options.only}
    results = {name: [] for name in subjects}
    for _ in range(options.rounds if subjects else 0):
        bench.warm_up()
        for name, run in subjects.items():
            if name == "exactly_once":
                bench.warm_up()
            results[name].append(run())
    if subjects:
        show(results)


def measure_pure(bench):
    options = bench.options
    for fresh in (0, options.fresh):
        got = bench.tool("bench_pure", "--events", options.events, "--members", options.members, "--devices",
                         options.devices, "--fresh", fresh)
        print(f"\npure path, {fresh / 10:g} % first seen: {got['ns']} ns = {1e6 / got['ns']:.0f} k events/s on one core "
              f"(best tenth {got['best_ns']} ns)")


def measure_memory(bench):
    memory = bench.memory()
    print(f"\nRedis, a member with 3 devices: {memory['grown']:.0f} bytes by used_memory, {memory['usage']:.0f} by MEMORY "
          f"USAGE, record {memory['record']:.0f}")


def measure_latency(bench, guarantees):
    for guarantee in guarantees:
        got = bench.latency(guarantee)
        print(f"\nevent to alert at {bench.options.rate}/s, {guarantee}: p50 {got['p50_ms']} ms, p99 {got['p99_ms']}, "
              f"p99.9 {got['p999_ms']}, highest {got['max_ms']} ({got['alerts']} alerts, {got['missing']} missing)")


def measure(bench):
    only = bench.options.only
    print(machine())
    if only == {"pure"}:
        return measure_pure(bench)
    bench.start()
    guarantees = bench.supported()
    measure_flow(bench, guarantees)
    if "pure" in only:
        measure_pure(bench)
    if "memory" in only:
        measure_memory(bench)
    if "latency" in only:
        measure_latency(bench, guarantees)


def subjects(text):
    names = set(text.split(","))
    if not names <= set(SUBJECTS):
        raise argparse.ArgumentTypeError(f"choose from {','.join(SUBJECTS)}")
    return names


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh")
    parser.add_argument("--events", type=int, default=1_000_000, help="in the topic that is measured (1,000,000)")
    parser.add_argument("--members", type=int, default=20_000)
    parser.add_argument("--devices", type=int, default=2, help="of each member, known before (2)")
    parser.add_argument("--fresh", type=int, default=40, help="events from a device never seen, of 1,000 (40)")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3, help="each subject is measured so often, in turn (3)")
    parser.add_argument("--rate", type=int, default=1000, help="events/s when latency is measured (1000)")
    parser.add_argument("--seconds", type=int, default=20, help="how long latency is measured (20)")
    parser.add_argument("--only", type=subjects, default=set(SUBJECTS) - {CLUSTER}, metavar="A,B",
                        help=f"{','.join(SUBJECTS)} (all but {CLUSTER})")
    parser.add_argument("--guarantee", choices=GUARANTEES, help="only this one (both)")
    parser.add_argument("--set", action="append", default=[], metavar="K=V", help="for the detectors")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--jars", required=True, help=argparse.SUPPRESS)
    folder = Path(tempfile.mkdtemp(prefix="la-bench-"))
    options = parser.parse_args()
    options.set = dict(setting.split("=", 1) for setting in options.set)
    bench = Bench(options, folder)
    try:
        measure(bench)
    finally:
        bench.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
