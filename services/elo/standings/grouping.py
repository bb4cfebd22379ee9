"""Appends of calls that come together share one transaction: a commit costs milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from services.elo.log.batch import Batch
from services.elo.store import Appended, ResultLog, Status

MOST_RESULTS = 16_384
"""In one transaction."""

Fold = Callable[[Sequence[Batch], Appended], Awaitable[None]]


class _Waiting(NamedTuple):
    batch: Batch
    answer: asyncio.Future[Sequence[Status]]


class Grouping:
    """Appends to a log and folds in what was recorded, in the order of the log.

    While one group is being written, the calls that come are collected for the next, and while one
    is folded the next is written. A caller that hangs up leaves nothing half done.
    """

    def __init__(self, log: ResultLog, fold: Fold) -> None:
        self._log = log
        self._fold = fold
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._folding: set[asyncio.Task[None]] = set()

    async def append(self, batch: Batch) -> Sequence[Status]:
        """Statuses once the batch is durable and folded in."""
        waiting = _Waiting(batch, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await waiting.answer

    async def finish(self) -> None:
        """Waits for what was begun."""
        while self._writing is not None or self._folding:
            tasks = [*self._folding, *([self._writing] if self._writing else [])]
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self) -> None:
        try:
            while self._waiting:
                group = self._next()
                try:
                    appended = await self._log.append([each.batch for each in group])
                except Exception as error:
                    _refuse(group, error)
                    continue
                folding = asyncio.create_task(self._finish(group, appended))
                self._folding.add(folding)
                folding.add_done_callback(self._folding.discard)
        finally:
            self._writing = None

    def _next(self) -> list[_Waiting]:
        count = results = 0
        for each in self._waiting:
            results += len(each.batch.match_ids)
            if count and results > MOST_RESULTS:
                break
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    async def _finish(self, group: Sequence[_Waiting], appended: Appended) -> None:
        try:
            await self._fold([each.batch for each in group], appended)
        except Exception as error:
            _refuse(group, error)
            return
        for each, statuses in zip(group, appended.statuses, strict=True):
            if not each.answer.done():  # a caller that hung up has cancelled it
                each.answer.set_result(statuses)


def _refuse(group: Sequence[_Waiting], error: Exception) -> None:
    for each in group:
        if not each.answer.done():
            each.answer.set_exception(error)
