"""/metrics against an independent parser, and against what the topics hold."""
import re
import time
from collections import Counter

from prometheus_client.parser import text_string_to_metric_families

from jobs import done
from process import wait_until
from promql import expressions, not_exported
from records import committed, decode, encode, end_offsets, produce, read_topic
from services import SOURCE
from stories import EXPECTED, demo_events

LABELS = {"outcome", "reason", "cause", "topic", "partition", "le", "version", "libmicrohttpd", "librdkafka", "avro", "hiredis",
          "libsodium", "libcurl"}
COMMON = {"login_alert_dead_letters": "counter", "login_alert_rebalances": "counter", "login_alert_consumer_lag": "gauge",
          "login_alert_store_roundtrip_seconds": "histogram", "login_alert_paused": "gauge", "login_alert_build_info": "gauge",
          "login_alert_start_time_seconds": "gauge", "login_alert_schema_id_awaited": "gauge"}
DETECTOR = {**COMMON, "login_alert_events": "counter", "login_alert_alerts": "counter",
            "login_alert_batch_seconds": "histogram", "login_alert_event_to_alert_seconds": "histogram"}
MAILER = {**COMMON, "login_alert_mails": "counter", "login_alert_smtp_seconds": "histogram",
          "login_alert_event_to_mail_seconds": "histogram"}


class Metrics:
    def __init__(self, program):
        code, text = program.http("/metrics")
        assert code == 200
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        assert text.count("# TYPE") == len(self.families)
        for family in self.families.values():
            assert family.documentation, family.name
            assert {name for sample in family.samples for name in sample.labels} <= LABELS
            if family.type == "histogram":
                self._check(family)

    @staticmethod
    def _check(family):
        buckets = [sample.value for sample in family.samples if sample.name.endswith("_bucket")]
        bounds = [float(sample.labels["le"]) for sample in family.samples if sample.name.endswith("_bucket")]
        assert buckets == sorted(buckets) and bounds == sorted(set(bounds)) and bounds[-1] == float("inf")
        assert buckets[-1] == next(sample.value for sample in family.samples if sample.name.endswith("_count"))

    def types(self):
        return {name: family.type for name, family in self.families.items()}

    def labels(self):
        """Name as the handbook has it -> labels."""
        return {family.name.removeprefix("login_alert_") + "_total" * (family.type == "counter"):
                {label for sample in family.samples for label in sample.labels} - {"le"} for family in self.families.values()}

    def by(self, name, label):
        """Label -> value, of what is not 0."""
        return {sample.labels[label]: sample.value for sample in self.families[f"login_alert_{name}"].samples
                if sample.value and sample.name.endswith(("_total", name))}

    def value(self, name):
        return next(sample.value for family in self.families.values() for sample in family.samples
                    if sample.name == f"login_alert_{name}")

    def lag(self, topic):
        """Partition -> lag."""
        return {int(sample.labels["partition"]): sample.value for sample in self.families["login_alert_consumer_lag"].samples
                if sample.labels["topic"] == topic}


def watched(program):
    program.process.env["LA_LAG_MS"] = "200"
    return program.start()


def samples(metrics):
    """Name -> label -> values, of all these programs."""
    names = {}
    for sample in (sample for one in metrics for family in one.families.values() for sample in family.samples):
        of = names.setdefault(sample.name, {})
        for label, value in sample.labels.items():
            of.setdefault(label, set()).add(value)
    return names


def handbook():
    """Name -> labels, from the operator's table; those of build_info are not all there."""
    table = re.findall(r"^\| `([a-z_]+)(?:\{(.*?)\})?` \| (?:both|detector|mailer) \|",
                       (SOURCE / "deploy" / "README.md").read_text(), re.M)
    found = {name: set(filter(None, labels.split(","))) for name, labels in table}
    assert found["build_info"] == {"version", "librdkafka", "avro", "…"}
    return {**found, "build_info": LABELS - {"outcome", "reason", "cause", "topic", "partition", "le"}}


def field(kafka, topic, record, name):
    return Counter(decode(one.value, record)[name] for one in read_topic(kafka.bootstrap, topic))


def causes(kafka, topic):
    return Counter(dict(one.headers)["__connect.errors.class.name"].decode() for one in read_topic(kafka.bootstrap, topic))


