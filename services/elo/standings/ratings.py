"""Keeps every ladder in step with the log, and fits those that have changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from services._harness.broadcast import Broadcast, wait
from services._harness.pacing import paced
from services._harness.shielded import Shielded
from services.elo.log.match import Match
from services.elo.models.bradley_terry import Fit
from services.elo.models.posterior import Problem
from services.elo.standings.board import Board
from services.elo.standings.standings import EMPTY, Standings, standings
from services.elo.store import ResultLog, Status

SMALL = 200
"""Players below which a ladder is fitted at once when somebody looks at it: some milliseconds."""

_SHARE = 4.0
"""The background pauses so many times as long as its fits took: at most a fifth of a core."""


class Ratings:
    """All ladders of a log. Lives on one event loop; fits run in a thread.

    Args:
        log: Where the results are.
        fit: `bradley_terry.fit`, or a wrapper of it.
        refit_seconds: Least time between two fits in the background.
    """

    def __init__(self, log: ResultLog, fit: Callable[[Problem], Fit], refit_seconds: float) -> None:
        self._log = log
        self._fit = fit
        self._refit_seconds = refit_seconds
        self._boards: dict[str, Board] = {}
        self._high_water = 0
        self._folding = asyncio.Lock()
        self._appended = asyncio.Event()
        self._published = Broadcast()
        self._appends = Shielded()

    @property
    def boards(self) -> Iterable[Board]:
        """Every ladder that has a result."""
        return self._boards.values()

    def board(self, ladder: str) -> Board | None:
        """A ladder; None while it has no result."""
        return self._boards.get(ladder)

    async def catch_up(self) -> None:
        """Folds in what the log holds beyond the high-water mark."""
        async with self._folding:
            async for piece in self._log.read(self._high_water):
                async for logged in paced(piece):
                    name = logged.match.ladder
                    board = self._boards.get(name)
                    if board is None:
                        self._boards[name] = board = Board(name)
                    board.ladder.fold(logged)
                    self._high_water = logged.sequence
        self._appended.set()

    async def record(self, matches: Sequence[Match]) -> list[Status]:
        """Appends to the log and folds in what is new; statuses in the order of `matches`."""
        # A caller that hangs up must not leave what was committed out of the ladders.
        return await self._appends.run(self._record(matches))

    async def current(self, ladder: str, players: Iterable[int] = ()) -> Board | None:
        """A ladder whose standings hold these players, and everything when it is small."""
        board = self._boards.get(ladder)
        if board is None:
            return None
        small = len(board.ladder.players) < SMALL
        if (small and board.dirty) or any(
            player >= len(board.standings.names) for player in players
        ):
            await self._refit(board)
        return board

    async def refit_forever(self) -> None:
        """Fits ladders that have changed, again and again."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._appended.wait()
            self._appended.clear()
            began = clock()
            for board in list(self._boards.values()):
                await self._refit(board)
            await asyncio.sleep(max(self._refit_seconds, _SHARE * (clock() - began)))

    async def changes(
        self, ladder: str, *, least: float, most: float
    ) -> AsyncIterator[Board | None]:
        """A ladder now, again whenever it was fitted, and after `most` seconds without that.

        At least `least` seconds lie between two. Ends when the ratings are closed.
        """
        board = await self.current(ladder)
        while not self._published.closed:
            yield board
            seen = board.standings if board else EMPTY
            heartbeat = asyncio.get_running_loop().time() + most
            await asyncio.sleep(least)
            board = await self._next(ladder, seen, heartbeat)

    async def close(self) -> None:
        """Ends `changes` and waits for appends that were begun."""
        self._published.close()
        await self._appends.join()

    async def _record(self, matches: Sequence[Match]) -> list[Status]:
        statuses = await self._log.append(matches)
        await self.catch_up()
        return statuses

    async def _next(self, ladder: str, seen: Standings, until: float) -> Board | None:
        """The ladder once its standings are not those that were seen, or the time has come."""
        clock = asyncio.get_running_loop().time
        while not self._published.closed:
            published, board = self._published.ticket(), self._boards.get(ladder)
            if board is not None and board.standings is not seen:
                return board
            if not await wait(published, until - clock()):
                break
        return self._boards.get(ladder)

    async def _refit(self, board: Board) -> None:
        asked = board.ladder.high_water
        async with board.fitting:
            # Whoever held the lock may have done it.
            if board.standings.high_water >= asked:
                return
            ladder = board.ladder
            names = tuple(record.name for record in ladder.players)
            mark, matches, problem = ladder.high_water, len(ladder.matches), ladder.problem()
            board.publish(
                await asyncio.to_thread(
                    lambda: standings(self._fit(problem), problem, names, mark, matches)
                )
            )
        self._published.notify()
