"""deploy/prometheus, as promtool reads it; each alert has its test and its section."""
import re
import subprocess

import pytest

from promql import PROMETHEUS, groups, rules, wrong
from services import SOURCE

RULES_TEST = SOURCE / "tests" / "data" / "prometheus-rules.yml"


@pytest.fixture
def promtool():
    tool = SOURCE / "build" / "prometheus" / "usr" / "bin" / "promtool"
    assert tool.is_file(), f"{tool}: missing; tests/run.sh fetches it"

    def run(*args):
        done = subprocess.run([tool, *args], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return run


def anchors(page):
    """Those that a renderer makes of a page's headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", page, re.M)}


def test_promtool_takes_configuration_and_rules(promtool):
    said = promtool("check", "config", "--lint=all", "--lint-fatal", PROMETHEUS / "prometheus.yml")
    assert f"{len(rules('recording.yml'))} rules found" in said and f"{len(rules('alerts.yml'))} rules found" in said


def test_both_files_may_be_one():
    """As a PrometheusRule, in which each group has a name of its own."""
    names = [group["name"] for file in ("recording.yml", "alerts.yml") for group in groups(file)]
    assert len(set(names)) == len(names)


def test_each_alert_fires_where_it_must_and_none_over_hours_of_health(promtool):
    assert "SUCCESS" in promtool("test", "rules", RULES_TEST)
    text = RULES_TEST.read_text()
    assert [rule["alert"] for rule in rules("alerts.yml") if not re.search(rf"\b{rule['alert']}\b", text)] == []


def test_each_alert_has_a_severity_and_a_section_of_the_runbook_and_each_section_its_alert():
    alerts = {rule["alert"]: rule for rule in rules("alerts.yml")}
    found = anchors((PROMETHEUS / "RUNBOOK.md").read_text())
    assert {name.lower() for name in alerts} == {anchor for anchor in found if anchor.startswith("loginalert")}
    for name, rule in alerts.items():
        assert rule["labels"] == {"severity": rule["labels"]["severity"]} and rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["runbook_url"].endswith(f"/RUNBOOK.md#{name.lower()}")
        assert rule["annotations"]["summary"] and rule["annotations"]["description"]


def test_links_between_the_pages_of_deploy_lead_somewhere():
    pages = sorted((SOURCE / "deploy").rglob("*.md"))
    wrong = []
    for page in pages:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            path, _, anchor = target.partition("#")
            if target.startswith(("http:", "https:")):
                continue
            other = page if path == "" else page.parent / path
            if not other.exists() or anchor and anchor not in anchors(other.read_text()):
                wrong.append(f"{page.relative_to(SOURCE)}: {target}")
    assert wrong == []


@pytest.mark.parametrize("expression, found", [
    ('sum by (job, cause) (rate(login_alert_paused{cause="storm"}[5m]))', []),
    ('login_alert_paused{cause=~"redis|storm", job="$job"} > 1', []),
    ("login_alert_pauses", ["no login_alert_pauses"]),
    ('login_alert_paused{why="storm"}', ["login_alert_paused has no why"]),
    ('login_alert_paused{cause!="Storm"}', ["login_alert_paused has no cause Storm"]),
    ('login_alert_paused{cause=~"redis|rain"}', ["login_alert_paused has no cause rain"]),
    ("sum by (outcome) (login_alert_paused)", ["nothing has the label outcome"]),
    ("job:login_alert_lag:sum / login_alert_paused", ["no job:login_alert_lag:sum"]),
])
def test_what_nothing_exports_is_found(expression, found):
    assert list(wrong(expression, {"login_alert_paused": {"cause": {"redis", "storm"}}})) == found
