"""Blocking calls as coroutines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from mazemesh.client.aio.in_thread import all_in_thread, followed, in_thread
from mazemesh.errors import Unavailable

SECONDS = 30.0


def pages(count: int, *, fails: bool = False) -> Iterator[int]:
    yield from range(count)
    if fails:
        raise Unavailable("the service stopped")


async def test_a_call_waits_in_another_thread() -> None:
    def where(word: str, *, loud: bool = False) -> tuple[str, int]:
        return word.upper() if loud else word, threading.get_ident()

    said, thread = await in_thread(where)("aye", loud=True)
    assert said == "AYE"
    assert thread != threading.get_ident()


async def test_pages_come_whole() -> None:
    assert await all_in_thread(pages)(3) == [0, 1, 2]
    with pytest.raises(Unavailable):
        await all_in_thread(pages)(3, fails=True)


async def test_news_come_one_by_one_in_order_to_their_end() -> None:
    assert [told async for told in followed(pages)(500)] == list(range(500))


async def test_what_ends_a_stream_is_raised_after_what_came_before() -> None:
    news = followed(pages)(2, fails=True)
    assert [await anext(news), await anext(news)] == [0, 1]
    with pytest.raises(Unavailable, match="stopped"):
        await anext(news)


async def test_who_leaves_waits_for_nobody_and_the_thread_ends() -> None:
    more, left = threading.Event(), threading.Event()

    def endless() -> Iterator[int]:
        try:
            for number in range(1_000_000):
                yield number
                if number == 500:
                    more.wait(SECONDS)
        finally:
            left.set()

    news = followed(endless)()
    assert await anext(news) == 0
    await news.aclose()  # type: ignore[attr-defined]  # a generator
    more.set()
    assert await asyncio.to_thread(left.wait, SECONDS)
