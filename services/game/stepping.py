"""How a batch is stepped, wherever it comes from: timed, counted and shown to those who watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from services.game.batch import Batch, Int8Array, Report

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stepping:
    """Steps batches.

    Attributes:
        on_step: called after each step that was played, with the seconds it took.
        clock: seconds of a monotonic clock.
        time: seconds since the epoch.
        inline_seats: batches of up to so many seats are stepped in the event loop: there the switch
            to a thread and back costs more than the step.
        threads: for what takes long; many, as a foreign game may hang in one.
    """

    on_step: Callable[[Batch, Report, float], None]
    clock: Callable[[], float]
    time: Callable[[], float]
    inline_seats: int
    threads: Executor

    def is_inline(self, batch: Batch) -> bool:
        """Whether to step in the event loop."""
        return batch.seats <= self.inline_seats and not batch.foreign

    def step(self, batch: Batch, actions: Int8Array, *, show: bool = True) -> Report:
        """Plays one step; in the event loop, or anywhere if it is not shown to those who watch."""
        start = self.clock()
        batch.step(actions)
        return self._finish(batch, self.clock() - start, show=show)

    async def step_in_thread(self, batch: Batch, actions: Int8Array) -> Report:
        """Plays one step in a thread. Not to be cancelled: the thread would step on."""
        start = self.clock()
        await self.in_thread(batch.step, actions)
        return self._finish(batch, self.clock() - start, show=True)

    async def in_thread(self, call: Callable[..., T], *arguments: Any) -> T:
        """What a call returns that takes long."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, partial(call, *arguments))

    def _finish(self, batch: Batch, seconds: float, *, show: bool) -> Report:
        report = batch.report()
        if show:
            batch.show()
        self.on_step(batch, report, seconds)
        return report
