"""Changes that are in memory at once, and durable with the next flush."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Unsaved(Generic[K, V]):
    """Rows that changed and ids beside them, saved in one transaction; on one event loop.

    Attributes:
        rows: The newest state of each row.
        ids: Ids in their order, each once.
    """

    def __init__(self) -> None:
        self.rows: dict[K, V] = {}
        self.ids: dict[str, None] = {}
        self._saving = asyncio.Lock()

    async def flush(self, save: Callable[[dict[K, V], list[str]], Awaitable[None]]) -> None:
        """Saves all of it, if there is any; what is not saved waits for the next flush."""
        async with self._saving:
            rows, self.rows = self.rows, {}
            ids, self.ids = self.ids, {}
            if not (rows or ids):
                return
            try:
                await save(rows, list(ids))
            except BaseException:
                self.rows = {**rows, **self.rows}
                self.ids = {**ids, **self.ids}
                raise
