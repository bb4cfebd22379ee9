"""Delivers results to Elo: each one until Elo has it, whatever is restarted meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import structlog

from mazemesh.errors import (
    DeadlineExceeded,
    MazemeshError,
    ResourceExhausted,
    Unavailable,
)
from services._harness.broadcast import wait
from services.game.store import OutboxSize, OutboxStore, PendingResult

_log = structlog.get_logger(__name__)

_FIRST_BACKOFF = 0.1
_TRIES = 8
_LATER = (Unavailable, DeadlineExceeded, ResourceExhausted)


class ResultSink(Protocol):
    """Who is told the results: Elo."""

    async def record(self, results: Sequence[bytes]) -> list[str]:
        """Records results; repeating does no harm.

        Returns:
            For each why it is refused for ever; empty where it is known now.

        Raises:
            Unavailable, DeadlineExceeded, ResourceExhausted: it cannot now; to be tried again.
            MazemeshError: one of them is refused; none was recorded.
        """


class Outbox:
    """The results in a store that are still to be delivered, by any of the instances.

    Args:
        store: where they are.
        sink: who is told.
        batch: results in one call.
        max_backoff: longest pause in seconds between tries.
        clock: seconds since the epoch.
        taken_seconds: for which no other instance delivers what this one has taken.
        poll: seconds after which one looks without being woken, since another instance may have
            left results behind; None where there is no other.
        as_part_of: makes what is done in its block part of a trace.

    One that is refused keeps no other out: it is set aside, which is told once in the log, counted,
    and kept in the store with the reason. What may be a fault of the sink's is tried a few times
    before.

    Attributes:
        size: how many there were when last looked.
    """

    def __init__(
        self,
        store: OutboxStore,
        sink: ResultSink,
        batch: int,
        max_backoff: float,
        *,
        clock: Callable[[], float],
        taken_seconds: float = 60.0,
        poll: float | None = None,
        as_part_of: Callable[[str], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.size = OutboxSize(0, 0)
        self._store = store
        self._sink = sink
        self._batch = batch
        self._max_backoff = max_backoff
        self._clock = clock
        self._taken_seconds = taken_seconds
        self._poll = poll
        self._as_part_of = as_part_of
        self._news = asyncio.Event()
        self._tries: Counter[str] = Counter()

    @property
    def age(self) -> float:
        """Seconds since the match ended whose result has waited longest; 0 when none waits."""
        since = self.size.since
        return 0.0 if since is None else max(self._clock() - since, 0.0)

    def wake(self) -> None:
        """There may be new results."""
        self._news.set()

    async def run(self) -> None:
        """Delivers until cancelled."""
        backoff = _FIRST_BACKOFF
        while True:
            self._news.clear()
            now = self._clock()
            pending = await self._store.take(self._batch, now, now + self._taken_seconds)
            self.size = await self._store.size()
            if not pending:
                await wait(self._news, self._poll)
                continue
            waits = {item.match_id for item in pending}
            try:
                if await self._deliver_all(pending):
                    backoff = _FIRST_BACKOFF
                    waits &= self._tries.keys()
            except _LATER as error:
                _log.warning("results not delivered", waiting=self.size.pending, reason=str(error))
            if waits:
                await self._store.put_back(waits)
            if len(waits) < len(pending):
                continue
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, self._max_backoff)

    async def _deliver_all(self, pending: Sequence[PendingResult]) -> bool:
        """As `_deliver`: those that were traced by one are told as part of that trace."""
        by_trace: dict[str, list[PendingResult]] = {}
        for item in pending:
            by_trace.setdefault(item.trace, []).append(item)
        done = False
        for trace, items in by_trace.items():
            with self._as_part_of(trace) if trace else nullcontext():
                done |= await self._deliver(items)
        return done

    async def _deliver(self, pending: Sequence[PendingResult]) -> bool:
        """Delivers or sets aside; whether there was any that need not be tried again.

        Raises:
            Unavailable, DeadlineExceeded, ResourceExhausted: the sink cannot now.
        """
        try:
            refusals = await self._sink.record([item.result for item in pending])
        except _LATER:
            raise
        except MazemeshError as error:
            if len(pending) == 1:
                return await self._refused(pending[0], error)
            # Finds the one that keeps the others out.
            middle = len(pending) // 2
            first, second = pending[:middle], pending[middle:]
            return await self._deliver(first) | await self._deliver(second)
        told = list(zip(pending, refusals, strict=True))
        await self._store.delivered([item.match_id for item, refusal in told if not refusal])
        for item, refusal in told:
            self._tries.pop(item.match_id, None)
            if refusal:
                await self._set_aside(item, refusal)
        return True

    async def _refused(self, item: PendingResult, error: Exception) -> bool:
        """Takes up why a lone result was refused; whether it need not be tried again."""
        if type(error) is MazemeshError:  # INTERNAL, as after a fault of the sink's own
            self._tries[item.match_id] += 1
            if self._tries[item.match_id] < _TRIES:
                return False
        self._tries.pop(item.match_id, None)
        await self._set_aside(item, f"{type(error).__name__}: {error}")
        return True

    async def _set_aside(self, item: PendingResult, reason: str) -> None:
        _log.error("result set aside, as Elo refuses it", match_id=item.match_id, reason=reason)
        await self._store.bury(item.match_id, reason)
