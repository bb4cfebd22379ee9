"""A gateway that stops waits for calls in flight, and for nobody who only waits."""

from __future__ import annotations

import asyncio
import json
import socket

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from services._harness.web.server import WebServer
from services.gateway.bind import bind
from services.gateway.context import Gateway
from services.gateway.settings import GatewaySettings
from tests.servers.gateway.test_live import tab
from tests.servers.gateway.test_rest import ok, problem
from tests.servers.gateway.test_stalled import flood
from tests.servers.gateway.world import SECONDS, Services
from tests.servers.running import RunningService, eventually


class Flooding:
    """A gateway in whose topic `tables/flood` more is told than anybody reads."""

    gateway: Gateway

    def __init__(self, world: Services) -> None:
        at = world.addresses
        settings = GatewaySettings(
            port=0,
            data_dir=world.folder,
            game_address=at.game,
            matchmaker_address=at.matchmaker,
            elo_address=at.elo,
            jobs_at_once=0,
            drain_seconds=600.0,  # of which none is to pass
        )
        self.service = RunningService(settings, self._bind, WebServer)
        self.url = f"http://{self.service.address}"
        self.place = ("127.0.0.1", int(self.url.rpartition(":")[2]))

    async def _bind(self, settings: GatewaySettings, server: WebServer) -> None:
        await bind(settings, server)
        self.gateway = server.app.state.gateway
        self.gateway.hub.sources["tables"] = flood


async def test_nobody_who_waits_holds_it(world: Services) -> None:
    of = await asyncio.to_thread(Flooding, world)
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect(of.place)
    narrow.setblocking(False)
    idle = {"max_queue": 1, "ping_interval": None, "close_timeout": 0.1}
    where = of.url.replace("http", "ws", 1) + "/ws/live"
    with socket.create_connection(of.place) as half:
        half.sendall(b"GET /ladders HTTP/1.1\r\nHost: local")
        async with (
            httpx.AsyncClient(base_url=of.url, timeout=SECONDS) as http,
            tab(of.url) as page,
            connect(where, sock=narrow, open_timeout=SECONDS, **idle) as stalled,
        ):
            await page.follow("leaderboards/race")
            await page.until("leaderboard")
            await stalled.send(json.dumps({"type": "subscribe", "topic": "tables/flood"}))
            await stalled.recv()
            search = {"player": "player/zoe", "game": "race", "max_wait": 60.0}
            gate = {"candidate": "race:2", "baseline": "race:1"}
            waits = [
                asyncio.create_task(http.post("/matches/find", json=search)),
                asyncio.create_task(http.post("/gates", json=gate, headers={"prefer": "wait=60"})),
            ]
            await asyncio.to_thread(eventually, lambda: len(of.gateway.waiting) == 2, SECONDS)
            await asyncio.to_thread(of.service.close)
            found, run = await asyncio.gather(*waits)
            assert problem(found, 503)["detail"] == "the gateway stops; ask again"
            assert ok(run, 201)["gate"]["gate_id"]
            with pytest.raises(ConnectionClosed) as closed:
                await page.until("nothing that is told")
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
