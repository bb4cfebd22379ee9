"""How a batch is stepped, wherever it comes from: timed, counted and shown to those who watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from services.game.batch import Batch, Int8Array, Report


@dataclass(frozen=True, slots=True)
class Stepping:
    """Steps batches.

    Attributes:
        on_step: called after each step that was played, with the seconds it took.
        clock: seconds of a monotonic clock.
        time: seconds since the epoch.
        inline_seats: batches of up to so many seats are stepped in the event loop: there the switch
            to a thread and back costs more than the step.
    """

    on_step: Callable[[Batch, Report, float], None]
    clock: Callable[[], float]
    time: Callable[[], float]
    inline_seats: int

    def is_inline(self, batch: Batch) -> bool:
        """Whether to step in the event loop."""
        return batch.seats <= self.inline_seats and not batch.foreign

    def step(self, batch: Batch, actions: Int8Array) -> Report:
        """Plays one step; in the event loop."""
        start = self.clock()
        batch.step(actions)
        return self._finish(batch, self.clock() - start)

    async def step_in_thread(self, batch: Batch, actions: Int8Array) -> Report:
        """Plays one step in a thread. Not to be cancelled: the thread would step on."""
        start = self.clock()
        await asyncio.to_thread(batch.step, actions)
        return self._finish(batch, self.clock() - start)

    def _finish(self, batch: Batch, seconds: float) -> Report:
        report = batch.report()
        batch.show()
        self.on_step(batch, report, seconds)
        return report
