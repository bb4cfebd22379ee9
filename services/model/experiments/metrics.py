"""What experiments tell Prometheus, read when the metrics page is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.model.experiments.calls.routes import Routes
from services.model.experiments.calls.tallies import Tallies
from services.model.experiments.experiment import State
from services.model.experiments.judging.figures import Figures
from services.model.experiments.steward import Steward

_LABELS: Final = ("experiment", "version")


class ExperimentsCollector(Collector):
    """Of the experiments that run, as this instance serves them; at most 64 of 8 arms."""

    def __init__(self, routes: Routes, tallies: Tallies, steward: Steward) -> None:
        self._routes, self._tallies, self._steward = routes, tallies, steward

    def collect(self) -> Iterator[Metric]:
        """Gauges and counters."""
        yield GaugeMetricFamily(
            "mazemesh_model_experiments",
            "Experiments that run now, one over an alias.",
            len(self._routes),
        )
        ended = CounterMetricFamily(
            "mazemesh_model_experiments_ended",
            "Experiments that this instance ended by a look, by how.",
            labels=["state"],
        )
        for state in (State.ROLLED_BACK, State.PASSED, State.OVERTAKEN):
            ended.add_metric([state.name.lower()], self._steward.ended[state])
        yield ended
        yield self._shares()
        yield self._counted("calls", "Calls that an arm answered or failed.", lambda one: one.calls)
        yield self._counted("errors", "Calls that an arm failed.", lambda one: one.errors)
        yield self._counted("slow", "Calls that took an arm too long.", lambda one: one.slow)
        yield self._counted(
            "dropped", "Calls that a shadow was not shown.", lambda one: one.dropped
        )

    def _shares(self) -> Metric:
        family = GaugeMetricFamily(
            "mazemesh_model_experiment_share",
            "Part of the sessions that an arm answers.",
            labels=_LABELS,
        )
        for route in self._routes.all():
            for share, reference in zip(route.experiment.shares, route.references, strict=True):
                family.add_metric([route.experiment_id, reference], share)
        return family

    def _counted(self, name: str, text: str, value: Callable[[Figures], float]) -> Metric:
        family = CounterMetricFamily(f"mazemesh_model_experiment_{name}", text, labels=_LABELS)
        for route in self._routes.all():
            counted = self._tallies.totals.get(route.experiment_id, {})
            for arm, reference in enumerate(route.references):
                family.add_metric(
                    [route.experiment_id, reference], value(counted.get(arm, Figures()))
                )
        return family
