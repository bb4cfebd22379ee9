"""docs/metrics.md, dashboards, rules and the runbook say what the code does."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.observing.__main__ import ROOT
from deploy.observing.catalogue import Described, catalogue, series
from deploy.observing.dashboards import ALL
from deploy.observing.metrics_page import CLOUD, page
from supervisor.cloud.machine.exporter import told
from supervisor.cloud.scaling.load import Counts, figures
from tests.servers.observing.promql import grouped, selected
from tests.servers.observing.promtool import PROMETHEUS, RULES, alerts, expressions, promtool

SCRAPED = frozenset({"job", "instance"})
"""Labels that Prometheus adds."""

UNTOLD = "run scripts/gen-observability"


@pytest.fixture(scope="module")
def parts() -> dict[str, list[Described]]:
    return catalogue()


@pytest.fixture(scope="module")
def known(parts: dict[str, list[Described]]) -> Mapping[str, frozenset[str]]:
    recorded = {name: frozenset[str]() for name, _ in expressions() if ":" in name}
    return {**series(parts), **recorded, "up": frozenset()}


def test_the_page_of_metrics_is_what_the_code_has(parts: dict[str, list[Described]]) -> None:
    assert (ROOT / "docs/metrics.md").read_text() == page(parts), UNTOLD


@pytest.mark.parametrize("dashboard", ALL, ids=lambda one: one.uid)
def test_a_dashboard_is_what_the_code_makes(dashboard) -> None:
    file = ROOT / "deploy/grafana/dashboards" / f"{dashboard.uid}.json"
    text = file.read_text()
    assert text == dashboard.text(), UNTOLD
    panels = json.loads(text)["panels"]
    assert len({one["id"] for one in panels}) == len(panels)


def test_there_is_no_other_dashboard() -> None:
    files = {path.stem for path in (ROOT / "deploy/grafana/dashboards").iterdir()}
    assert files == {one.uid for one in ALL}


def test_each_metric_says_what_it_means(parts: dict[str, list[Described]]) -> None:
    for own in parts.values():
        for metric in own:
            meaning = metric.meaning
            assert meaning.endswith("."), metric
            assert len(meaning.split()) >= 4 or metric.name.startswith("process_"), metric


def test_all_services_and_workers_are_there(parts: dict[str, list[Described]]) -> None:
    assert list(parts)[2:] == [
        *("game", "matchmaker", "model", "elo", "replay", "gateway"),
        *("actor", "evaluator", "learner"),
    ]
    assert all(parts.values())


def test_what_cloudwatch_is_told_is_on_the_page() -> None:
    names = {"Drains", "DrainSeconds"} | told(
        {"matchmaker": 0, "replay": 0, "learner": 0}, figures(Counts(), Counts(), 1.0)
    ).keys()
    assert CLOUD.keys() == names


def asked() -> list[tuple[str, str]]:
    panels = [(one.uid, query.expr) for one in ALL for query in one.queries]
    return [*panels, *expressions()]


def test_every_query_asks_for_what_there_is(known: Mapping[str, frozenset[str]]) -> None:
    wrong = []
    for where, expression in asked():
        found = list(selected(expression))
        assert found or "vector" in expression, expression
        labels: set[str] = set(SCRAPED)
        recorded = False
        for name, chosen in found:
            if name not in known:
                wrong.append(f"{where}: there is no {name}")
                continue
            recorded |= ":" in name
            labels |= known[name]
            if not chosen <= known[name] | SCRAPED:
                wrong.append(f"{where}: {name} has no {chosen - known[name] - SCRAPED}")
        if not recorded and not grouped(expression) <= labels:
            wrong.append(f"{where}: no {grouped(expression) - labels} in {expression}")
    assert not wrong


def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"q:{number}", "expr": expression}
        for number, (_, expression) in enumerate(asked())
    ]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    done = promtool("check", "rules", "--lint=none", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_configuration_are_right() -> None:
    for arguments in (("check", "rules", *RULES), ("check", "config", _configuration())):
        done = promtool(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr


def _configuration() -> Path:
    return PROMETHEUS / "prometheus.yml"


def test_alerts_fire_when_they_should() -> None:
    done = promtool("test", "rules", *sorted((PROMETHEUS / "tests").glob("*.yml")))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", alerts())
def test_an_alert_has_a_test_and_leads_to_what_to_do(name: str) -> None:
    alert = alerts()[name]
    tests = "".join(path.read_text() for path in (PROMETHEUS / "tests").glob("*.yml"))
    fired = re.search(rf"alertname: {name}\n\s+exp_alerts:\n\s+- exp_labels", tests)
    assert fired, f"no test has {name} fire"
    assert alert["labels"]["severity"] in ("page", "ticket")
    file, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    text = (ROOT / file).read_text()
    sections = {
        title.lower().replace(" ", "-"): body
        for title, body in re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", text, re.MULTILINE)
    }
    assert anchor in sections, f"{file} has no section {anchor}"
    assert f"`{name}`" in sections[anchor]
