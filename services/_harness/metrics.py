"""Prometheus metrics of the calls of one server."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

# Half a millisecond (a small unary call) to a minute (a long poll); long streams fall into +Inf.
_LATENCY_BUCKETS: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 60.0),
)
_BUCKET_NAMES: Final = (*map(str, _LATENCY_BUCKETS), "+Inf")
_LABELS: Final = ("grpc_service", "grpc_method")


class MethodMetrics:
    """The calls of one RPC method, in plain numbers: a server's calls run on one event loop.

    That costs a call less than a microsecond; Prometheus' own counters take a lock each time.
    """

    def __init__(self, method: str) -> None:
        service, _, name = method.removeprefix("/").partition("/")
        self.labels = (service, name)
        self.in_flight = 0
        self.handled: dict[str, int] = {}
        """Calls that ended, by the name of their status code."""
        self.buckets = [0] * len(_BUCKET_NAMES)
        self.seconds = 0.0

    def ended(self, seconds: float, code: str) -> None:
        """Counts a call that took `seconds` and ended with a status code, e.g. `OK`."""
        self.buckets[bisect_left(_LATENCY_BUCKETS, seconds)] += 1
        self.seconds += seconds
        self.handled[code] = self.handled.get(code, 0) + 1


class CallMetrics(Collector):
    """Counts and times a server's calls, under the names that go-grpc-middleware made customary."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._methods: dict[str, MethodMetrics] = {}
        registry.register(self)

    def method(self, method: str) -> MethodMetrics:
        """The metrics of `method`, written as on the wire: `/package.Service/Name`."""
        return self._methods.setdefault(method, MethodMetrics(method))

    def collect(self) -> Iterable[Metric]:
        """What was counted so far."""
        handled = CounterMetricFamily(
            "grpc_server_handled",
            "Calls that ended, by service, method and status code (OK, UNAVAILABLE, ...).",
            labels=(*_LABELS, "grpc_code"),
        )
        latency = HistogramMetricFamily(
            "grpc_server_handling_seconds",
            "Time from the start of a call to its end; for a stream, its whole life.",
            labels=_LABELS,
        )
        in_flight = GaugeMetricFamily(
            "grpc_server_in_flight", "Calls and streams that are open now.", labels=_LABELS
        )
        # The scrape runs in a thread of its own while calls go on, hence the copies.
        for method in list(self._methods.values()):
            for code, count in list(method.handled.items()):
                handled.add_metric((*method.labels, code), count)
            counts = accumulate(list(method.buckets))
            buckets = list(zip(_BUCKET_NAMES, counts, strict=True))
            latency.add_metric(method.labels, buckets, method.seconds)
            in_flight.add_metric(method.labels, method.in_flight)
        yield from (handled, latency, in_flight)
