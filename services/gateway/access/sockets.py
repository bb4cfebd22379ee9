"""The way in for WebSockets: from no other site, counted, open while their keys are good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Final

from fastapi import Depends, WebSocket
from starlette.exceptions import WebSocketException
from starlette.websockets import WebSocketDisconnect

from mazemesh.errors import MazemeshError, ResourceExhausted, Unavailable
from services.gateway.access.origins import check_origin
from services.gateway.access.visitor import Visitor, VisitorDep
from services.gateway.context import Gateway, GatewayDep

_POLICY, _LATER = 1008, 1013

_KEY_SECONDS: Final = 1.0
"""Between two looks whether the key of a socket is still good."""

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
        watching = asyncio.create_task(_end_with_key(socket, gateway, visitor))
        try:
            yield socket
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _end_with_key(socket: WebSocket, gateway: Gateway, visitor: Visitor) -> None:
    """Closes a socket whose key was revoked or has expired: what it is told goes on for hours."""
    access = gateway.server.access
    if access is None or not visitor.key:
        return
    while True:
        await asyncio.sleep(_KEY_SECONDS)
        try:
            await access.keyring.caller(f"Bearer {visitor.key}")
        except MazemeshError as error:
            why = refusal(error)
            with suppress(RuntimeError, OSError, WebSocketDisconnect):  # it has gone by itself
                await socket.close(why.code, why.reason)
            return


SocketDep = Annotated[WebSocket, Depends(_entered)]
"""A socket that is open, as a parameter of its route: from no other site, and counted."""


def refusal(error: MazemeshError) -> WebSocketException:
    """What closes a socket that is open for an error; its page is told why."""
    code = _LATER if isinstance(error, (ResourceExhausted, Unavailable)) else _POLICY
    reason = str(error).encode(errors="replace")[:_LONGEST_REASON].decode(errors="ignore")
    return WebSocketException(code, reason)
