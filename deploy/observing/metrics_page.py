"""docs/metrics.md, from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from deploy.observing.catalogue import COMMON, SERVICES, Described
from supervisor.cloud.machine.exporter import NAMESPACE

_HEAD: Final = """# Metrics

Made from the code by `scripts/gen-observability`; a test fails where this page says something else.
Each process shows its page at `http://HOST:PORT/metrics` once `--metrics-port PORT` (or
`MAZEMESH_<PROCESS>_METRICS_PORT`) is set: services on their `--host`, workers on this machine; or
where `--metrics-host` says. `mazemesh up` gives all of them a port each. Dashboards and alerts
that rest on these metrics are in [deploy/grafana](../deploy/grafana) and
[deploy/prometheus](../deploy/prometheus), what to do when one fires in the [runbook](runbook.md).

A counter only grows, and begins anew with its process: ask for its `rate`. A histogram has the
series `_bucket`, `_sum` and `_count`, a summary `_sum` and `_count`. Labels are beside `job` and
`instance`, which Prometheus adds.
"""

_WHERE: Final = {
    COMMON: "Every process",
    SERVICES: "Every service",
    "game": "Game",
    "matchmaker": "Matchmaker",
    "model": "Model",
    "elo": "Elo",
    "replay": "Replay",
    "gateway": "Gateway",
    "actor": "Actor",
    "evaluator": "Evaluator",
    "learner": "Learner",
}

_CLOUD_HEAD: Final = f"""\
On AWS each machine tells these under the namespace `{NAMESPACE}`, with the dimension `Mesh`; groups
are scaled by them ([aws.md](aws.md)).
"""

CLOUD: Final = {
    "Asked": ("count a minute", "Calls by people; while there are some, nothing is stopped."),
    "DrainSeconds": ("seconds", "How long a machine took to leave, by Kind of its notice."),
    "Drains": (
        "count",
        "Machines that left in order, by Kind of their notice: spot, rebalance, scaling.",
    ),
    "InsertsMinusSamples": ("rows", "Inserts that the limiter has let run ahead of samples."),
    "LearnedSteps": ("steps a minute", "Agent steps that learners learned from."),
    "QueuedGames": ("games", "Rating matches and players that wait for somebody who plays them."),
    "RowsInserted": ("rows a minute", "Rows that tables got."),
    "RowsSampled": ("rows a minute", "Rows that learners drew."),
    "WantedGames": ("games", "Games that learners wait for."),
}
"""What CloudWatch is told, by name: unit and meaning."""


def page(parts: Mapping[str, Iterable[Described]]) -> str:
    """The text of docs/metrics.md."""
    sections = [_section(_WHERE[name], own) for name, own in parts.items()]
    return "\n".join([_HEAD, *sections, _cloud()])


def _section(title: str, metrics: Iterable[Described]) -> str:
    rows = [
        f"| `{one.name}` | {one.kind} | {_labels(one)} | {one.unit} | {one.meaning} |"
        for one in metrics
    ]
    return "\n".join(
        [
            f"## {title}\n",
            "| metric | type | labels | unit | meaning |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _labels(metric: Described) -> str:
    return ", ".join(f"`{label}`" for label in metric.labels)


def _cloud() -> str:
    rows = [f"| `{name}` | {unit} | {meaning} |" for name, (unit, meaning) in CLOUD.items()]
    return "\n".join(
        [
            "## CloudWatch\n",
            _CLOUD_HEAD,
            "| metric | unit | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )
