"""ETags of what is read: who has it already is answered by 304 and nothing more."""

from __future__ import annotations

import hashlib
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MOST_BYTES: Final = 4 * 1024 * 1024
_KINDS: Final = ("application/json", "text/html", "text/csv")


class Conditional:
    """ASGI middleware: gives answers to GET a weak ETag of their content, and compares it.

    An ETag that a route gives stays, and is compared likewise. Answers that come in pieces, as
    files, are passed on as they come.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        await self._app(scope, receive, _Answer(known, send).send)


class _Answer:
    """One answer, whose start is held back until its only piece is there."""

    def __init__(self, known: str, send: Send) -> None:
        self._known, self._send = known, send
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            self._start = message
            return
        start, self._start = self._start, None
        if start is None:
            await self._send(message)
            return
        body = message.get("body", b"")
        headers = MutableHeaders(scope=start)
        whole = not message.get("more_body", False) and len(body) <= _MOST_BYTES
        if whole and headers.get("content-type", "").startswith(_KINDS):
            tag = hashlib.blake2b(body, digest_size=12).hexdigest()
            headers.setdefault("etag", f'W/"{tag}"')
            headers.setdefault("cache-control", "no-cache")
        if whole and "etag" in headers and _fits(headers["etag"], self._known):
            start["status"] = 304
            for name in ("content-length", "content-type"):
                if name in headers:
                    del headers[name]
            message = {"type": "http.response.body", "body": b""}
        await self._send(start)
        await self._send(message)


def _fits(tag: str, known: str) -> bool:
    if not known:
        return False
    tags = [one.strip().removeprefix("W/") for one in known.split(",")]
    return "*" in tags or tag.removeprefix("W/") in tags
