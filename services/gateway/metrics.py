"""What the gateway tells Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_PREFIX: Final = "mazemesh_gateway"
_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class GatewayMetrics:
    """Metrics of requests and sockets.

    Attributes:
        sockets: WebSockets that are open.
        feeds: Topics that are watched.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            f"{_PREFIX}_requests",
            "HTTP requests that were answered, by method, route (its template) and status.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            f"{_PREFIX}_request_seconds",
            "Time from a request to the end of its answer.",
            registry=registry,
            buckets=_SECONDS,
        )
        self._limited = Counter(
            f"{_PREFIX}_limited",
            "Requests that were refused since a limit was reached, by what it limits: key, "
            "address, stranger, size.",
            ("limit",),
            registry=registry,
        )
        self.sockets = Gauge(f"{_PREFIX}_sockets", "WebSockets that are open.", registry=registry)
        self.feeds = Gauge(
            f"{_PREFIX}_feeds", "Topics that are watched for somebody.", registry=registry
        )
        self._dropped = Counter(
            f"{_PREFIX}_sockets_dropped",
            "WebSockets that were refused or closed, by reason: full, too many of one, slow.",
            ("reason",),
            registry=registry,
        )
        self._messages = Counter(
            f"{_PREFIX}_socket_messages", "Messages that sockets were sent.", registry=registry
        )
        self._characters = Counter(
            f"{_PREFIX}_socket_characters", "Characters of these messages.", registry=registry
        )
        self._replaced = Counter(
            f"{_PREFIX}_news_replaced",
            "News that a closed socket was never sent, since later ones took their place.",
            registry=registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.observe(seconds)

    def limited(self, limit: str) -> None:
        """A request was refused by a limit."""
        self._limited.labels(limit).inc()

    def dropped(self, reason: str) -> None:
        """A socket was refused or closed."""
        self._dropped.labels(reason).inc()

    def sent(self, characters: int) -> None:
        """A socket took a message."""
        self._messages.inc()
        self._characters.inc(characters)

    def replaced(self, count: int) -> None:
        """A socket is closed that was not sent so many news."""
        self._replaced.inc(count)
