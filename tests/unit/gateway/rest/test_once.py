"""Commands with one key: one at a time, and one answer for all once there is a good one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.gateway.access.visitor import Visitor
from services.gateway.rest import once
from services.gateway.rest.once import Once


class Service:
    """Answers with what is next, when it is let."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.asked = self.at_once = self.most_at_once = 0
        self.let = asyncio.Semaphore(0)
        self.size = 1

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.let.acquire()
        self.at_once -= 1
        status = self._statuses.pop(0)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * self.size})


async def ask(app: Once, key: str = "k") -> int:
    told: list[Any] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/gates",
        "headers": [(b"idempotency-key", key.encode())],
        "state": {"visitor": Visitor(address="here")},
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None:
        told.append(message)

    await app(scope, receive, send)
    status: int = told[0]["status"]
    return status


async def test_who_waits_for_one_that_fails_asks_one_after_the_other() -> None:
    service = Service(503, 200)
    app = Once(service, clock=lambda: 0.0)
    asking = [asyncio.create_task(ask(app)) for _ in range(4)]
    service.let.release()
    service.let.release()
    assert sorted(await asyncio.gather(*asking)) == [200, 200, 200, 503]
    assert (service.asked, service.most_at_once) == (2, 1)


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "_MOST_BYTES_OF_ALL", 250)
    service = Service(200, 201, 202, 203)
    service.size = 100
    app = Once(service, clock=lambda: 0.0)
    for _ in range(4):
        service.let.release()
    assert [await ask(app, key) for key in "abc"] == [200, 201, 202]
    assert await ask(app, "c") == 202
    assert await ask(app, "a") == 203  # forgotten
