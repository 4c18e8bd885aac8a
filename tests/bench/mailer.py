"""The measurement that `run.sh mailer` starts: the mailer, libcurl alone and Postfix's smtp-source in turn, then memory and latency."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from bench import cpu_s, machine, peak_mib  # noqa: E402
from confluent_kafka import Consumer, KafkaException, TopicPartition  # noqa: E402
from process import Process, free_port, wait_until  # noqa: E402
from services import Kafka, Program, Redis, write_hash_keys  # noqa: E402

SENDERS = ("bare", "smtp-source", "mailer")
SUBJECTS = (*SENDERS, "dead", "deferred", "latency")
DELAYED_S = 5  # how long a run with a delay should take
ROUND_TRIPS = {"bare": 4, "smtp-source": 4, "mailer": 2}  # a mail's: only the mailer uses PIPELINING


class Sink:
    """bench_sink, for one run."""

    def __init__(self, bench, *args):
        self.out = bench.folder / "sink.out"
        self.out.unlink(missing_ok=True)
        self.process = Process("bench_sink", [bench.bin / "bench_sink", *args], self.out).start()
        self.port = wait_until(self.lines, 10, "the sink's port")[0]["port"]

    def lines(self):
        self.process.require_alive()
        return [json.loads(line) for line in self.process.output().splitlines(keepends=True) if line.endswith("\n")]

    def wait(self, alive, timeout=120):
        """What the sink says once all mails are there."""
        def done():
            alive()
            return self.lines()[1:]
        return wait_until(done, timeout, lambda: f"all mails\n{self.process.output()}", interval=0.01)[0]

    def close(self):
        self.process.close()


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.bin = Path(options.build).absolute() / "bin"
        self.kafka = Kafka(folder / "kafka", options.jars)
        self.redis = Redis(folder / "redis")
        self.mail = folder / "mail.eml"
        self.postfix = Path(options.postfix).absolute()
        self.runs = 0

    def close(self):
        self.kafka.close()
        self.redis.close()

    def tool(self, name, *args):
        done = subprocess.run([self.bin / name, *map(str, args)], check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout)

    def start(self):
        self.kafka.start()
        self.redis.start()
        self.kafka.create_topics("decisions", "events-dlq", "alerts-dlq", partitions=self.options.partitions)
        key = self.folder / "seal.key"
        subprocess.run([self.bin / "login-alert-mailer", "keygen", key], check=True, stdout=subprocess.DEVNULL)
        self.seals = {"detector": None if self.options.clear else f"{key}.pub", "mailer": key}

    def program(self, name, settings):
        self.runs += 1
        program = Program(f"login-alert-{name}", self.bin / f"login-alert-{name}", self.folder / f"{name}-{self.runs}", {
            "kafka.bootstrap.servers": self.kafka.bootstrap,
            "kafka.consumer.group.id": f"bench-{self.runs}",
            "redis.url": self.redis.url,
            "redis.prefix": f"b{self.runs}",
            "seal.key.file": self.seals[name],
            **settings,
        })
        program.group = f"bench-{self.runs}"
        return program

    def detector(self, events, alerts):
        return self.program("detector", {
            "hash.keys.file": write_hash_keys(self.folder / "hash.keys"), "topic.events": events, "topic.alerts": alerts,
            "topic.decisions": "decisions", "topic.events-dlq": "events-dlq", "alert.max-age": "0", "storm.ratio": "0",
        })

    def mailer(self, alerts, port, settings=None):
        name = f"deliveries-{self.runs + 1}"
        self.kafka.create_topics(name, partitions=self.options.partitions)
        program = self.program("mailer", {
            "topic.alerts": alerts, "topic.deliveries": name, "topic.alerts-dlq": "alerts-dlq",
            "smtp.url": f"smtp://127.0.0.1:{port}/bench.test", "smtp.starttls": "never",
            **self.options.set, **(settings or {}),
        })
        program.deliveries = name
        return program

    def ends(self, topic):
        asking = Consumer({"bootstrap.servers": self.kafka.bootstrap, "group.id": "bench-ends"})
        try:
            return {n: asking.get_watermark_offsets(TopicPartition(topic, n), timeout=10)[1]
                    for n in range(self.options.partitions)}
        finally:
            asking.close()

    def wait_committed(self, program, topic):
        ends = self.ends(topic)
        asking = Consumer({"bootstrap.servers": self.kafka.bootstrap, "group.id": program.group})

        def is_done():
            program.process.require_alive()
            try:
                committed = asking.committed([TopicPartition(topic, n) for n in ends], timeout=10)
            except KafkaException:  # the group's coordinator is still being made
                return False
            return all(p.offset == ends[p.partition] for p in committed)
        try:
            wait_until(is_done, 120, lambda: f"{program.group} at the end\n{program.stderr()[-2000:]}", interval=0.05)
        finally:
            asking.close()

    def fill(self, topic, jobs):
        """Jobs as the detector makes them: each another member's first login."""
        self.kafka.create_topics(f"{topic}-events", topic, partitions=self.options.partitions)
        self.tool("bench_fill", f"{topic}-events", "--broker", self.kafka.bootstrap, "--each", "--members", jobs,
                  "--devices", 1)
        detector = self.detector(f"{topic}-events", topic).start()
        self.wait_committed(detector, f"{topic}-events")
        assert detector.terminate(20) == 0, detector.stderr()[-2000:]
        assert sum(self.ends(topic).values()) == jobs
        self.redis.client.flushall()

    def make_mail(self):
        """The constant message: the sample's job as the mailer renders it."""
        job = Path(__file__).resolve().parent.parent / "golden" / "first-login.json"
        self.mail.write_bytes(subprocess.run([self.bin / "login-alert-mailer", "render", "--job", job], check=True,
                                             stdout=subprocess.PIPE).stdout)
        self.mail.with_suffix(".lf").write_bytes(self.mail.read_bytes().replace(b"\r\n", b"\n"))

    def send(self, name, connections, delay_ms):
        """One run: what it used, by the sink's clock and the processes' own."""
        mails = self.options.mails
        if delay_ms > 0:
            mails = max(50, DELAYED_S * 1000 // (ROUND_TRIPS[name] * delay_ms) * (1 if name == "bare" else connections))
        sink = Sink(self, "--mails", mails, "--delay-ms", delay_ms)
        before = {"Redis": cpu_s(self.redis.process.pid), "broker": cpu_s(self.kafka.process.pid)}
        try:
            send = self.run_mailer if name == "mailer" else self.run_sender
            got, cpu = send(name, sink, connections, mails)
        finally:
            sink.close()
        return {
            "mails_s": got["mails"] / got["seconds"], "bytes": got["bytes"], "sink_busy": got["cpu_us"] / 1e6 / got["seconds"],
            "sink_us": got["cpu_us"] / got["mails"], "cpu_us": cpu * 1e6 / mails,
            "Redis": (cpu_s(self.redis.process.pid) - before["Redis"]) * 1e6 / mails,
            "broker": (cpu_s(self.kafka.process.pid) - before["broker"]) * 1e6 / mails,
        }

    def run_sender(self, name, sink, connections, mails):
        used = os.times()
        command = ([self.bin / "bench_smtp", self.mail, "--port", sink.port, "--connections", connections, "--mails", mails]
                   if name == "bare" else
                   [self.postfix / "usr/sbin/smtp-source", "-d", "-s", connections, "-m", mails, "-F",
                    self.mail.with_suffix(".lf"), f"127.0.0.1:{sink.port}"])
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "LD_LIBRARY_PATH": str(self.postfix / "usr/lib/postfix")})
        now = os.times()
        return sink.wait(lambda: True), now.children_user + now.children_system - used.children_user - used.children_system

    def run_mailer(self, _, sink, connections, mails):
        program = self.mailer("alerts", sink.port, {"smtp.connections": connections}).start()
        try:
            got = sink.wait(program.process.require_alive)
            if mails == self.options.mails:
                self.wait_committed(program, "alerts")
            cpu = cpu_s(program.process.pid)
        finally:
            code = program.terminate(20)
        assert code == 0, program.stderr()[-2000:]
        if mails == self.options.mails:
            assert sum(self.ends(program.deliveries).values()) == mails
        self.redis.client.flushall()
        return got, cpu

    def memory(self, dead):
        """Peak RSS in front of a relay that is down, or that puts every mail off, with the jobs waiting in the topic."""
        sink = None if dead else Sink(self, "--mails", 0, "--defer")
        program = self.mailer("many", free_port() if dead else sink.port).start()
        try:
            told = "waiting" if dead else "no more are taken"
            wait_until(lambda: told in program.stderr(), 60, lambda: f"{told}\n{program.stderr()[-2000:]}")
            time.sleep(self.options.seconds)
            peak = peak_mib(program.process.pid)
            program.terminate(20)
        finally:
            program.close()
            if sink is not None:
                sink.close()
            self.redis.client.flushall()
        return peak

    def latency(self):
        self.kafka.create_topics("latency-events", "latency-alerts", partitions=self.options.partitions)
        port, rate = free_port(), self.options.rate
        programs = [self.detector("latency-events", "latency-alerts"), self.mailer("latency-alerts", port)]
        try:
            for program in programs:
                program.start()
                wait_until(lambda: "partitions assigned" in program.stderr(), 20, "the partitions are there")
            return self.tool("bench_mail_latency", "latency-events", "--broker", self.kafka.bootstrap, "--port", port,
                             "--rate", rate, "--events", rate * (self.options.seconds + 2), "--skip", 2 * rate)
        finally:
            for program in programs:
                program.terminate(20)


