"""A hundred sockets, one of which takes nothing in: it is dropped, the others notice nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from services._harness.web.server import WebServer
from services.gateway.bind import bind
from services.gateway.live.news import News
from services.gateway.settings import GatewaySettings
from tests.servers.gateway.test_live import Tab, tab
from tests.servers.gateway.world import SECONDS, Services
from tests.servers.running import RunningService

VIEWERS = 99
_PACE = 0.1  # as of a game that people play
LARGE = "x" * 200_000
"""Of which a few fill all buffers on the way to who does not read."""


async def flood(_name: str) -> AsyncIterator[News]:
    number = 0
    while True:
        number += 1
        small = {"number": number}
        yield News("frame", small)
        yield News("picture", LARGE)
        await asyncio.sleep(_PACE)


async def dribble(_name: str) -> AsyncIterator[News]:
    async for news in flood(_name):
        if news.kind == "frame":
            yield news


@pytest.fixture
def flooded(world: Services) -> Iterator[tuple[str, RunningService[GatewaySettings]]]:
    async def bind_flooding(settings: GatewaySettings, server: WebServer) -> None:
        await bind(settings, server)
        # Topics of their own names would be in no table of roles.
        server.app.state.gateway.hub.sources.update(games=flood, gates=dribble)

    at = world.addresses
    settings = GatewaySettings(
        port=0,
        data_dir=world.folder,
        model_address=at.model,
        socket_send_seconds=0.3,
    )
    service = RunningService(settings, bind_flooding, WebServer)
    try:
        yield f"http://{service.address}", service
    finally:
        service.close()


async def test_one_stalls_and_the_others_do_not(
    flooded: tuple[str, RunningService[GatewaySettings]],
) -> None:
    url, service = flooded
    async with AsyncExitStack() as tabs:
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.connect(("127.0.0.1", int(url.rpartition(":")[2])))
        narrow.setblocking(False)
        idle = {"max_queue": 1, "ping_interval": None, "close_timeout": 0.1}
        stalled = await tabs.enter_async_context(tab(url, sock=narrow, **idle))
        await stalled.follow("games/flood")
        opened = (tabs.enter_async_context(tab(url)) for _ in range(VIEWERS))
        viewers = await asyncio.gather(*opened)
        await asyncio.gather(*(viewer.follow("gates/dribble") for viewer in viewers))
        # All go on and on, past the moment when the stalled one is dropped.
        await _until_dropped(service, viewers)
        await asyncio.gather(*(_advances(viewer) for viewer in viewers))
        await asyncio.gather(*(viewer.line.close() for viewer in viewers))


async def _until_dropped(service: RunningService[GatewaySettings], viewers: list[Tab]) -> None:
    async with asyncio.timeout(SECONDS):
        while not service.registry.get_sample_value(
            "mazemesh_gateway_sockets_dropped_total", {"reason": "slow"}
        ):
            await _advances(viewers[0])


async def _advances(viewer: Tab) -> None:
    first = (await viewer.until("frame"))["data"]["number"]
    viewer.told.clear()
    assert (await viewer.until("frame"))["data"]["number"] > first
