"""Prometheus metrics, read from the tables at each scrape: the hot path knows nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.replay.hosting.hosted_table import HostedTable

_Read = Callable[[HostedTable], float]

_GAUGES: tuple[tuple[str, str, _Read], ...] = (
    ("table_size_rows", "Rows in the table now.", lambda t: t.table.size),
    ("table_capacity_rows", "Rows that the table may hold.", lambda t: t.table.spec.capacity),
    ("table_bytes", "Bytes of the rows in the table, their columns only.", lambda t: t.table.bytes),
    (
        "limiter_diff_rows",
        "Inserts * samples_per_insert - samples; at its lowest samples wait, else inserts.",
        lambda t: t.table.limiter.diff,
    ),
    (
        "limiter_lowest_diff_rows",
        "The lower end of the limiter's range.",
        lambda t: t.table.spec.limiter.min_diff,
    ),
    (
        "limiter_highest_diff_rows",
        "The upper end of the limiter's range.",
        lambda t: t.table.spec.limiter.max_diff,
    ),
    ("waiting_inserts", "Inserts that wait for the limiter now.", lambda t: len(t.inserting)),
    ("waiting_samples", "Samples that wait for the limiter now.", lambda t: len(t.sampling)),
    (
        "writers",
        "Writers whose last batch is remembered, so that a repeated one counts once.",
        lambda t: len(t.table.writers),
    ),
)
_COUNTERS: tuple[tuple[str, str, _Read], ...] = (
    (
        "inserted_rows",
        "Rows inserted since the table was made; its rate is rows a second.",
        lambda t: t.table.limiter.inserts,
    ),
    (
        "sampled_rows",
        "Rows sampled since the table was made, dropped servings included.",
        lambda t: t.table.limiter.samples,
    ),
    (
        "deleted_rows",
        "Rows that left the table, for room or as they were sampled often enough.",
        lambda t: t.table.limiter.deletes,
    ),
    (
        "dropped_rows",
        "Rows that were deleted since the policy that made them is too old.",
        lambda t: t.table.dropped,
    ),
    (
        "stale_updates",
        "Priorities that came for rows that were gone.",
        lambda t: t.table.stale_updates,
    ),
    (
        "insert_wait_seconds",
        "Time for which inserts waited for the limiter, in sum: learners are slow.",
        lambda t: t.inserting.waited_seconds,
    ),
    (
        "sample_wait_seconds",
        "Time for which samples waited for the limiter, in sum: actors are slow.",
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


class Ages(Collector):
    """How old what lies beside the tables is; where there is no such place it is not told.

    Attributes:
        priorities: Seconds since Redis had all priorities.
        copy: Seconds since the blob store had all sealed segments.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.priorities: Callable[[], float] | None = None
        self.copy: Callable[[], float] | None = None
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Both as they are now."""
        yield _age(
            "priorities", "Since Redis had all priorities. Without Redis none.", self.priorities
        )
        yield _age(
            "copy",
            "Since the blob store had all that was sealed: as much experience goes with a machine "
            "that is lost. Without a blob store none.",
            self.copy,
        )


def _age(name: str, text: str, read: Callable[[], float] | None) -> Metric:
    gauge = GaugeMetricFamily(f"mazemesh_replay_{name}_age_seconds", text, labels=())
    if read is not None:
        gauge.add_metric((), read())
    return gauge
