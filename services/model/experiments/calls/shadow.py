"""Shadows: calls that are answered are run by another version, too, as far as that keeps up.

Who called has its answer by then. What is to be shown waits in a bounded queue and is run many
calls at a time, one batch after the other, by a process of its own that yields to all others.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import structlog

from mazemesh.errors import MazemeshError
from services.model.experiments.calls.routes import Route
from services.model.experiments.calls.serving import Infers
from services.model.experiments.calls.tallies import Tallies
from services.model.inference.calls import NO_SESSIONS, Answer, Asked, Choosing
from services.model.inference.layout import MOST_ROWS, Given

MOST_CALLS: Final = 1024
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of calls that wait."""

PAUSE_SECONDS: Final = 0.05
"""Between two looks at them, so that they come together."""

_RUN_SECONDS: Final = 60.0
_LOGITS: Final = "logits"
_SHADOW: Final = 1
_GREEDY: Final = Choosing(0.0)

_log = structlog.get_logger(__name__)


class _Shown(NamedTuple):
    """A call that waits: its route, columns, and the best actions of the first arm by column."""

    route: Route
    rows: int
    given: Sequence[Given]
    best: dict[str, bytes]
    size_bytes: int

    @property
    def kind(self) -> tuple[object, ...]:
        """What calls have in common that are run as one."""
        columns = tuple((one.name, one.dtype) for one in self.given)
        return (self.route.experiment_id, self.route.references[_SHADOW], columns)


class Shadow:
    """Runs what it is shown; belongs to one event loop.

    Args:
        inference: Answers, apart from whom callers wait for.
        tallies: Where calls are counted.
        clock: Seconds, rising.
    """

    def __init__(self, inference: Infers, tallies: Tallies, clock: Callable[[], float]) -> None:
        self._inference, self._tallies, self._clock = inference, tallies, clock
        self._waiting: deque[_Shown] = deque()
        self._bytes = 0
        self._came = asyncio.Event()

    def offer(self, route: Route, asked: Asked, answer: Answer) -> None:
        """Has a call run, if there is room; one of sessions needs the first arm's states."""
        size = asked.size_bytes
        if (
            asked.sessions is not NO_SESSIONS
            or len(self._waiting) >= MOST_CALLS
            or self._bytes + size > MOST_BYTES
        ):
            self._tallies.drop(route.experiment_id, _SHADOW)
            return
        logits = {
            column.name: answer.column(index)
            for index, column in enumerate(answer.layout.outputs)
            if _is_logits(column.name)
        }
        self._waiting.append(_Shown(route, asked.rows, asked.given, logits, size))
        self._bytes += size
        self._came.set()

    async def run(self) -> None:
        """Runs what waits, without end."""
        while True:
            await self._came.wait()
            await asyncio.sleep(PAUSE_SECONDS)
            self._came.clear()
            for batch in self._batches():
                await self._show(batch)

    def _batches(self) -> Iterator[list[_Shown]]:
        waiting, self._waiting, self._bytes = self._waiting, deque(), 0
        by_kind: dict[tuple[object, ...], list[_Shown]] = {}
        for one in waiting:
            batch = by_kind.setdefault(one.kind, [])
            if batch and sum(each.rows for each in batch) + one.rows > MOST_ROWS:
                yield batch
                batch = by_kind[one.kind] = []
            batch.append(one)
        yield from by_kind.values()

    async def _show(self, batch: list[_Shown]) -> None:
        route, began = batch[0].route, self._clock()
        asked = Asked(
            route.references[_SHADOW],
            sum(one.rows for one in batch),
            [
                Given(first.name, first.dtype, b"".join(one.given[place].data for one in batch))
                for place, first in enumerate(batch[0].given)
            ],
            tuple(batch[0].best),
            _GREEDY,
            deadline=began + _RUN_SECONDS,
            size_bytes=sum(one.size_bytes for one in batch),
        )
        try:
            answer = await self._inference.infer(asked)
        except MazemeshError as error:
            if len(batch) > 1:  # which of them it cannot run shows one by one
                for one in batch:
                    await self._show([one])
                return
            _log.info("a shadow failed", policy=asked.policy, reason=str(error))
            self._count(route, began, batch, is_error=True)
            return
        self._count(route, began, batch, is_error=False)
        self._compare(route, batch, answer)

    def _count(self, route: Route, began: float, batch: list[_Shown], *, is_error: bool) -> None:
        seconds = self._clock() - began
        for _ in batch:
            self._tallies.count(
                route.experiment_id, _SHADOW, seconds, route.slow_seconds, is_error=is_error
            )

    def _compare(self, route: Route, batch: list[_Shown], answer: Answer) -> None:
        agrees = np.ones(answer.part.rows, np.bool_)
        columns = [
            (index, column)
            for index, column in enumerate(answer.layout.outputs)
            if column.name in batch[0].best
        ]
        for index, column in columns:
            ours = _best(answer.column(index), answer.part.rows)
            theirs = _best(b"".join(one.best[column.name] for one in batch), answer.part.rows)
            agrees &= ours == theirs
        if columns:
            self._tallies.agree(
                route.experiment_id, _SHADOW, len(agrees), int(np.count_nonzero(agrees))
            )


def _is_logits(name: str) -> bool:
    return name == _LOGITS or name.startswith(f"{_LOGITS}.")


def _best(data: bytes, rows: int) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    best: np.ndarray[tuple[int, ...], np.dtype[np.intp]]
    best = np.frombuffer(data, "<f4").reshape(rows, -1).argmax(axis=1)
    return best
