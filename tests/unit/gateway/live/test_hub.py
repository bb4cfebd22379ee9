"""Feeds: opened by the first who looks, told to all, asked again when they fail, closed after."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mazemesh.errors import NotFound, ResourceExhausted, Unavailable
from services.gateway.live.hub import Hub
from services.gateway.live.mailbox import Mailbox
from services.gateway.live.news import News


class Weather:
    """A source written by hand: what is said is told, until it fails or ends."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[News | Exception | None] = asyncio.Queue()
        self.opened = self.open = 0
        self.closed = asyncio.Event()

    async def __call__(self, name: str) -> AsyncIterator[News]:
        self.opened += 1
        self.open += 1
        try:
            yield News("hello", name)
            while (news := await self.said.get()) is not None:
                if isinstance(news, Exception):
                    raise news
                yield news
        finally:
            self.open -= 1
            self.closed.set()

    def say(self, *all_of_it: News | Exception | None) -> None:
        for one in all_of_it:
            self.said.put_nowait(one)


class Viewer(Mailbox):
    """A mailbox, and what was read out of it."""

    def __init__(self) -> None:
        super().__init__()
        self._read: list[dict[str, Any]] = []

    async def told(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while True:
                for one in self._read:
                    if one["type"] == kind:
                        self._read.remove(one)
                        return one
                await self.wait()
                self._read += json.loads(self.take() or "[]")


@pytest.fixture
def weather() -> Weather:
    return Weather()


@pytest.fixture
def hub(weather: Weather) -> Hub:
    return Hub({"weather": weather}, 2, linger=0.0)


async def test_one_watch_serves_all(hub: Hub, weather: Weather) -> None:
    one, other = Viewer(), Viewer()
    hub.follow("weather/here", one)
    weather.say(News("rain", 1, "a"), News("rain", 2, "a"), News("point", 3, progress=True))
    assert (await one.told("hello"))["data"] == "here"
    await one.told("point")
    hub.follow("weather/here", other)
    # Who comes later: how things stand, once.
    found = {one["type"]: one for one in json.loads(other.take())}
    assert (found["rain"]["data"], found["rain"]["seq"], found["point"]["data"]) == (2, 3, 3)
    assert weather.opened == 1
    await hub.close()


async def test_it_closes_after_the_last(hub: Hub, weather: Weather) -> None:
    one, other = Viewer(), Viewer()
    for mailbox in (one, other):
        hub.follow("weather/here", mailbox)
    await one.told("hello")
    hub.leave("weather/here", one)
    assert weather.open == 1
    hub.leave("weather/here", other)
    await weather.closed.wait()
    assert (hub.feeds, weather.open) == (0, 0)


async def test_who_comes_back_at_once_finds_it_open(weather: Weather) -> None:
    hub, mailbox = Hub({"weather": weather}, 2, linger=60.0), Viewer()
    hub.follow("weather/here", mailbox)
    await mailbox.told("hello")
    hub.leave("weather/here", mailbox)
    hub.follow("weather/here", mailbox)
    await mailbox.told("hello")
    assert weather.opened == 1
    await hub.close()


async def test_a_service_that_is_away_is_told_and_asked_again(hub: Hub, weather: Weather) -> None:
    mailbox = Viewer()
    hub.follow("weather/here", mailbox)
    await mailbox.told("hello")
    weather.say(Unavailable("it rains in"))
    assert (await mailbox.told("stale"))["data"]["reason"] == "it rains in"
    await mailbox.told("hello")
    assert weather.opened == 2
    later = Viewer()
    hub.follow("weather/here", later)
    assert "stale" not in {one["type"] for one in json.loads(later.take())}
    await hub.close()


async def test_an_end_is_told(hub: Hub, weather: Weather) -> None:
    mailbox = Viewer()
    hub.follow("weather/here", mailbox)
    weather.say(NotFound("no such place"))
    assert (await mailbox.told("over"))["data"]["reason"] == "no such place"
    hub.follow("weather/there", mailbox)
    weather.say(None)
    assert (await mailbox.told("over"))["topic"] == "weather/there"
    await hub.close()


async def test_topics_are_bounded(hub: Hub) -> None:
    mailbox = Viewer()
    hub.follow("weather/1", mailbox)
    hub.follow("weather/2", mailbox)
    with pytest.raises(ResourceExhausted, match="2 topics"):
        hub.follow("weather/3", mailbox)
    with pytest.raises(NotFound, match="topic"):
        hub.follow("sports/1", mailbox)
    await hub.close()


async def test_what_nobody_foresaw_is_told_too(hub: Hub, weather: Weather) -> None:
    mailbox = Viewer()
    hub.follow("weather/here", mailbox)
    weather.say(ValueError("frogs"))
    assert "frogs" not in (await mailbox.told("over"))["data"]["reason"]
    await hub.close()
