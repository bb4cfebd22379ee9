"""Long work on the event loop in small pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")

_PIECE_SECONDS = 0.005


async def paced(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, with a turn for everybody else whenever some milliseconds have passed."""
    began = perf_counter()
    for item in items:
        yield item
        if perf_counter() - began > _PIECE_SECONDS:
            await asyncio.sleep(0)
            began = perf_counter()
