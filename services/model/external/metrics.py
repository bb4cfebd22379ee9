"""What simulators' episodes tell Prometheus, read when the metrics page is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from services.model.external.simulators import Simulators

_GAUGES: Final = (
    ("streams", "Simulators that are connected."),
    ("episodes", "Episodes of simulators that are open now."),
    ("agents", "Agents that play in them."),
    ("bytes", "What agents and unfinished experience hold, in bytes."),
)
_COUNTERS: Final = (
    ("turns", "Messages of simulators with what happened to agents."),
    ("actions", "Actions that agents of simulators were told."),
    ("agent_steps", "Steps of agents that policies learn from."),
    ("ended_episodes", "Episodes that simulators have ended."),
    ("cut_episodes", "Episodes whose agents had not all ended by then."),
    ("failed_episodes", "Episodes that an error ended."),
    ("rows", "Rows of experience written for simulators."),
    ("left_out_rows", "Rows dropped, as no learner took them."),
)


class ExternalCollector(Collector):
    """What is open, and what happened so far.

    Args:
        simulators: All of them; None before the first.
    """

    def __init__(self, simulators: Callable[[], Simulators | None]) -> None:
        self._simulators = simulators

    def collect(self) -> Iterator[Metric]:
        """Gauges and counters."""
        values = _values(self._simulators())
        for name, text in _GAUGES:
            yield GaugeMetricFamily(f"mazemesh_model_external_{name}", text, values.get(name, 0))
        for name, text in _COUNTERS:
            yield CounterMetricFamily(f"mazemesh_model_external_{name}", text, values.get(name, 0))


def _values(there: Simulators | None) -> dict[str, float]:
    if there is None:
        return {}
    counts, trainees = there.counts, there.trainees
    return {
        "streams": there.streams,
        "episodes": there.episodes,
        "agents": there.agents,
        "bytes": trainees.most_bytes - trainees.room,
        "turns": counts.turns,
        "actions": counts.actions,
        "agent_steps": counts.steps,
        "ended_episodes": counts.ended,
        "cut_episodes": counts.cut,
        "failed_episodes": counts.failed,
        "rows": trainees.rows,
        "left_out_rows": trainees.left_out,
    }
