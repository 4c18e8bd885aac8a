"""deploy/kubernetes: what the API server would take, what the programs read of it, and that its parts fit each other."""
import re
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml

from kustomize import build, documents, pod_specs
from services import SOURCE

KUBERNETES, PROMETHEUS = SOURCE / "deploy" / "kubernetes", SOURCE / "deploy" / "prometheus"
PROGRAMS = ("detector", "mailer")
MOUNTED = "/etc/login-alert/secrets/"


@pytest.fixture(params=["base", "example"])
def manifests(request):
    return build(KUBERNETES / request.param)


def of_kind(manifests, kind):
    found = {document["metadata"]["name"]: document for document in manifests if document["kind"] == kind}
    assert found, kind
    return found


def covers(selector, labels):
    return selector.items() <= labels.items()


def pods(manifests):
    """Name -> (labels, spec)."""
    for document in manifests:
        for spec in pod_specs(document):
            template = document["spec"].get("template") or document["spec"]["jobTemplate"]["spec"]["template"]
            yield document["metadata"]["name"], template["metadata"]["labels"], spec


@pytest.mark.parametrize("version", ["1.27", "1.37"])
def test_kubernetes_takes_each_document(manifests, version):
    for document in manifests:
        kubernetes_validate.validate(document, version, strict=True)


def test_a_misspelt_field_would_be_seen(manifests):
    wrong = of_kind(manifests, "StatefulSet")["login-alert-detector"]
    wrong["spec"]["template"]["spec"]["enableServiceLink"] = False
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.37", strict=True)


def test_selectors_meet_their_pods_and_no_others(manifests):
    labels = {name: labels for name, labels, _ in pods(manifests)}
    assert set(labels) == {f"login-alert-{program}{end}" for program in PROGRAMS for end in ("", "-check")}

    def meets(selector):
        return {name for name in labels if covers(selector, labels[name])}

    for name, document in of_kind(manifests, "StatefulSet").items():
        spec = document["spec"]
        assert meets(spec["selector"]["matchLabels"]) == {name}
        assert meets(of_kind(manifests, "Service")[spec["serviceName"]]["spec"]["selector"]) == {name}
        assert meets(of_kind(manifests, "PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"]) == {name}
        spread = spec["template"]["spec"]["topologySpreadConstraints"]
        assert all(meets(constraint["labelSelector"]["matchLabels"]) == {name} for constraint in spread) and len(spread) == 2
        assert meets(of_kind(manifests, "NetworkPolicy")[name]["spec"]["podSelector"]["matchLabels"]) == {name, f"{name}-check"}


def test_pods_may_do_nothing_that_they_need_not(manifests):
    for name, _, spec in pods(manifests):
        assert spec["enableServiceLinks"] is spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        container, = spec["containers"]
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                                "capabilities": {"drop": ["ALL"]}}
        assert container["resources"]["limits"].keys() == {"memory"} and container["resources"]["requests"].keys() == {"cpu", "memory"}


