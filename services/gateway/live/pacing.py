"""Frames at a pace that people can follow, whatever the pace of the game."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any, Final

from services.gateway.live.news import News

PACE_SECONDS: Final = 0.1
"""Between two moves of a board."""

_MOST_FRAMES: Final = 8192


async def paced(news: AsyncIterator[News], seconds: float = PACE_SECONDS) -> AsyncIterator[News]:
    """The same news, with at least so many seconds between two frames.

    A move of a game that is played slower is passed on at once. Of one that is played faster each
    episode is shown to its end, and then the newest that has begun; those between are passed over.
    What went wrong is raised where it happened, after the frames before it.
    """
    waiting: deque[News] = deque(maxlen=_MOST_FRAMES)
    came = asyncio.Event()

    async def read() -> None:
        source: Any = news
        async with aclosing(source) as each:
            async for one in each:
                if one.kind == "episode":
                    _skip(waiting)
                waiting.append(one)
                came.set()

    reading = asyncio.create_task(read())
    reading.add_done_callback(lambda _: came.set())
    loop = asyncio.get_running_loop()
    due = loop.time()
    try:
        while True:
            while not waiting and not reading.done():
                came.clear()
                await came.wait()
            if not waiting:
                reading.result()
                return
            one = waiting.popleft()
            if one.kind == "frame":
                await asyncio.sleep(max(0.0, due - loop.time()))
                due = loop.time() + seconds
            yield one
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await reading


def _skip(waiting: deque[News]) -> None:
    """Takes whole episodes out that have neither begun to be shown nor are the newest."""
    beginnings = [place for place, one in enumerate(waiting) if one.kind == "episode"]
    if beginnings:
        for _ in range(len(waiting) - beginnings[0]):
            waiting.pop()
