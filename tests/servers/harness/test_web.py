"""Connections of a service that speaks HTTP: what they may send, how long, and how they end."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from services._harness import ServiceSettings
from services._harness.web import connection
from services._harness.web.server import WebServer
from tests.servers.running import RunningService, eventually

SECONDS = 60.0
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


class Settings(ServiceSettings):
    component: ClassVar[str] = "webtest"

    port: int = 0


async def endless(scope: Any, receive: Any, send: Any) -> None:
    """Answers "/" by a word, and others by more than anybody reads."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/":
        await send({"type": "http.response.body", "body": b"hello"})
        return
    leaving = asyncio.create_task(receive())
    while not leaving.done():
        await send(body(b"x" * 65536))
        await asyncio.sleep(0)  # for the next turn of the loop, in which it may have left


def body(content: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": True}


@contextmanager
def served(app: Any) -> Iterator[tuple[tuple[str, int], WebServer]]:
    kept: list[WebServer] = []

    async def bind(_settings: Settings, server: WebServer) -> None:
        server.app = app
        kept.append(server)

    service = RunningService(Settings(port=0), bind, WebServer)
    try:
        yield ("127.0.0.1", int(service.address.rpartition(":")[2])), kept[0]
    finally:
        service.close()


def all_of(line: socket.socket) -> bytes:
    """What comes until the other end closes."""
    parts = []
    while part := line.recv(65536):
        parts.append(part)
    return b"".join(parts)


def test_headers_are_bounded() -> None:
    with served(endless) as (place, _):
        for odd in (b"X-Odd: " + b"x" * 200_000, b"X-Odd: x\r\n" * 20_000):
            with socket.create_connection(place, SECONDS) as line:
                line.sendall(REQUEST + odd)
                told = line.recv(65536)
                assert told.startswith(b"HTTP/1.1 400 ")
                assert b"content-type: application/problem+json\r\n" in told
                assert json.loads(told.rpartition(b"\r\n\r\n")[2])["status"] == 400
        # Many requests of a connection are no large one.
        with socket.create_connection(place, SECONDS) as line:
            for _ in range(20):
                line.sendall(REQUEST + b"X-Long: " + b"x" * 10_000 + b"\r\n\r\n")
                told = b""
                while not told.endswith(b"\r\n0\r\n\r\n"):
                    told += line.recv(65536)
                assert told.startswith(b"HTTP/1.1 200 ")


def test_headers_that_do_not_come_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    with served(endless) as (place, _):
        for begun in (b"", b"GET / HT", REQUEST):
            with socket.create_connection(place, SECONDS) as line:
                line.sendall(begun)
                assert all_of(line) == b""
        with socket.create_connection(place, SECONDS) as line:
            line.sendall(REQUEST + b"\r\n")
            assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
            line.sendall(b"GET ")
            all_of(line)


def test_who_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STALLED_SECONDS", 0.1)
    with served(endless) as (place, server), socket.create_connection(place, SECONDS) as line:
        line.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert line.recv(100)
        eventually(lambda: not server._web.server_state.connections, SECONDS)


def test_what_comes_while_it_ends_is_not_taken() -> None:
    with served(endless) as (place, server):
        server._web.server_state.ending = True
        with socket.create_connection(place, SECONDS) as line:
            assert all_of(line) == b""
