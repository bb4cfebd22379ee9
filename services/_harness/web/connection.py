"""uvicorn's connections, with bounds that they do not have, and a quick end."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

MOST_HEAD_BYTES: Final = 64 * 1024
"""Of a request's line and headers, together."""

HEAD_SECONDS: Final = 20.0
"""For a request's line and headers, from the connection or from their first byte."""

STALLED_SECONDS: Final = 60.0
"""For which somebody may take nothing of an answer in before the connection is cut."""

LINGER_SECONDS: Final = 15.0
"""For which a WebSocket that is over may take to close: longer than the closing handshake may."""

END_SECONDS: Final = 1.0
"""The same where the server ends."""


class State(ServerState):
    """What the connections of one server share.

    Attributes:
        ending: Whether the server ends: connections that are still coming are not taken.
    """

    ending = False


class Connection(HttpToolsProtocol):
    """HTTP: each request's head is bounded in bytes and in time, and so is who does not read."""

    server_state: State
    _head: int | None = 0
    """Bytes that came of a head that is not whole; None while a body comes."""
    _late: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        if self.server_state.ending:
            transport.close()
            return
        self._hurry()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._came()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._head is not None:
            self._hurry()
        super().data_received(data)
        if self._head is None or self.transport.is_closing():
            return
        self._head += len(data)
        if self._head > MOST_HEAD_BYTES:
            self.send_400_response(f"The headers are more than {MOST_HEAD_BYTES} bytes.")

    def send_400_response(self, msg: str) -> None:
        """See `HttpToolsProtocol`: what is no HTTP is told by a problem, too (RFC 9457)."""
        problem = {"title": "the request is malformed", "status": 400, "detail": msg, "error": msg}
        content = json.dumps(problem).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()

    def on_headers_complete(self) -> None:
        """See `httptools`."""
        self._head = None
        self._came()
        super().on_headers_complete()
        if self.server_state.ending and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """See `httptools`."""
        super().on_message_complete()
        self._head = 0

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._taken()
        super().resume_writing()

    def handle_websocket_upgrade(self) -> None:
        """See `HttpToolsProtocol`."""
        if self.server_state.ending:
            self.transport.close()
        else:
            super().handle_websocket_upgrade()

    def _hurry(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _came(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _taken(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket: when it is over it is cut, though its other end takes nothing in."""

    _cut: asyncio.TimerHandle | None = None

    async def run_asgi(self) -> None:
        """See `WebSocketsSansIOProtocol`."""
        await super().run_asgi()
        if not self.disconnected:
            self._cut_after(LINGER_SECONDS)

    def shutdown(self) -> None:
        """See `WebSocketsSansIOProtocol`."""
        super().shutdown()
        self._cut_after(END_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)

    def _cut_after(self, seconds: float) -> None:
        """To close is to send first what waits, for which a stalled end would hold us for ever."""
        if self._cut is None:
            self._cut = self.loop.call_later(seconds, self.transport.abort)
