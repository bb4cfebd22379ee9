"""Prometheus metrics of the calls of one server."""

from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

# Half a millisecond (a small unary call) to a minute (a long poll); long streams fall into +Inf.
_LATENCY_BUCKETS: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 60.0),
)


class MethodMetrics:
    """The metrics of one RPC method, looked up once, so that a call costs a few microseconds."""

    def __init__(self, handled: Counter, latency: Histogram, in_flight: Gauge, method: str) -> None:
        service, _, name = method.removeprefix("/").partition("/")
        self._handled = cache(lambda code: handled.labels(service, name, code))
        self.latency = latency.labels(service, name)
        self.in_flight = in_flight.labels(service, name)

    def handled(self, code: str) -> None:
        """Counts one finished call with its status code, e.g. `OK`."""
        self._handled(code).inc()


class CallMetrics:
    """Counts and times a server's calls, under the names that go-grpc-middleware made customary."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("grpc_service", "grpc_method")
        self._handled = Counter(
            "grpc_server_handled",
            "Calls that ended, by status code.",
            (*labels, "grpc_code"),
            registry=registry,
        )
        self._latency = Histogram(
            "grpc_server_handling_seconds",
            "Time from the start of a call to its end; for a stream, its whole life.",
            labels,
            registry=registry,
            buckets=_LATENCY_BUCKETS,
        )
        self._in_flight = Gauge(
            "grpc_server_in_flight", "Calls being handled now.", labels, registry=registry
        )

    def method(self, method: str) -> MethodMetrics:
        """The metrics of `method`, written as on the wire: `/package.Service/Name`."""
        return MethodMetrics(self._handled, self._latency, self._in_flight, method)


def create_registry() -> CollectorRegistry:
    """A registry of its own for each server, so that one process can hold several."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry
