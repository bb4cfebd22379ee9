"""What simulators' episodes tell Prometheus, read when the metrics page is."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.model.external.simulators import Simulators


class ExternalCollector(Collector):
    """What is open, and what happened so far."""

    def __init__(self, simulators: Simulators) -> None:
        self._simulators = simulators

    def collect(self) -> Iterator[Metric]:
        """Gauges and counters."""
        there = self._simulators
        counts, trainees = there.counts, there.trainees
        held = trainees.most_bytes - trainees.room
        for name, text, value in (
            ("streams", "Simulators that are connected.", there.streams),
            ("episodes", "Their open episodes.", there.episodes),
            ("agents", "Agents that play in them.", there.agents),
            ("bytes", "What agents and unfinished experience hold, in bytes.", held),
        ):
            yield GaugeMetricFamily(f"mazemesh_model_external_{name}", text, value)
        for name, text, value in (
            ("turns", "Messages of simulators with what happened to agents.", counts.turns),
            ("actions", "Actions that agents of simulators were told.", counts.actions),
            ("agent_steps", "Steps of agents that policies learn from.", counts.steps),
            ("ended_episodes", "Episodes that simulators ended.", counts.ended),
            ("cut_episodes", "Episodes whose agents had not all ended by then.", counts.cut),
            ("failed_episodes", "Episodes that an error ended.", counts.failed),
            ("rows", "Rows of experience written for simulators.", trainees.rows),
            ("left_out_rows", "Rows dropped, as no learner took them.", trainees.left_out),
        ):
            yield CounterMetricFamily(f"mazemesh_model_external_{name}", text, value)
