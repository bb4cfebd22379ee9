"""Frames at a pace that people can follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from mazemesh.errors import NotFound, Unavailable
from services.gateway.live.news import News
from services.gateway.live.pacing import paced


async def game(
    episodes: int, steps: int, began: asyncio.Event, error: Exception | None = None
) -> AsyncIterator[News]:
    """Episodes as fast as they are read, once the first frame has been shown."""
    for episode in range(episodes):
        yield News("episode", episode)
        for step in range(steps):
            yield News("frame", (episode, step))
            if (episode, step) == (0, 0):
                await began.wait()
    if error is not None:
        raise error


async def shown(
    news: AsyncIterator[News], began: asyncio.Event, into: list[object] | None = None
) -> list[object]:
    found: list[object] = [] if into is None else into
    async for one in paced(news, seconds=0.0):
        found.append(one.data)
        if one.kind == "frame":
            began.set()
    return found


async def test_a_game_is_shown_move_by_move() -> None:
    began = asyncio.Event()
    assert await shown(game(1, 4, began), began) == [0, (0, 0), (0, 1), (0, 2), (0, 3)]


async def test_of_fast_games_one_episode_is_shown_whole_and_then_the_newest() -> None:
    began = asyncio.Event()
    found = await shown(game(9, 3, began), began)
    assert found[:4] == [0, (0, 0), (0, 1), (0, 2)]
    assert found[4:] == [8, (8, 0), (8, 1), (8, 2)]


@pytest.mark.parametrize("error", [NotFound("gone"), Unavailable("away")])
async def test_what_goes_wrong_is_raised_after_what_came_before(error: Exception) -> None:
    began = asyncio.Event()
    found: list[object] = []
    with pytest.raises(type(error)):
        await shown(game(1, 2, began, error), began, found)
    assert found == [0, (0, 0), (0, 1)]


async def test_who_turns_away_ends_the_watch() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[News]:
        try:
            while True:
                yield News("frame", 0)
                await asyncio.sleep(0)
        finally:
            closed.set()

    watching = paced(endless(), seconds=0.0)
    await anext(watching)
    await watching.aclose()  # type: ignore[attr-defined]
    assert closed.is_set()
