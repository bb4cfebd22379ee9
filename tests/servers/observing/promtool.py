"""promtool, and what it says of alerts when it is given a page of a real process."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

PROMETHEUS = Path(__file__).parents[3] / "deploy" / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))

Series = dict[str, float]
"""Values by series, as PromQL writes one: name{label="value"}."""


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs promtool."""
    program = shutil.which("promtool")
    if program is None:
        pytest.fail("promtool not found: these tests need it; scripts/test installs it")
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )


def page(registry: CollectorRegistry, instance: str = "here") -> Series:
    """What Prometheus would have of a process: its page, with the labels of a scrape."""
    text = generate_latest(registry).decode()
    return {
        _written(sample.name, {**sample.labels, "job": "mazemesh-test", "instance": instance}): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def _written(name: str, labels: Mapping[str, str]) -> str:
    inner = ",".join(f"{key}={json.dumps(value)}" for key, value in sorted(labels.items()))
    return f"{name}{{{inner}}}"


def changed(values: Series, name: str, value: float) -> Series:
    """A page on which time has passed: one metric has another value."""
    found = [series for series in values if series.startswith(f"{name}{{")]
    assert found, name
    return {**values, **dict.fromkeys(found, value)}


def fires(
    folder: Path, alert: str, minutes: int, before: Series, after: Series, at: int = 5
) -> bool:
    """Whether an alert has fired after so many minutes.

    The series have the values of one page until minute `at`, and those of another from then on.
    What is only on the first is gone from then on.
    """
    return fires_through(folder, alert, [(at, before), (minutes - at + 1, after)])


def fires_through(folder: Path, alert: str, pages: Sequence[tuple[int, Series]]) -> bool:
    """Whether an alert fires in the last minute of pages that were there for so many each."""
    names = {name for _, values in pages for name in values}
    series = [{"series": name, "values": _over(pages, name)} for name in sorted(names)]
    last = sum(minutes for minutes, _ in pages) - 1
    test = {
        "rule_files": list(map(str, RULES)),
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                # Fails where there is one: which labels it has is not what is asked.
                "alert_rule_test": [
                    {"eval_time": f"{last}m", "alertname": alert, "exp_alerts": []}
                ],
            }
        ],
    }
    file = folder / f"{alert}.yml"
    file.write_text(json.dumps(test))  # which is YAML
    done = promtool("test", "rules", file)
    told = done.stdout + done.stderr
    assert done.returncode == 0 or "got:[" in told.replace("\n", "").replace(" ", ""), told
    return done.returncode != 0


def _over(pages: Sequence[tuple[int, Series]], name: str) -> str:
    """Values of a series, one for each minute, as promtool writes them."""
    words, known = [], False
    for minutes, values in pages:
        if name in values:
            words.append(f"{values[name]!r}x{minutes - 1}".replace("inf", "Inf"))
        else:  # a scrape that does not have a series any more marks it as stale
            words += ["stale"] * known + [f"_x{minutes - known}"]
        known = name in values
    return " ".join(words).replace("nan", "NaN")


def alerts() -> dict[str, Mapping[str, Any]]:
    """All alerts by name."""
    import yaml

    return {
        rule["alert"]: rule
        for file in RULES
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }


def expressions() -> Iterable[tuple[str, str]]:
    """Names of rules, and what they ask for."""
    import yaml

    for file in RULES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                yield rule.get("alert") or rule["record"], rule["expr"]
