"""How a batch is stepped, wherever it comes from: timed, counted and shown to those who watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from services.game.play.batch import Actions, Batch, Report

T = TypeVar("T")

INLINE_SECONDS = 0.025
"""How long a step may take at most, by `Batch.longest_step`, to be played in the event loop."""


@dataclass(frozen=True, slots=True)
class Stepping:
    """Steps batches.

    Attributes:
        on_step: called after each step that was played, with the seconds it took.
        clock: seconds of a monotonic clock.
        time: seconds since the epoch.
        inline_seats: batches of up to so many seats, whose longest step is short, are stepped in
            the event loop: there the switch to a thread and back costs more than the step.
        threads: for what takes long; many, as a foreign game may hang in one.
    """

    on_step: Callable[[Batch, Report, float], None]
    clock: Callable[[], float]
    time: Callable[[], float]
    inline_seats: int
    threads: Executor

    def is_inline(self, batch: Batch) -> bool:
        """Whether to step in the event loop."""
        short = batch.seats <= self.inline_seats and batch.longest_step <= INLINE_SECONDS
        return short and not batch.engine.waits_for_processes

    def step(self, batch: Batch, actions: Actions, *, show: bool = True) -> Report:
        """Plays one step; in the event loop, or anywhere if it is not shown to those who watch."""
        start = self.clock()
        batch.step(actions)
        seconds = self.clock() - start
        report = batch.report()
        if show:
            batch.show()
        self.on_step(batch, report, seconds)
        return report

    async def step_in_thread(
        self, batch: Batch, actions: Actions, encode: Callable[[Report], T]
    ) -> tuple[Report, T]:
        """Plays one step in a thread, and makes there of the report what is to be sent.

        Not to be cancelled: the thread would step on.
        """
        with batch.busy():
            report, made, seconds = await self.in_thread(self._step_and, batch, actions, encode)
            batch.show()
        self.on_step(batch, report, seconds)
        return report, made

    async def in_thread(self, call: Callable[..., T], *arguments: Any) -> T:
        """What a call returns that takes long."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, partial(call, *arguments))

    def _step_and(
        self, batch: Batch, actions: Actions, encode: Callable[[Report], T]
    ) -> tuple[Report, T, float]:
        start = self.clock()
        batch.step(actions)
        seconds = self.clock() - start
        report = batch.report()
        return report, encode(report), seconds
