"""Live news over real sockets, from real services."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.servers.gateway.world import SECONDS, Services, gateway, publish, rate


class Tab:
    """A browser's tab: what it follows and what it has been told."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.told: list[dict[str, Any]] = []

    async def follow(self, topic: str) -> None:
        await self.line.send(json.dumps({"type": "subscribe", "topic": topic}))

    async def leave(self, topic: str) -> None:
        await self.line.send(json.dumps({"type": "unsubscribe", "topic": topic}))

    async def until(self, kind: str, topic: str = "") -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            while True:
                for one in self.told:
                    if one["type"] == kind and one["topic"].startswith(topic):
                        self.told.remove(one)
                        return one
                self.told += json.loads(await self.line.recv())


@asynccontextmanager
async def tab(url: str, **given: Any) -> AsyncIterator[Tab]:
    where = url.replace("http", "ws", 1) + "/ws/live"
    async with connect(where, open_timeout=SECONDS, **given) as line:
        yield Tab(line)


async def test_a_leaderboard_changes_where_it_is_looked_at(world: Services, url: str) -> None:
    async with tab(url) as one, tab(url) as other:
        await one.follow("leaderboards/race")
        first = await one.until("leaderboard")
        assert {row["player"] for row in first["data"]["players"]} >= {"race:1"}
        await other.follow("leaderboards/race")
        # Who comes later is told how things stand, out of the same watch.
        assert (await other.until("leaderboard"))["data"] == first["data"]
        await asyncio.to_thread(rate, world.mesh, matches=12)
        for each in (one, other):
            while True:
                news = await each.until("leaderboard")
                if news["data"]["matches"] == 12:
                    break


async def test_a_version_is_told_when_it_is_published(world: Services, url: str) -> None:
    async with tab(url) as one:
        await one.follow("policies/race")
        known = await one.until("policies")
        newest = max(version["version"] for version in known["data"])
        await asyncio.to_thread(publish, world.mesh)
        news = await one.until("policy")
        assert news["id"] == f"race:{newest + 1}"
        assert news["data"]["state"] == "ready"


async def test_games_are_listed(url: str) -> None:
    async with tab(url) as one:
        await one.follow("games")
        assert isinstance((await one.until("games"))["data"], list)


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("weather/today", "refused"),
        ("games/nowhere", "over"),
        ("gates/nowhere", "over"),
        ("tournaments/nowhere", "over"),
    ],
)
async def test_what_is_not_there_is_said(url: str, topic: str, kind: str) -> None:
    async with tab(url) as one:
        await one.follow(topic)
        assert (await one.until(kind))["topic"] == topic


async def test_what_is_no_message_is_said(url: str) -> None:
    async with tab(url) as one:
        for text in (
            *(
                "hello",
                "[]",
                "[" * 1024,
                '{"type":"shout","topic":"games"}',
                '{"type":"subscribe"}',
            ),
            *(
                json.dumps({"type": "subscribe", "topic": f"games/{odd}"})
                for odd in ("\ud800", "é")
            ),
        ):
            await one.line.send(text)
            assert (await one.until("refused"))["data"]["status"] == 400
        await one.line.send("x" * 2000)
        with pytest.raises(ConnectionClosed) as closed:
            await one.until("anything")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1007


async def test_another_sites_page_is_refused(url: str) -> None:
    async with tab(url, origin="https://elsewhere.example") as one:
        with pytest.raises(ConnectionClosed) as closed:
            await one.until("anything")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        assert "another site" in closed.value.rcvd.reason
    # What is said of it fits into the frame that closes a socket, whatever it is called.
    async with tab(url, origin="https://" + "é" * 100) as one:
        with pytest.raises(ConnectionClosed) as closed:
            await one.until("anything")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
    async with tab(url, origin=url) as own:
        await own.follow("games")
        await own.until("games")


async def test_sockets_of_one_address_are_bounded(world: Services) -> None:
    with gateway(world, max_sockets_per_key=2) as url:
        async with tab(url) as one, tab(url) as two, tab(url) as three:
            for each in (one, two):
                await each.follow("games")
                await each.until("games")
            with pytest.raises(ConnectionClosed) as closed:
                await three.until("anything")
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1013
