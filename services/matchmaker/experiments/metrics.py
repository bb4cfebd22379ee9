"""What is told Prometheus of matches in experiments."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.matchmaker.experiments.reporting import Reporting


class ReportingCollector(Collector):
    """Read when the metrics page is."""

    def __init__(self, reporting: Reporting) -> None:
        self._reporting = reporting

    def collect(self) -> Iterator[Metric]:
        """A counter and a gauge."""
        yield CounterMetricFamily(
            "mazemesh_matchmaker_experiment_outcomes",
            "Outcomes of matches that Model was told for its experiments.",
            self._reporting.told,
        )
        yield GaugeMetricFamily(
            "mazemesh_matchmaker_experiment_matches_waiting",
            "Participants chosen by an experiment whose matches had no result at the last look.",
            self._reporting.waiting,
        )
