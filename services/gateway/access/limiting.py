"""How much of the gateway a key or an address may take: requests, commands, bytes.

Windows are those of the library `limits`, in memory, or in a Redis that all instances share. What
is left is told by the headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-
headers), and what is refused is 429 with `Retry-After`.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mazemesh.errors import MazemeshError, ResourceExhausted
from services._harness.access.pace.limiting import storage_at
from services.gateway.access.logins import SAFE_METHODS
from services.gateway.access.visitor import Visitor
from services.gateway.metrics import GatewayMetrics
from services.gateway.rest.problems import ContentTooLarge, TooSlow, response_of
from services.gateway.settings import GatewaySettings

_ASK_SECONDS: Final = 0.5
_BODY_SECONDS: Final = 30.0
"""Longest silence while a body is sent."""

_LARGE: Final = ("/v2/",)
"""Paths under which bodies may be as large as a gRPC message of Model's; elsewhere 1 MiB."""

_SMALL_BYTES: Final = 1024 * 1024

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    """One limit.

    Attributes:
        name: In headers, metrics and messages: "key", "address", "stranger" or "commands".
        item: How many, of what time.
    """

    name: str
    item: RateLimitItem


class Limited:
    """ASGI middleware behind `Arriving`, which says whose a request is."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings, metrics: GatewayMetrics) -> None:
        self._app, self._metrics, self._settings = app, metrics, settings
        self._shared = FixedWindowRateLimiter(storage_at(settings.redis_url))
        self._own = FixedWindowRateLimiter(storage_at(None))
        self._strategy = self._shared
        self._key = Window("key", RateLimitItemPerSecond(settings.requests_per_second))
        self._address = Window(
            "address", RateLimitItemPerSecond(settings.requests_per_second_address)
        )
        self._stranger = Window(
            "stranger", RateLimitItemPerSecond(settings.stranger_requests_per_second)
        )
        self._commands = Window("commands", RateLimitItemPerMinute(settings.commands_per_minute))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            headers = await self._take(scope)
            if scope["type"] == "http":
                self._check_size(scope)
        except MazemeshError as error:
            await self._refuse(error, scope, receive, send)
            return
        body = _Body(self._most(scope), receive)

        async def send_with_headers(message: Message) -> None:
            if body.refused is not None:  # whatever the route made of a body that was cut off
                return
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        http = scope["type"] == "http"
        try:
            await self._app(scope, body.receive if http else receive, send_with_headers)
        except ClientDisconnect:
            if body.refused is None:
                raise
        if body.refused is not None:
            self._metrics.limited("size")
            await response_of(body.refused)(scope, receive, send)

    async def _take(self, scope: Scope) -> dict[str, str]:
        """Takes one request; the headers that say what is left.

        Raises:
            ResourceExhausted: nothing is.
        """
        visitor: Visitor = scope["state"]["visitor"]
        told: dict[str, str] = {}
        for window, who in self._windows(scope, visitor):
            if not await self._hit(window.item, who):
                reset, _ = await self._left(window.item, who)
                self._metrics.limited(window.name)
                item = window.item
                raise ResourceExhausted(
                    f"more than {item.amount} requests within {item.get_expiry()} s by this "
                    f"{'key' if visitor.role else 'address'} ({window.name}); ask less often",
                    retry_after=reset,
                )
            if not told:
                reset, left = await self._left(window.item, who)
                quota = f'"{window.name}";q={window.item.amount};w={window.item.get_expiry()}'
                told = {
                    "ratelimit-policy": quota,
                    "ratelimit": f'"{window.name}";r={left};t={max(1, round(reset))}',
                }
        return told

    def _windows(self, scope: Scope, visitor: Visitor) -> list[tuple[Window, str]]:
        at = f"address:{visitor.address}"
        asks_for_keys = self._settings.asks_for_keys
        if visitor.role is None and asks_for_keys:
            found = [(self._stranger, at)]
        elif visitor.role is None:
            found = [(self._address, at)]
        else:
            found = [(self._key, f"key:{visitor.id}"), (self._address, at)]
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            who = at if visitor.role is None else f"key:{visitor.id}"
            if not scope["path"].startswith(_LARGE):  # asking a policy commands nothing
                found.append((self._commands, who))
        return found

    async def _hit(self, item: RateLimitItem, who: str) -> bool:
        if self._strategy is self._shared:
            try:
                async with asyncio.timeout(_ASK_SECONDS):
                    return await self._shared.hit(item, "gateway", who)
            except (StorageError, OSError, TimeoutError) as error:
                _log.warning("limits are this instance's own for now", reason=str(error))
                self._strategy = self._own
                asyncio.get_running_loop().call_later(10.0, self._share_again)
        return await self._own.hit(item, "gateway", who)

    def _share_again(self) -> None:
        self._strategy = self._shared

    async def _left(self, item: RateLimitItem, who: str) -> tuple[float, int]:
        """Seconds to the next window, and requests that are left of this one."""
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                stats = await self._strategy.get_window_stats(item, "gateway", who)
        except (StorageError, OSError, TimeoutError):
            return 1.0, 0
        return max(0.1, stats.reset_time - time.time()), max(0, stats.remaining)

    def _most(self, scope: Scope) -> int:
        large = scope["path"].startswith(_LARGE)
        return self._settings.max_request_bytes if large else _SMALL_BYTES

    def _check_size(self, scope: Scope) -> None:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._most(scope):
                self._metrics.limited("size")
                raise _too_large(self._most(scope))

    async def _refuse(
        self, error: MazemeshError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013, "reason": str(error)[:120]})
            return
        await response_of(error)(scope, receive, send)


class _Body:
    """The body of one request, which may not say how long it is."""

    def __init__(self, most: int, receive: Receive) -> None:
        self._most, self._receive = most, receive
        self._received = 0
        self._ended = False
        self.refused: MazemeshError | None = None

    async def receive(self) -> Message:
        """See ASGI; what is too large, or does not come, is cut off."""
        if self._ended:  # what follows is the end of the connection
            return await self._receive()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                message = await self._receive()
        except TimeoutError:
            self.refused = TooSlow(f"body: nothing of it came for {_BODY_SECONDS:g} s")
            return {"type": "http.disconnect"}
        self._received += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._received > self._most:
            self.refused = _too_large(self._most)
            return {"type": "http.disconnect"}
        return message


def _too_large(most: int) -> ContentTooLarge:
    return ContentTooLarge(f"body: it is larger than {most} bytes, which is the most here")