def test_probes_metrics_and_scrapes_have_one_port(manifests):
    keep = yaml.safe_load((PROMETHEUS / "kubernetes.yml").read_text())["scrape_configs"][0]["relabel_configs"][0]
    for name, document in of_kind(manifests, "StatefulSet").items():
        container, = document["spec"]["template"]["spec"]["containers"]
        port, = container["ports"]
        listen = next(item["value"] for item in container["env"] if item["name"] == "LOGIN_ALERT_HTTP_LISTEN")
        assert listen == f"0.0.0.0:{port['containerPort']}"
        paths = {probe: container[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
        assert paths == {"startupProbe": {"path": "/livez", "port": port["name"]}, "livenessProbe": {"path": "/livez", "port": port["name"]},
                         "readinessProbe": {"path": "/readyz", "port": port["name"]}}
        assert of_kind(manifests, "Service")[name]["spec"]["ports"] == [
            {"name": port["name"], "port": port["containerPort"], "targetPort": port["name"]}]
        ingress, = of_kind(manifests, "NetworkPolicy")[name]["spec"]["ingress"]
        assert ingress["ports"] == [{"protocol": "TCP", "port": port["name"]}]
        labels = document["spec"]["template"]["metadata"]["labels"]
        assert keep["action"] == "keep" and keep["regex"] == f"{labels['app.kubernetes.io/part-of']};{port['name']}"
        assert labels["app.kubernetes.io/name"] == name  # the job in the alerts


def test_checks_wait_for_a_person_and_run_as_the_programs_do(manifests):
    of = {name: spec for name, _, spec in pods(manifests)}
    for name, document in of_kind(manifests, "CronJob").items():
        assert document["spec"]["suspend"] is True and of[name]["restartPolicy"] == "Never"
        check, run = of[name]["containers"][0], of[name.removesuffix("-check")]["containers"][0]
        assert check["command"] == run["command"][:-1] + ["check"]
        assert (check["image"], check["volumeMounts"]) == (run["image"], run["volumeMounts"])
        assert of[name]["volumes"] == of[name.removesuffix("-check")]["volumes"]


class Pod:
    """Runs a program's check with the configuration, files and environment of its pod."""

    def __init__(self, manifests, program, build_dir, folder):
        self.spec = next(spec for name, _, spec in pods(manifests) if name == f"login-alert-{program}")
        self.container, = self.spec["containers"]
        self.binary, self.folder = build_dir / "bin" / self.container["command"][0], folder
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        assert volumes["secrets"]["secret"]["secretName"] == f"login-alert-{program}"
        (name, text), = of_kind(manifests, "ConfigMap")[volumes["conf"]["configMap"]["name"]]["data"].items()
        mounts = {mount["name"]: mount["mountPath"] for mount in self.container["volumeMounts"]}
        assert self.container["command"][1:3] == ["--config", f"{mounts['conf']}/{name}"] and f"{mounts['secrets']}/" == MOUNTED
        self.named = set(re.findall(rf"^[^#\n]*={MOUNTED}(\S+)$", text, re.M))
        self.config = folder / "login-alert.conf"
        for here, away in ((f"{folder}/mounted/", MOUNTED), (r"redis://127.0.0.1:1", r"redis://[\w.:]+"), (r"smtp://127.0.0.1:1", r"smtp://[\w.:]+")):
            text = re.sub(away, here, text)
        self.config.write_text(text)

    def mount(self, files):
        """As the kubelet does: links to a folder that it replaces as a whole."""
        data, mounted = self.folder / "mounted" / "..data", self.folder / "mounted"
        shutil.rmtree(mounted, ignore_errors=True)
        (mounted / "..2026").mkdir(parents=True)
        data.symlink_to("..2026")
        for name, source in files.items():
            shutil.copy(source, data / name)
            (data / name).chmod(self.spec["volumes"][1]["secret"]["defaultMode"])
            (mounted / name).symlink_to(f"..data/{name}")
        return self

    def check(self):
        """What it printed, and the problems of its configuration. Servers are not here: Kafka is not asked, as there is a
        property of our own, the others refuse."""
        from_pod = {"metadata.name": self.container["command"][0] + "-0"}
        env = {item["name"]: item.get("value") or from_pod[item["valueFrom"]["fieldRef"]["fieldPath"]] for item in self.container["env"]}
        done = subprocess.run([self.binary, "--config", self.config, "--set", "kafka.ours=1", "check"], env=env, timeout=60,
                              capture_output=True, text=True)
        printed = done.stdout.splitlines()
        problems = [line for line in done.stderr.splitlines() + printed if line.startswith((self.container["command"][0], "error", "warning"))]
        assert done.returncode == 78 and any("kafka.ours" in line for line in problems), problems
        return printed, [line for line in problems if not re.search("kafka.ours|Connection refused|connect to server", line)]


@pytest.fixture
def files(build_dir, folder):
    """Whatever a configuration may name."""
    made = folder / "safe"
    made.mkdir()
    for name, content in (("kafka.password", "a"), ("redis.password", "b"), ("smtp.password", "c")):
        (made / name).write_text(content)
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", made / "kafka-ca.crt")
    for program, key in (("detector", "hash.keys"), ("mailer", "seal.key")):
        subprocess.run([build_dir / "bin" / f"login-alert-{program}", "keygen", made / key], check=True, capture_output=True)
    return made


def created():
    """Program -> name in its Secret -> file, as README.md makes them."""
    commands = re.findall(r"create secret generic login-alert-(\w+)((?:[^\n]*\\\n)*[^\n]*)", (KUBERNETES / "README.md").read_text())
    return {program: {(name or path).removesuffix("="): path for name, path in re.findall(r"--from-file=(\S+?=)?(\S+)", rest)}
            for program, rest in commands}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_pod_has_all_that_its_program_reads(manifests, program, build_dir, folder, files):
    pod, secret = Pod(manifests, program, build_dir, folder), created()[program]
    given = {name: path for name, path in secret.items() if name in pod.named}
    printed, problems = pod.mount({name: files / path for name, path in given.items()}).check()
    assert problems == []
    assert f"kafka.consumer.group.instance.id=login-alert-{program}-0" in printed
    assert f"http.listen=0.0.0.0:{pod.container['ports'][0]['containerPort']}" in printed
    assert pod.named <= set().union(*created().values())
    for name in given.keys() - {"kafka-ca.crt"}:  # which is read only to ask Kafka; and each of the others is needed
        _, problems = pod.mount({other: files / path for other, path in given.items() if other != name}).check()
        assert problems and all(name in line for line in problems), (name, problems)


def test_the_grace_of_a_pod_is_longer_than_a_shutdown(manifests, build_dir, folder):
    for program in PROGRAMS:
        pod = Pod(manifests, program, build_dir, folder)
        printed, _ = pod.mount({}).check()
        shutdown = next(re.search(r"shutdown\.timeout=(\d+)s", line)[1] for line in printed if "shutdown.timeout=" in line)
        assert pod.spec["terminationGracePeriodSeconds"] >= int(shutdown) + 10


def test_topics_are_those_of_the_programs_and_the_two_lists_agree():
    found = documents(KUBERNETES / "kafka" / "strimzi.yaml")
    topics = {one["metadata"]["name"]: one["spec"]["partitions"] for one in found if one["kind"] == "KafkaTopic"}
    assert topics.keys() == set(re.findall(r"^#topic\.\w+(?:-dlq)?=(\S+)$", (SOURCE / "deploy/examples/login-alert.conf").read_text(), re.M))
    loop, = re.findall(r"for topic in (.*); do", (KUBERNETES / "README.md").read_text())
    assert topics == {name: int(count) for name, count in re.findall(r"(login-[\w-]+):(\d+)\b", loop)}
