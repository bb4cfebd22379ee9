"""What the mirror tells Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.model.mirror.mirroring import Mirror


class MirrorCollector(Collector):
    """Read when the metrics page is; zeros where no mirror is configured."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def collect(self) -> Iterator[Metric]:
        """Gauges and counters."""
        mirror = self._mirror
        for name, text, value in (
            ("waiting", "Changes that MLflow is still to be told.", mirror.waiting.entries),
            ("age_seconds", "How long the oldest of them has waited.", mirror.age_seconds),
            ("refused", "Changes that MLflow refused for ever.", mirror.waiting.refused),
        ):
            yield GaugeMetricFamily(f"mazemesh_model_mirror_{name}", text, value)
        for name, text, value in (
            ("sent", "Changes that MLflow was told.", mirror.sent),
            ("failures", "Requests to MLflow that failed and are made again.", mirror.failures),
        ):
            yield CounterMetricFamily(f"mazemesh_model_mirror_{name}", text, value)
