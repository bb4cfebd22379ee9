"""What every server tells Prometheus beside its calls, read when the page is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services._harness.sql.database_usage import DatabaseUsage


class ServerState(Collector):
    """Certificate, keys, audit log and database of one server; what it has not is not told.

    Attributes:
        certificate_expires: When the certificate in use expires, in Unix seconds.
        keys: How many keys are known.
        audit_lost: Lines of the audit log that could not be written.
        database: How busy the database is.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.certificate_expires: Callable[[], float] | None = None
        self.keys: Callable[[], float] | None = None
        self.audit_lost: Callable[[], float] | None = None
        self.database: DatabaseUsage | None = None
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """All as it is now."""
        yield _gauge(
            "mazemesh_tls_certificate_expiry_seconds",
            "When the certificate that the server shows expires, in Unix seconds. "
            "Without TLS none.",
            self.certificate_expires,
        )
        yield _gauge(
            "mazemesh_keys", "API keys that are known. Where no key is asked for none.", self.keys
        )
        yield _gauge(
            "mazemesh_audit_lost_lines",
            "Lines of the audit log that could not be written since the start.",
            self.audit_lost,
        )
        yield from self._of_database()

    def _of_database(self) -> Iterator[Metric]:
        usage = self.database
        yield _gauge(
            "mazemesh_database_connections",
            "Transactions that the service may have under way at once: 1 on SQLite.",
            None if usage is None else lambda: usage.connections,
        )
        yield _gauge(
            "mazemesh_database_busy",
            "Transactions that are under way now.",
            None if usage is None else lambda: usage.busy,
        )
        yield _gauge(
            "mazemesh_database_waiting",
            "Transactions that wait for a connection now.",
            None if usage is None else lambda: usage.waiting,
        )
        yield _counter(
            "mazemesh_database_transactions",
            "Transactions that have run, also those that failed.",
            None if usage is None else lambda: usage.transactions,
        )
        yield _counter(
            "mazemesh_database_wait_seconds",
            "Time for which transactions waited for a connection, in sum.",
            None if usage is None else lambda: usage.waited_seconds,
        )
        yield _counter(
            "mazemesh_database_busy_seconds",
            "Time for which transactions ran, in sum; divided by the connections, how full it is.",
            None if usage is None else lambda: usage.busy_seconds,
        )


def _gauge(name: str, text: str, read: Callable[[], float] | None) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=())
    if read is not None:
        gauge.add_metric((), read())
    return gauge


def _counter(name: str, text: str, read: Callable[[], float] | None) -> Metric:
    counter = CounterMetricFamily(name, text, labels=())
    if read is not None:
        counter.add_metric((), read())
    return counter
