"""Writes experience of a policy to Replay, and says when agents should wait for its learner.

It holds agents up as an actor's sender does (`actor.selfplay.experience.sender`): while what was
played waits for room in the table, more would only grow old. Nobody is held for longer than
`PATIENCE`, as a learner may have done its steps, or be away: then rows are dropped, and counted,
until some are taken again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import numpy as np
import structlog

from mazemesh.collecting.step import Experience
from mazemesh.episode_totals import NO_EPISODES
from mazemesh.errors import MazemeshError
from services._harness.broadcast import Broadcast, wait

PATIENCE: Final = 30.0
"""Seconds for which agents wait at most."""

LONG: Final = 0.05
"""Seconds for a write, beyond what the fastest one took: it waits for room in the table then."""

_WRITES: Final = 2
"""Of the most rows each, that may wait."""

_log = structlog.get_logger(__name__)

Write = Callable[[Experience], Awaitable[None]]


class Recorder:
    """What waits to be written into one table.

    Args:
        policy: That learns from it, for messages.
        write: Stores a batch, once, however often it is tried.
        most_rows: Of a batch.
        batch_rows: That the learner draws at once.
        batches_ahead: Written at most by versions that none of them was learned from; 0: any.
        clock: Seconds, rising.
        trouble: Why the write that is under way was not taken so far, in words; empty: it may be.

    Attributes:
        rows: Written.
        left_out: Rows that were dropped.
        error: What ended it.
    """

    def __init__(
        self,
        policy: str,
        write: Write,
        most_rows: int,
        clock: Callable[[], float],
        *,
        batch_rows: int = 0,
        batches_ahead: int = 0,
        trouble: Callable[[], str] = str,
    ) -> None:
        self.policy, self._write, self._most, self._clock = policy, write, most_rows, clock
        self._batch_rows, self._batches_ahead = batch_rows, batches_ahead
        self._trouble = trouble
        self.rows = self.left_out = 0
        self.error: Exception | None = None
        self.changed = Broadcast()
        self._waiting: deque[Experience] = deque()
        self._waiting_rows = 0
        self._more = asyncio.Event()
        self._began: float | None = None
        self._fastest = float("inf")
        self._held_since: float | None = None
        self._asleep = False
        self._since_batch = 0
        self._acted: deque[int] = deque()
        self._newest = 0
        self._refused = 0.0

    def refused_since(self, then: float) -> bool:
        """Whether rows were refused for good, and not before then, by the clock."""
        return self.error is not None and self._refused >= then

    @property
    def idle(self) -> bool:
        """Whether nothing waits, and nothing is being written."""
        return not self._waiting and self._began is None

    def newest(self, version: int) -> None:
        """Notes a version that acts now."""
        if version > self._newest:
            self._newest = version
            while self._acted and self._acted[0] < version:
                self._acted.popleft()
            self.changed.notify()

    def put(self, experience: Experience) -> None:
        """Takes rows to be written."""
        if self.error is not None or (self._asleep and self._is_full):
            self.left_out += experience.rows
            return
        self._waiting.append(experience)
        self._waiting_rows += experience.rows
        self._more.set()

    @property
    def _is_full(self) -> bool:
        return self._waiting_rows >= _WRITES * self._most

    def reason(self) -> str:
        """Why agents should wait now; empty: they should not."""
        if self.error is not None or self._asleep:
            return ""
        slow = self._began is not None and self._clock() - self._began > LONG + self._way
        if slow or self._is_full:
            waiting, trouble = self._waiting_rows, self._trouble()
            if trouble:
                return f"{waiting} rows of {self.policy} wait for Replay: {trouble}"
            return (
                f"the learner of {self.policy} has not taken what was played: {waiting} rows wait "
                "for room in its table"
            )
        if self._batches_ahead and len(self._acted) >= self._batches_ahead:
            return f"the learner of {self.policy} has not learned from what was played last"
        return ""

    @property
    def _way(self) -> float:
        return 0.0 if self._fastest == float("inf") else min(self._fastest, 1.0)

    async def ready(self) -> None:
        """Returns when agents should not wait any more."""
        while self.reason():
            ticket, now = self.changed.ticket(), self._clock()
            if self._held_since is None:
                self._held_since = now
            left = self._held_since + PATIENCE - now
            if left <= 0:
                _log.warning(
                    "experience is not taken; its learner is left out",
                    policy=self.policy,
                    reason=self.reason(),
                )
                self._asleep, self._held_since = True, None
                self._acted.clear()
                self.changed.notify()
                return
            await wait(ticket, left)
        self._held_since = None

    async def run(self) -> None:
        """Writes what comes, in order, until it is cancelled or a write is refused for good."""
        while True:
            await self._more.wait()
            while self._waiting:
                await self._write_next()
            self._more.clear()

    async def _write_next(self) -> None:
        batch, rows = self._next()
        self._began = self._clock()
        try:
            await self._write(batch)
        except MazemeshError as error:
            _log.error("experience refused", policy=self.policy, reason=str(error))
            self.error, self._refused = error, self._clock()
            self.left_out += rows + sum(one.rows for one in self._waiting)
            self._waiting.clear()
            self._waiting_rows = 0
            raise
        finally:
            took, self._began = self._clock() - self._began, None
            self._waiting_rows = max(0, self._waiting_rows - rows)
            self.changed.notify()
        self.rows += rows
        self._fastest = min(self._fastest, took)
        self._held_since, self._asleep = None, False
        self._note(rows)

    def _next(self) -> tuple[Experience, int]:
        """What is written next: as much of what waits as goes into one batch."""
        parts: list[Experience] = []
        rows = 0
        while self._waiting and rows < self._most:
            one = self._waiting.popleft()
            room = self._most - rows
            if one.rows > room:
                self._waiting.appendleft(one.part(room, one.rows))
                one = one.part(0, room)
            parts.append(one)
            rows += one.rows
        return (parts[0] if len(parts) == 1 else _joined(parts)), rows

    def _note(self, rows: int) -> None:
        """Counts batches that no version was learned from yet."""
        if not (self._batches_ahead and self._batch_rows):
            return
        self._since_batch += rows
        while self._since_batch >= self._batch_rows:
            self._since_batch -= self._batch_rows
            self._acted.append(self._newest)


def _joined(parts: list[Experience]) -> Experience:
    columns = {
        name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns
    }
    priorities = [part.priorities for part in parts if part.priorities is not None]
    told = [part.episodes for part in parts if part.episodes is not None]
    return Experience(
        columns,
        np.concatenate(priorities) if priorities else None,
        np.concatenate([part.policy_versions for part in parts]),
        sum(told, NO_EPISODES) if told else None,
    )
