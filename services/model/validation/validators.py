"""Which process checks which file, and when.

A file that never ends costs its place `cpu_seconds`, and others are checked beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mazemesh.errors import ResourceExhausted
from services.model.validation.parity import Parity
from services.model.validation.report import Verdict
from services.model.validation.validator import Content, Limits, Validator

T = TypeVar("T")


class Validators:
    """So many processes at most, and a queue of bounded length before them.

    Memory of the service: a file is read piece by piece when its turn has come, so that what waits
    lies on the disk alone.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        processes: int,
        waiting: int,
        check: Callable[[Validator, Content, int, Parity], Verdict] = Validator.check,
    ) -> None:
        """`waiting` checks wait at most; the next is refused. `check` is called by threads."""
        self._check = check
        self._most_waiting = waiting
        self._waiting = 0
        self._free = asyncio.Semaphore(processes)
        # The last one that was free is taken first, so that a quiet mesh has one process.
        self._idle = [Validator(limits) for _ in range(processes)]
        self._all = tuple(self._idle)
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="validation")
        self._playing = ThreadPoolExecutor(1, thread_name_prefix="smoke")

    async def warm(self) -> None:
        """Starts the first process.

        A file that comes before it is there is checked by the next one, which then knows its graph
        and stays the first to be taken.
        """
        await self._with_validator(lambda validator: validator.start(), has_checked=False)

    async def check(self, content: Content, size_bytes: int, parity: Parity) -> Verdict:
        """What was found of the file; see `Validator.check`.

        A caller that goes away leaves the queue, but not a process that has begun.

        Raises:
            ResourceExhausted: too many wait already.
        """
        return await self._with_validator(
            lambda validator: self._check(validator, content, size_bytes, parity)
        )

    async def play(
        self, content: Content, size_bytes: int, game: Callable[[Validator, int], T]
    ) -> T:
        """What comes of a game that a file plays, one after the other.

        `game` is called by a thread, with the process that has the file (the one that is warmest,
        which goes on checking others meanwhile) and the size of what the file remembers.

        Raises:
            Rejected, Unavailable: as `Validator.play`, or whatever `game` raises.
        """
        validator = self._idle[-1] if self._idle else self._all[0]

        def playing() -> T:
            state_size = validator.play(content, size_bytes)
            try:
                return game(validator, state_size)
            finally:
                validator.end()

        running = asyncio.get_running_loop().run_in_executor(self._playing, playing)
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(running)

    async def close(self) -> None:
        """Ends all processes; after the last check."""
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._playing.shutdown, cancel_futures=True)
        for validator in self._all:
            await asyncio.to_thread(validator.close)

    async def _with_validator(
        self, work: Callable[[Validator], T], *, has_checked: bool = True
    ) -> T:
        if self._free.locked() and self._waiting >= self._most_waiting:
            raise ResourceExhausted(
                f"{self._waiting} files wait to be checked, which is the most; publish again later",
                retry_after=1.0,
            )
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        validator = self._idle.pop()
        running = asyncio.get_running_loop().run_in_executor(self._threads, work, validator)

        def give_back(_: object) -> None:
            self._idle.insert(len(self._idle) if has_checked else 0, validator)
            self._free.release()

        running.add_done_callback(give_back)
        return await asyncio.shield(running)
