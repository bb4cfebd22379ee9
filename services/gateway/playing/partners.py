"""The policies that sit opposite people, as many as one gateway plays."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from mazemesh.errors import ResourceExhausted


class Partners:
    """Tasks that outlive the socket for which they were begun: who comes back finds them there.

    Args:
        most: At one time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()
        self._expected = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def check(self, count: int) -> None:
        """Whether so many more may sit down.

        Raises:
            ResourceExhausted: there are too many.
        """
        taken = len(self._tasks) + self._expected
        if taken + count > self._most:
            raise ResourceExhausted(
                f"{taken} policies play people here, the limit of this gateway; bots "
                "are played by Game itself, so choose one, or try again soon",
                retry_after=10.0,
            )

    @contextmanager
    def expect(self, count: int) -> Iterator[None]:
        """Keeps so many places while their game is made.

        Raises:
            ResourceExhausted: there are too many.
        """
        self.check(count)
        self._expected += count
        try:
            yield
        finally:
            self._expected -= count

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Has one play; cancelling the task has it leave."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """All leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
