"""The way in for WebSockets, and how many are open: in all, and of each key or address."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated, Final

from fastapi import Depends, WebSocket
from starlette.exceptions import WebSocketException

from mazemesh.errors import MazemeshError, ResourceExhausted
from services.gateway.access.origins import check_origin
from services.gateway.access.visitor import Visitor, VisitorDep
from services.gateway.context import GatewayDep
from services.gateway.metrics import GatewayMetrics

_POLICY, _LATER = 1008, 1013

_LONGEST_REASON: Final = 123
"""Bytes of why a socket is closed (RFC 6455, 5.5)."""


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

    def enter(self, visitor: Visitor) -> AbstractContextManager[None]:
        """Counts one as long as the context lasts.

        Raises:
            ResourceExhausted: there are too many.
        """
        who = visitor.id if visitor.role is not None else visitor.address
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


async def _entered(
    socket: WebSocket, gateway: GatewayDep, visitor: VisitorDep
) -> AsyncIterator[WebSocket]:
    # Accepted before it is refused: of others, browsers tell their pages nothing.
    await socket.accept()
    try:
        check_origin(socket, gateway.settings)
        place = gateway.sockets.enter(visitor)
    except MazemeshError as error:
        raise refusal(error) from error
    with place:
        yield socket


SocketDep = Annotated[WebSocket, Depends(_entered)]
"""A socket that is open, as a parameter of its route: from no other site, and counted."""


def refusal(error: MazemeshError) -> WebSocketException:
    """What closes a socket that is open for an error; its page is told why."""
    code = _LATER if isinstance(error, ResourceExhausted) else _POLICY
    reason = str(error).encode(errors="replace")[:_LONGEST_REASON].decode(errors="ignore")
    return WebSocketException(code, reason)
