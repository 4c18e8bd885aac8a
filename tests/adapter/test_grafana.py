"""deploy/grafana: what Grafana would show of it, as far as that can be told without Grafana."""
import json
import re
import subprocess

import pytest
import yaml

from promql import GRAFANA, PROMETHEUS, expressions, panels
from services import SOURCE

UNITS = {"short", "s", "ops", "percentunit", "dateTimeFromNow"}


@pytest.fixture(params=sorted(GRAFANA.glob("*.json")), ids=lambda path: path.name)
def dashboard(request):
    return json.loads(request.param.read_text())


def test_promtool_takes_each_query(folder):
    """As the rules of a file, with Grafana's variables filled in."""
    found = [(where, expression) for where, expression in expressions() if ".json: " in where and "label_values" not in expression]
    assert len(found) > 25
    rules = [{"record": f"q{number}", "expr": re.sub(r"\$\w+", "5m", expression)} for number, (_, expression) in enumerate(found)]
    (folder / "q.yml").write_text(yaml.safe_dump({"groups": [{"name": "q", "rules": rules}]}))
    done = subprocess.run([SOURCE / "build/prometheus/usr/bin/promtool", "check", "rules", folder / "q.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_panel_asks_the_chosen_prometheus_and_says_what_it_shows(dashboard):
    source = {"type": "prometheus", "uid": "${datasource}"}
    shown = [panel for panel in panels(dashboard) if panel["type"] != "row"]
    for panel in shown:
        assert panel["datasource"] == source and all(target["datasource"] == source for target in panel["targets"]), panel["title"]
        assert panel["description"] and panel["fieldConfig"]["defaults"].get("unit", "short") in UNITS, panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0
    variables = {one["name"]: one for one in dashboard["templating"]["list"]}
    assert variables.keys() == {"datasource", "namespace", "instance"} and variables["datasource"]["query"] == "prometheus"
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([panel["targets"] for panel in shown])))
    assert used <= variables.keys() | {"__rate_interval"}
    assert dashboard["schemaVersion"] == 42 and dashboard["uid"] == "login-alert" and "id" not in dashboard


def test_panels_have_ids_of_their_own_and_do_not_lie_over_each_other(dashboard):
    found = list(panels(dashboard))
    assert len({panel["id"] for panel in found}) == len(found)
    taken = set()
    for panel in found:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells


def test_descriptions_name_sections_that_the_runbook_has(dashboard):
    named = {anchor for panel in panels(dashboard) for anchor in re.findall(r"RUNBOOK\.md#(\w+)", panel.get("description", ""))}
    sections = {heading.lower() for heading in re.findall(r"^## (\w+)$", (PROMETHEUS / "RUNBOOK.md").read_text(), re.M)}
    assert named and named <= sections
