"""Prometheus metrics, read from the tables at each scrape: the hot path knows nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.replay.hosting.hosted_table import HostedTable

_Read = Callable[[HostedTable], float]

_GAUGES: tuple[tuple[str, str, _Read], ...] = (
    ("table_size_rows", "Rows in the table.", lambda t: t.table.size),
    ("table_bytes", "Bytes of the rows in the table.", lambda t: t.table.bytes),
    (
        "limiter_diff_rows",
        "inserts * samples_per_insert - samples, held within the limiter's range.",
        lambda t: t.table.limiter.diff,
    ),
    ("waiting_inserts", "Inserts that wait for the limiter.", lambda t: len(t.inserting)),
    ("waiting_samples", "Samples that wait for the limiter.", lambda t: len(t.sampling)),
    ("writers", "Writers whose last batch is remembered.", lambda t: len(t.table.writers)),
)
_COUNTERS: tuple[tuple[str, str, _Read], ...] = (
    ("inserted_rows", "Rows inserted.", lambda t: t.table.limiter.inserts),
    ("sampled_rows", "Rows sampled, dropped servings included.", lambda t: t.table.limiter.samples),
    ("deleted_rows", "Rows that left the table.", lambda t: t.table.limiter.deletes),
    ("dropped_rows", "Rows deleted for their old policy.", lambda t: t.table.dropped),
    ("stale_updates", "Priorities for rows that were gone.", lambda t: t.table.stale_updates),
    (
        "insert_wait_seconds",
        "Time that inserts waited for the limiter.",
        lambda t: t.inserting.waited_seconds,
    ),
    (
        "sample_wait_seconds",
        "Time that samples waited for the limiter.",
        lambda t: t.sampling.waited_seconds,
    ),
)


class TableCollector(Collector):
    """Reads each table's state at every scrape."""

    def __init__(self, tables: Iterable[HostedTable]) -> None:
        self._tables = tables

    def collect(self) -> Iterable[Metric]:
        """One family for each number, labelled by table."""
        # The scrape runs in a thread of its own while tables may be added.
        tables = list(self._tables)
        for name, text, read in _GAUGES:
            gauge = GaugeMetricFamily(f"mazemesh_replay_{name}", text, labels=["table"])
            for hosted in tables:
                gauge.add_metric([hosted.table.spec.name], read(hosted))
            yield gauge
        for name, text, read in _COUNTERS:
            counter = CounterMetricFamily(f"mazemesh_replay_{name}", text, labels=["table"])
            for hosted in tables:
                counter.add_metric([hosted.table.spec.name], read(hosted))
            yield counter


def age_of_copy(registry: CollectorRegistry, seconds: Callable[[], float]) -> None:
    """Registers how old the copy in the blob store is."""
    _age(registry, "copy", "Since the blob store had all that was sealed.", seconds)


def age_of_priorities(registry: CollectorRegistry, seconds: Callable[[], float]) -> None:
    """Registers how old the priorities in Redis are."""
    _age(registry, "priorities", "Since Redis had all priorities.", seconds)


def _age(
    registry: CollectorRegistry, of: str, documentation: str, seconds: Callable[[], float]
) -> None:
    gauge = Gauge(f"mazemesh_replay_{of}_age_seconds", documentation, registry=registry)
    gauge.set_function(seconds)
