"""Delivers results to Elo: each one until Elo has it, whatever is restarted meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from mazemesh.errors import InvalidArgument, MazemeshError
from mazemesh.v1 import elo_pb2
from services.game.store import OutboxSize, PendingResult, ResultStore

_log = structlog.get_logger(__name__)

_FIRST_BACKOFF = 0.1
_ACKNOWLEDGED = (elo_pb2.RECORD_STATUS_RECORDED, elo_pb2.RECORD_STATUS_DUPLICATE)


class ResultSink(Protocol):
    """Who is told the results: Elo."""

    async def record(self, results: Sequence[elo_pb2.MatchResult]) -> list[int]:
        """Records results and returns the `RecordStatus` of each; repeating does no harm.

        Raises:
            InvalidArgument: one of them is malformed; none was recorded.
            MazemeshError: another failure; to be tried again.
        """


class Outbox:
    """The results in a store that are still to be delivered.

    Attributes:
        size: how many there were when last looked.
    """

    def __init__(
        self, store: ResultStore, sink: ResultSink, batch: int, max_backoff: float
    ) -> None:
        self.size = OutboxSize(0, 0)
        self._store = store
        self._sink = sink
        self._batch = batch
        self._max_backoff = max_backoff
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There may be new results."""
        self._news.set()

    async def run(self) -> None:
        """Delivers until cancelled."""
        backoff = _FIRST_BACKOFF
        while True:
            self._news.clear()
            pending = await self._store.pending(self._batch)
            self.size = await self._store.size()
            if not pending:
                await self._news.wait()
                continue
            try:
                await self._deliver(pending)
                backoff = _FIRST_BACKOFF
            except MazemeshError as error:
                _log.warning("results not delivered", waiting=self.size.pending, reason=str(error))
                await asyncio.sleep(backoff)
                backoff = min(2 * backoff, self._max_backoff)

    async def _deliver(self, pending: Sequence[PendingResult]) -> None:
        results = [elo_pb2.MatchResult.FromString(item.result) for item in pending]
        try:
            statuses = await self._sink.record(results)
        except InvalidArgument as error:
            if len(pending) == 1:
                await self._bury(pending[0], f"malformed: {error}")
                return
            for item in pending:  # finds the one that keeps the others out
                await self._deliver([item])
            return
        taken = [
            item.match_id
            for item, status in zip(pending, statuses, strict=True)
            if status in _ACKNOWLEDGED
        ]
        await self._store.delivered(taken)
        for item, status in zip(pending, statuses, strict=True):
            if status not in _ACKNOWLEDGED:
                await self._bury(item, elo_pb2.RecordStatus.Name(status))

    async def _bury(self, item: PendingResult, reason: str) -> None:
        _log.error("result refused by Elo", match_id=item.match_id, reason=reason)
        await self._store.bury(item.match_id, reason)