def test_counters_are_what_the_topics_hold(kafka, topics, detector, mailer, smtp_sink):
    events = demo_events()
    before = int(time.time())
    mails = sum(row[0] == "ALERTED" for row in EXPECTED.values())
    bad = [(b"k", b"\x80"), (b"k", None), (b"k", encode({**events[0], "event_id": ""}))]
    produce(kafka.bootstrap, topics.events, [(event["member_id"].encode(), encode(event)) for event in events] + bad)
    produce(kafka.bootstrap, topics.alerts, [(b"k", b"\x80")])
    detecting, mailing = watched(detector({"decisions.publish": "all"})), watched(mailer())
    wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) ==
               end_offsets(kafka.bootstrap, topics.events), 60, detecting.stderr, interval=0.1)
    wait_until(lambda: done(kafka.bootstrap, topics) == mails + 1, 60, mailing.stderr, interval=0.1)
    for program, topic in ((detecting, topics.events), (mailing, topics.alerts)):
        wait_until(lambda: Metrics(program).lag(topic) == {0: 0, 1: 0, 2: 0, 3: 0}, 60, lambda: Metrics(program).lag(topic), 0.2)
        wait_until(lambda: program.http("/readyz") == (200, "ok\n"), 60, program.stderr)

    seen = Metrics(detecting)
    assert seen.types() == DETECTOR
    assert seen.by("events", "outcome") == field(kafka, topics.decisions, "Decision", "outcome")
    jobs = [record.value for record in read_topic(kafka.bootstrap, topics.alerts) if record.value != b"\x80"]
    assert seen.by("alerts", "reason") == Counter(decode(value, "AlertJob")["reason"] for value in jobs)
    assert seen.by("dead_letters", "cause") == causes(kafka, topics.events_dlq) == {"undecodable": 2, "invalid_value": 1}
    assert seen.value("event_to_alert_seconds_count") == mails
    assert 0 < seen.value("event_to_alert_seconds_sum") < (time.time() - before) * mails
    assert seen.value("batch_seconds_count") >= 1 and seen.value("store_roundtrip_seconds_count") >= 2
    assert seen.value("rebalances_total") >= 1
    assert seen.by("paused", "cause") == {}
    assert before <= seen.value("start_time_seconds") <= time.time()
    assert set(seen.families["login_alert_build_info"].samples[0].labels) >= {"version", "librdkafka", "avro"}

    seen = Metrics(mailing)
    assert seen.types() == MAILER
    assert seen.by("mails", "outcome") == {"SENT": mails, "REJECTED": 1}
    assert field(kafka, topics.deliveries, "Delivery", "outcome") == {"SENT": mails}  # what is no job has no Delivery
    assert seen.by("dead_letters", "cause") == causes(kafka, topics.alerts_dlq) == {"undecodable": 1}
    assert seen.value("smtp_seconds_count") == seen.value("event_to_mail_seconds_count") == mails
    asked = seen.value("store_roundtrip_seconds_count")  # a claim and a mark each
    assert asked == 2 * mails or asked > 2 * mails and "no answer in time" in mailing.stderr()

    both = [Metrics(detecting), Metrics(mailing)]
    assert len(list(expressions())) > 30 and not_exported(samples(both)) == []
    labels = [metrics.labels() for metrics in both]
    assert handbook() == {name: set().union(*(one.get(name, ()) for one in labels)) for name in {**labels[0], **labels[1]}}
    assert [program.terminate() for program in (detecting, mailing)] == [0, 0]


def test_lag_is_known_of_a_group_that_has_never_committed_and_while_nothing_moves(kafka, topics, detector, redis_server):
    redis_server.suspend()
    produce(kafka.bootstrap, topics.events, [(event["member_id"].encode(), encode(event)) for event in demo_events()])
    program = watched(detector())
    wait_until(lambda: sum(Metrics(program).lag(topics.events).values()) == len(demo_events()), 60,
               lambda: Metrics(program).lag(topics.events), 0.2)
    wait_until(lambda: Metrics(program).by("paused", "cause") == {"redis": 1}, 60, program.stderr)
    redis_server.resume()
    wait_until(lambda: set(Metrics(program).lag(topics.events).values()) == {0}, 60, program.stderr, 0.2)
    assert program.terminate() == 0
