"""What deploy/kubernetes rests on: under the name of its pod an instance comes back to its partitions, and nobody else notices."""
import re

import pytest

from process import wait_until
from records import committed, encode, end_offsets, login, produce


def partitions(program):
    """Those that it says it has, once the group has given it some."""
    return set(re.findall(r'consumer_lag\{topic="[^"]+",partition="(\d+)"\}', program.http("/metrics")[1]))


def rebalances(program):
    return int(re.search(r"^login_alert_rebalances_total (\d+)$", program.http("/metrics")[1], re.M)[1])


@pytest.mark.parametrize("guarantee", ["at_least_once", "exactly_once"])
def test_a_rolling_change_is_no_rebalance(kafka, topics, detector, guarantee):
    pods = []
    for number in range(2):
        pods.append(detector({"delivery.guarantee": guarantee}))
        pods[number].process.env["LOGIN_ALERT_KAFKA_CONSUMER_GROUP_INSTANCE_ID"] = f"login-alert-detector-{number}"
        pods[number].process.env["LA_LAG_MS"] = "100"
        pods[number].start()
    wait_until(lambda: [len(partitions(pod)) for pod in pods] == [2, 2], 60, lambda: [pod.stderr() for pod in pods], 0.1)
    had = [partitions(pod) for pod in pods]

    for number, (pod, other) in enumerate((pods, pods[::-1])):
        given = rebalances(other)
        assert pod.terminate() == 0
        produce(kafka.bootstrap, topics.events, [(f"m{n}".encode(), encode(login(f"e{number}-{n}", f"m{n}"))) for n in range(40)])
        pod.start()
        wait_until(lambda: pod.http("/readyz")[0] == 200, 60, pod.stderr, 0.05)
        wait_until(lambda: committed(kafka.bootstrap, f"{topics.events}-detector", topics.events) ==
                   end_offsets(kafka.bootstrap, topics.events), 60, pod.stderr, 0.1)
        wait_until(lambda: [partitions(one) for one in pods] == had, 60, lambda: (had, [partitions(one) for one in pods]), 0.1)
        assert rebalances(other) == given
    assert [pod.terminate() for pod in pods] == [0, 0]


def test_an_instance_more_than_there_are_partitions_is_ready_too(kafka, topics, detector):
    """Else a rolling change would wait for it for ever."""
    kafka.create_topics(f"{topics.events}-one", partitions=1)
    pods = [detector({"topic.events": f"{topics.events}-one", "kafka.consumer.group.instance.id": f"{number}"}).start() for number in range(2)]
    for pod in pods:
        wait_until(lambda: pod.http("/readyz")[0] == 200, 60, pod.stderr, 0.05)
    wait_until(lambda: sorted(len(partitions(pod)) for pod in pods) == [0, 1], 60, lambda: [pod.stderr() for pod in pods], 0.1)
    wait_until(lambda: [pod.http("/readyz") for pod in pods] == [(200, "ok\n")] * 2, 60, lambda: [pod.stderr() for pod in pods])
    assert [pod.terminate() for pod in pods] == [0, 0]
