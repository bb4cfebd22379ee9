"""What drift tells Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.model.drift.watching import Watching

MOST_POLICIES: Final = 16
MOST_COLUMNS: Final = 16


class DriftCollector(Collector):
    """Drift of the versions that were asked last, read when the metrics page is."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Gauges; of a version those of the columns with the largest index."""
        by_column = ("policy", "column")
        index = GaugeMetricFamily(
            "mazemesh_model_drift_psi",
            "Population stability index of a column of what a version is asked and answers, "
            "against its validation, less what chance makes; above 0.25 is much.",
            labels=by_column,
        )
        gap = GaugeMetricFamily(
            "mazemesh_model_drift_ks",
            "Kolmogorov and Smirnov's statistic of the same, 0..1.",
            labels=by_column,
        )
        mean = GaugeMetricFamily(
            "mazemesh_model_drift_mean",
            "Mean of the same in the window: of the column's feature that drifted most.",
            labels=by_column,
        )
        rows = GaugeMetricFamily(
            "mazemesh_model_drift_rows",
            "Rows of the window that a version's drift is of.",
            labels=("policy",),
        )
        drifted = GaugeMetricFamily(
            "mazemesh_model_drifted",
            "1 where a column of a version drifted by more than chance and much, else 0.",
            labels=("policy",),
        )
        for policy, drift in islice(self._watching.all(), MOST_POLICIES):
            rows.add_metric([policy], drift.rows)
            drifted.add_metric([policy], drift.drifted)
            for one in drift.columns[:MOST_COLUMNS]:
                index.add_metric([policy, one.column], one.psi)
                gap.add_metric([policy, one.column], one.ks)
                mean.add_metric([policy, one.column], one.mean)
        yield from (index, gap, mean, rows, drifted)
