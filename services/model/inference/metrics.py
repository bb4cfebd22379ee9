"""What inference tells Prometheus: batches as they are run, the rest read from outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.model.inference.inference import Batch, Inference
from services.model.inference.runner.process import Process

_ROWS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)
_SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)


class BatchMetrics:
    """Called with each batch that was run."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._rows = Histogram(
            "mazemesh_model_inference_batch_rows",
            "Rows of a batch that was run, of one caller or several.",
            registry=registry,
            buckets=_ROWS,
        )
        self._waited = Histogram(
            "mazemesh_model_inference_wait_seconds",
            "How long the first rows of a batch waited for it to be run.",
            registry=registry,
            buckets=_SECONDS,
        )
        self._ran = Histogram(
            "mazemesh_model_inference_run_seconds",
            "Time of a batch in onnxruntime, and of choosing its actions.",
            registry=registry,
            buckets=_SECONDS,
        )

    def __call__(self, batch: Batch) -> None:
        """Counts it."""
        self._rows.observe(batch.rows)
        self._waited.observe(batch.waited)
        self._ran.observe(batch.ran)


class InferenceCollector(Collector):
    """What inference holds and did, read when the metrics page is."""

    def __init__(self, inference: Inference, processes: Sequence[Process]) -> None:
        self._inference, self._processes = inference, processes

    def collect(self) -> Iterator[Metric]:
        """Gauges and counters."""
        inference = self._inference
        models, counts = inference.models, inference.models.counts
        for name, text, value in (
            ("calls", "Calls of inference that wait for their answers.", inference.calls),
            ("call_bytes", "Bytes of the columns of these calls.", inference.size_bytes),
            ("loaded_versions", "Files of versions that are loaded.", len(models)),
            ("loaded_bytes", "Memory of loaded versions, in bytes.", models.memory.used_bytes),
        ):
            yield GaugeMetricFamily(f"mazemesh_model_inference_{name}", text, value)
        starts = sum(process.starts for process in self._processes)
        for name, text, value in (
            ("loads", "Versions that were loaded and run once.", counts.loads),
            ("failed_loads", "Versions that could not be loaded.", counts.failed_loads),
            ("evictions", "Versions that made room for others.", counts.evictions),
            ("swaps", "Names in use that were set to another version.", inference.pointers.swaps),
            ("refused", "Calls for which there was no room.", inference.refused),
            (
                "expired",
                "Calls whose callers went, or ran out of time, before the answer.",
                inference.expired,
            ),
            ("stopped", "Files that are not run for a while: too slow, or fatal.", counts.banned),
            ("process_starts", "Starts of processes that run policies.", starts),
        ):
            yield CounterMetricFamily(f"mazemesh_model_inference_{name}", text, value)
