"""The way in for WebSockets: from no other site, and counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import Depends, WebSocket
from starlette.exceptions import WebSocketException

from mazemesh.errors import MazemeshError, ResourceExhausted
from services.gateway.access.origins import check_origin
from services.gateway.access.visitor import VisitorDep
from services.gateway.context import GatewayDep

_POLICY, _LATER = 1008, 1013

_LONGEST_REASON: Final = 123
"""Bytes of why a socket is closed (RFC 6455, 5.5)."""


async def _entered(
    socket: WebSocket, gateway: GatewayDep, visitor: VisitorDep
) -> AsyncIterator[WebSocket]:
    # Accepted before it is refused: of others, browsers tell their pages nothing.
    await socket.accept()
    try:
        check_origin(socket, gateway.settings)
        place = gateway.sockets.enter(visitor.counted_as)
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
