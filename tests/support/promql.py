"""What PromQL expressions ask for: metrics with their matchers, and the labels they are grouped by. No parser: selectors as
our rules and dashboards have them, without braces in a matcher's text."""
import json
import re
from dataclasses import dataclass, field

import yaml

from services import SOURCE

PROMETHEUS, GRAFANA = SOURCE / "deploy" / "prometheus", SOURCE / "deploy" / "grafana"
GROUPING = re.compile(r"\b(?:by|on|ignoring|without|group_left|group_right)\s*\(([^)]*)\)")
SELECTOR = re.compile(r"(?<![\w:$\"])((?:[a-z_]+:)?login_alert_[a-z_]\w*(?::\w+)*|up)\b\s*(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')


@dataclass
class Asked:
    metrics: list = field(default_factory=list)  # (name, [(label, operator, value)])
    grouped: set = field(default_factory=set)


def asked(expression):
    grouped = {label.strip() for labels in GROUPING.findall(expression) for label in labels.split(",") if label.strip()}
    rest = GROUPING.sub(" ", expression)
    return Asked([(name, MATCHER.findall(matchers)) for name, matchers in SELECTOR.findall(rest)], grouped)


def groups(name):
    return yaml.safe_load((PROMETHEUS / name).read_text())["groups"]


def rules(name):
    return [rule for group in groups(name) for rule in group["rules"]]


def panels(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def expressions():
    """(where, expression) of all rules and dashboards."""
    for file in ("recording.yml", "alerts.yml"):
        for rule in rules(file):
            yield f"{file}: {rule.get('record') or rule['alert']}", rule["expr"]
    for path in sorted(GRAFANA.glob("*.json")):
        dashboard = json.loads(path.read_text())
        for panel in panels(dashboard):
            for target in panel.get("targets", ()):
                yield f"{path.name}: {panel['title']}", target["expr"]
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{path.name}: ${variable['name']}", variable["query"]["query"]


TARGET = {"job", "instance", "namespace"}  # what the scrape adds


def wrong(expression, known):
    labels = set(TARGET)
    for name, matchers in asked(expression).metrics:
        if name not in known:
            yield f"no {name}"
            continue
        labels |= set(known[name])
        for label, operator, value in matchers:
            if label in TARGET or "$" in value:
                continue
            if label not in known[name]:
                yield f"{name} has no {label}"
                continue
            for one in [value] if operator in ("=", "!=") else value.split("|"):
                pattern = re.escape(one) if operator in ("=", "!=") else one.replace("\\\\", "\\")
                if not any(re.fullmatch(pattern, seen) for seen in known[name][label]):
                    yield f"{name} has no {label} {one}"
    for label in asked(expression).grouped - labels:
        yield f"nothing has the label {label}"


def not_exported(exported):
    """What rules and dashboards ask for and would never get. exported: metric -> label -> values."""
    known, found = {**exported, "up": {}}, []
    for rule in rules("recording.yml"):  # in order: one may ask for those before it
        found += [f"{rule['record']}: {one}" for one in wrong(rule["expr"], known)]
        source = next((known[name] for name, _ in asked(rule["expr"]).metrics if name in known), {})
        grouped = asked(rule["expr"]).grouped or set(source)
        known[rule["record"]] = {label: source[label] for label in grouped - TARGET if label in source}
    return found + [f"{where}: {one}" for where, expression in expressions() for one in wrong(expression, known)]
