"""Ladders of the matches of a window of time alone, such as all before Wednesday."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mazemesh.errors import FailedPrecondition, ResourceExhausted
from services.elo.history.refolding import fold, pieces, settled
from services.elo.models.bradley_terry import Fit
from services.elo.models.fitting.posterior import Problem
from services.elo.standings.board import Board
from services.elo.standings.boards import Boards
from services.elo.standings.folding.ladder import Ladder
from services.elo.standings.standings import standings
from services.elo.store import ResultLog

MOST_MATCHES = 5_000_000
"""Of a log that is refolded: some 20 s of one processor."""

_KEPT = 8
_WAITING = 32
_SHARE = 4.0
"""As `Ratings` does: so many times as long as a fit took, the standings stay as they are."""


class Window(NamedTuple):
    """A ladder of a time.

    Attributes:
        ladder: Which.
        start: From then on, in nanoseconds since 1970-01-01 UTC.
        end: Before then.
        models: Whether it is told by other models too, which takes as long again.
    """

    ladder: str
    start: int
    end: int
    models: bool = False


class _Refolded:
    """A window's ladder, and how far the log was read for it."""

    def __init__(self, window: Window) -> None:
        self.board = Board(Ladder(window.ladder))
        if not window.models:
            self.board.ladder.skills = None
        self.mark = 0
        self.fit_after = 0.0


class Windows:
    """Keeps the last windows that were asked for. Lives on one event loop; fits run in a thread.

    Args:
        log: Where the results are.
        boards: All ladders, which say how far the log goes.
        fit: `bradley_terry.fit`, or a wrapper of it.
    """

    def __init__(self, log: ResultLog, boards: Boards, fit: Callable[[Problem], Fit]) -> None:
        self._log, self._boards, self._fit = log, boards, fit
        self._kept: OrderedDict[Window, _Refolded] = OrderedDict()
        self._one = asyncio.Lock()
        self._waiting = 0

    async def board(self, window: Window) -> Board | None:
        """The ladder of a window, and its standings; None without a match in it.

        Raises:
            FailedPrecondition: the log is too large to be refolded.
            ResourceExhausted: too many wait for others' windows.
        """
        if self._boards.get(window.ladder) is None:
            return None
        matches = sum(board.ladder.matches for board in self._boards)
        if matches > MOST_MATCHES:
            raise FailedPrecondition(
                f"the log has {matches} matches; ladders of a window of time are refolded from one "
                f"of {MOST_MATCHES} at most"
            )
        if self._waiting >= _WAITING:
            raise ResourceExhausted(
                f"{self._waiting} calls wait for ladders of other windows of time; ask again later"
            )
        self._waiting += 1
        try:
            async with self._one:
                return await self._brought_up(window)
        finally:
            self._waiting -= 1

    async def _brought_up(self, window: Window) -> Board | None:
        refolded = self._kept.pop(window, None) or _Refolded(window)
        self._kept[window] = refolded  # the last that was asked for stands last
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        board = refolded.board
        if refolded.mark < self._boards.mark:
            async for piece in pieces(self._log, window.ladder, refolded.mark):
                inside = (piece.finishes >= window.start) & (piece.finishes < window.end)
                fold(board.ladder, piece.where(np.flatnonzero(inside)))
                await settled(board.ladder)
                refolded.mark = piece.mark
        clock = asyncio.get_running_loop().time
        if board.dirty and clock() >= refolded.fit_after:
            began = clock()
            await self._refit(board)
            refolded.fit_after = clock() + _SHARE * (clock() - began)
        return board if board.ladder.matches else None

    async def _refit(self, board: Board) -> None:
        ladder = board.ladder  # nobody else changes it
        board.publish(
            await asyncio.to_thread(
                lambda: standings(
                    self._fit(problem := ladder.problem()),
                    problem,
                    ladder.players.names,
                    ladder.high_water,
                    ladder.matches,
                )
            )
        )