def measure_senders(bench):
    o = bench.options
    cases = [(name, connections, delay) for delay in o.delays for connections in o.connections for name in SENDERS
             if name in o.only]
    results = {case: [] for case in cases}
    for _ in range(o.rounds):
        for case in cases:
            results[case].append(bench.send(*case))
    print("\n| reply delay | connections | | mails/s (lowest to highest) | / bare | CPU us/mail: itself | above bare | Redis | broker "
          "| sink | sink's core |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for (name, connections, delay), runs in results.items():
        def median(key, of=runs):
            return statistics.median(run[key] for run in of)
        bare = results.get(("bare", connections, delay))
        rates = sorted(run["mails_s"] for run in runs)
        ratio = f"{median('mails_s') / median('mails_s', bare):.2f}" if bare and name != "bare" else ""
        above = f"{median('cpu_us') - median('cpu_us', bare):.0f}" if bare and name != "bare" and delay == 0 else ""
        parts = [f"{median(key):.0f}" for key in ("Redis", "broker")] if name == "mailer" and delay == 0 else ["", ""]
        print(f"| {delay} ms | {connections} | {name} | {median('mails_s'):.0f} ({rates[0]:.0f} to {rates[-1]:.0f}) | {ratio} | "
              f"{median('cpu_us'):.0f} | {above} | {' | '.join(parts)} | {median('sink_us'):.0f} | {median('sink_busy'):.0%} |")
    sizes = {name: runs[0]["bytes"] for (name, _, _), runs in results.items()}
    print("\nbytes of a mail: " + ", ".join(f"{name} {size:.0f}" for name, size in sizes.items()))


def measure(bench):
    o = bench.options
    print(machine())
    bench.start()
    bench.make_mail()
    if "mailer" in o.only:
        bench.fill("alerts", o.mails)
    if o.only & set(SENDERS):
        measure_senders(bench)
    if o.only & {"dead", "deferred"}:
        bench.fill("many", o.jobs)
    for name, what in (("dead", "a relay that is down"), ("deferred", "a relay that puts every mail off")):
        if name in o.only:
            print(f"\npeak RSS, {o.jobs:,} jobs behind {what}: {bench.memory(name == 'dead'):.0f} MiB")
    if "latency" in o.only:
        got = bench.latency()
        print(f"\nevent to 250 at {o.rate}/s: p50 {got['p50_ms']} ms, p99 {got['p99_ms']}, p99.9 {got['p999_ms']}, highest "
              f"{got['max_ms']} ({got['mails']} mails, {got['missing']} missing, {got['again']} twice)")


def subjects(text):
    names = set(text.split(","))
    if not names <= set(SUBJECTS):
        raise argparse.ArgumentTypeError(f"choose from {','.join(SUBJECTS)}")
    return names


def numbers(text):
    return [int(part) for part in text.split(",")]


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh mailer")
    parser.add_argument("--mails", type=int, default=30_000, help="of a run without delay (30,000)")
    parser.add_argument("--connections", type=numbers, default=[1, 10, 32], metavar="N,N", help="1,10,32")
    parser.add_argument("--delays", type=numbers, default=[0, 20], metavar="MS,MS", help="before each reply (0,20)")
    parser.add_argument("--jobs", type=int, default=100_000, help="waiting when memory is measured (100,000)")
    parser.add_argument("--clear", action="store_true", help="jobs name the recipient in clear (sealed)")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3, help="each sender is measured so often, in turn (3)")
    parser.add_argument("--rate", type=int, default=200, help="events/s when latency is measured (200)")
    parser.add_argument("--seconds", type=int, default=20, help="how long latency and memory are measured (20)")
    parser.add_argument("--only", type=subjects, default=set(SUBJECTS), metavar="A,B", help=",".join(SUBJECTS))
    parser.add_argument("--set", action="append", default=[], metavar="K=V", help="for the mailer")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--jars", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--postfix", required=True, help=argparse.SUPPRESS)
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
