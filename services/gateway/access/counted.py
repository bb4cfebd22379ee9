"""How many WebSockets are open: in all, and of each key or address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from mazemesh.errors import ResourceExhausted
from services.gateway.metrics import GatewayMetrics


class Sockets:
    """Counts sockets.

    Args:
        most: In all.
        of_one: Of one key, or of one address where there is none.
        metrics: Where they are told.
    """

    def __init__(self, most: int, of_one: int, metrics: GatewayMetrics) -> None:
        self._most, self._of_one = most, of_one
        self.metrics = metrics
        self._open: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """How many there are."""
        return self._open.total()

    def enter(self, who: str) -> AbstractContextManager[None]:
        """Counts one of a key, or of an address, as long as the context lasts.

        Raises:
            ResourceExhausted: there are too many.
        """
        if self.open >= self._most:
            self.metrics.dropped("full")
            raise ResourceExhausted(
                f"{self._most} sockets are open here, which is the most; come back in a while",
                retry_after=5.0,
            )
        if self._open[who] >= self._of_one:
            self.metrics.dropped("too many of one")
            raise ResourceExhausted(
                f"{self._of_one} sockets are open of yours, which is the most; close some pages",
                retry_after=5.0,
            )
        self._open[who] += 1
        return self._held(who)

    @contextmanager
    def _held(self, who: str) -> Iterator[None]:
        self.metrics.sockets.set(self.open)
        try:
            yield
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]
            self.metrics.sockets.set(self.open)
