"""`Idempotency-Key`: a command that is sent again happens once, and is answered as before.

Answers are remembered for a day in this instance; where a service knows the request by its id
(gates, tournaments, jobs, tickets), the key is that id, so that a restart changes nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mazemesh.errors import Conflict, InvalidArgument, MazemeshError
from services.gateway.rest.problems import response_of

HEADER: Final = "idempotency-key"
_LONGEST: Final = 128
_MOST: Final = 4096
_MOST_BYTES: Final = 256 * 1024
_MOST_BYTES_OF_ALL: Final = 64 * 1024 * 1024
_SECONDS: Final = 24 * 3600.0


@dataclass(slots=True)
class _Command:
    """One command that was sent.

    Attributes:
        content: Hash of what it asks.
        done: Set when it is answered.
        answer: The messages of the answer, once it is there and is to be kept.
        size: Bytes of its body.
    """

    content: bytes
    since: float
    size: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)
    answer: list[Message] | None = None


class Once:
    """ASGI middleware for POST; PUT and DELETE say the same when they are sent twice anyway."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float]) -> None:
        self._app, self._clock = app, clock
        self._commands: OrderedDict[tuple[str, ...], _Command] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        key = Headers(scope=scope).get(HEADER, "")
        if not key:
            await self._app(scope, receive, send)
            return
        try:
            if len(key) > _LONGEST or not (key.isascii() and key.isprintable() and " " not in key):
                raise InvalidArgument(
                    f"idempotency_key: {key[:40]!r} should be 1..{_LONGEST} visible characters"
                )
            body = await _whole(receive)
            if body is None:
                return
            await self._ask(scope, key, body, receive, send)
        except MazemeshError as error:
            await response_of(error)(scope, receive, send)

    async def _ask(self, scope: Scope, key: str, body: bytes, receive: Receive, send: Send) -> None:
        visitor: Any = scope["state"]["visitor"]
        who = visitor.counted_as
        name = (who, scope["path"], key)
        content = hashlib.sha256(scope.get("query_string", b"") + b"\0" + body).digest()
        # Of those who wait for one that failed the first does it anew, and the others wait again.
        while (known := self._commands.get(name)) and self._clock() - known.since < _SECONDS:
            if known.content != content:
                raise Conflict(
                    f"idempotency_key: {key!r} was sent with another request; take a new one"
                )
            await known.done.wait()
            if known.answer is not None:
                for message in known.answer:
                    await send(message)
                return
        self._forget(name)
        command = self._commands[name] = _Command(content, self._clock())
        await self._do(name, command, scope, _given(body, receive), send)

    async def _do(
        self,
        name: tuple[str, ...],
        command: _Command,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        answer: list[Message] = []
        size = 0

        async def send_noting(message: Message) -> None:
            nonlocal size
            size += len(message.get("body", b""))
            answer.append(message)
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            # What failed on the way may be asked again; so may what is too large to keep.
            good = bool(answer) and answer[0].get("status", 500) < 400
            if self._commands.get(name) is command:
                if good and size <= _MOST_BYTES:
                    command.answer, command.size = answer, size
                    self._bytes += size
                else:
                    self._forget(name)
            command.done.set()
            while len(self._commands) > _MOST or self._bytes > _MOST_BYTES_OF_ALL:
                self._forget(next(iter(self._commands)))

    def _forget(self, name: tuple[str, ...]) -> None:
        command = self._commands.pop(name, None)
        self._bytes -= 0 if command is None else command.size


async def _whole(receive: Receive) -> bytes | None:
    """The body; None where its sender has gone."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _given(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already, and then what comes."""
    told = False

    async def receive_again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
