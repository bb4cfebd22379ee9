"""Ratings as they were: fits of the ladder after equal parts of its matches.

A ladder's waypoints stand after each so many of its matches, a power of two of them, which doubles
when they become too many. So they are the same for everybody, and a few more of them are made as
the ladder grows; each is a pure function of the matches up to it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from services.elo.history.refolding import Piece, fold, pieces
from services.elo.log.batch import Duels, Integers
from services.elo.models.arrays import Floats, Indices
from services.elo.models.bradley_terry import Fit
from services.elo.models.fitting.posterior import Problem
from services.elo.standings.board import Board
from services.elo.standings.folding.ladder import Ladder
from services.elo.standings.standings import Standings, standings
from services.elo.store import ResultLog

MOST_POINTS = 64
_POINTS = ((200, MOST_POINTS), (1_000, 32), (5_000, 16), (20_000, 8))
"""By players of a ladder, whose fit takes 0.05, 0.25, 0.5 and 3 s."""
_KEPT = 8


@dataclass(frozen=True)
class Waypoint:
    """A ladder as it was after some of its matches. By player, whom its ladder numbers alike.

    Attributes:
        time: When the latest of them ended, in nanoseconds since 1970-01-01 UTC.
        ladder_matches: How many they are.
        matches: Of each player.
        columns: Ratings, lower and upper bounds [3, players].
        ranks: As in `Standings`.
    """

    time: int
    ladder_matches: int
    matches: Integers
    columns: Floats
    ranks: Indices


def most_points(players: int) -> int:
    """Waypoints of a ladder of so many players: some 10 s of one processor in all."""
    return next((points for most, points in _POINTS if players <= most), 4)


def stride_of(matches: int, most: int) -> int:
    """Matches between two waypoints, a power of two, so that there are at most so many."""
    stride = 1
    while matches // stride > most:
        stride *= 2
    return stride


def thinned(count: int, most: int) -> list[int]:
    """Which of so many points are told when at most `most` may be: evenly, the last among them."""
    if count <= most:
        return list(range(count))
    return [count - 1 - (count - 1) * place // max(1, most - 1) for place in range(most)][::-1]


class _Walked:
    """A ladder that is folded from one waypoint to the next."""

    def __init__(self, ladder: str) -> None:
        self.ladder = Ladder(ladder)
        self.ladder.skills = None  # of other models nobody asks here
        self.latest = 0
        self.waypoints: list[Waypoint] = []


class Curves:
    """Keeps the waypoints of some ladders. Lives on one event loop; fits run in a thread.

    Args:
        log: Where the results are.
        fit: `bradley_terry.fit`, or a wrapper of it.
    """

    def __init__(self, log: ResultLog, fit: Callable[[Problem], Fit]) -> None:
        self._log, self._fit = log, fit
        self._kept: OrderedDict[str, _Walked] = OrderedDict()
        self._one = asyncio.Lock()

    async def waypoints(self, board: Board) -> Sequence[Waypoint]:
        """Those of a ladder, oldest first; how it is now is not among them unless it is one."""
        name = board.ladder.name
        async with self._one:
            walked = self._kept.pop(name, None) or _Walked(name)
            self._kept[name] = walked
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            most = most_points(len(board.ladder.players))
            await self._walk(walked, board.ladder.matches, most)
            return list(walked.waypoints)

    async def _walk(self, walked: _Walked, matches: int, most: int) -> None:
        stride, ladder = stride_of(matches, most), walked.ladder
        walked.waypoints = [one for one in walked.waypoints if one.ladder_matches % stride == 0]
        last = matches - matches % stride
        if ladder.matches >= last:
            return
        async for piece in pieces(self._log, ladder.name, ladder.high_water):
            for part in _up_to_waypoints(piece, ladder.matches, stride):
                before = ladder.matches
                fold(ladder, part)
                if len(part):
                    walked.latest = max(walked.latest, int(part.finishes.max()))
                if ladder.matches > before and ladder.matches % stride == 0:
                    walked.waypoints.append(await asyncio.to_thread(self._waypoint, walked))
                if ladder.matches >= last:
                    return

    def _waypoint(self, walked: _Walked) -> Waypoint:
        ladder = walked.ladder
        problem = ladder.problem()
        found = standings(
            *(self._fit(problem), problem, ladder.players.names),
            *(ladder.high_water, ladder.matches),
        )
        return waypoint(ladder, found, walked.latest)


def waypoint(ladder: Ladder, found: Standings, time: int) -> Waypoint:
    """What is kept of standings."""
    count = len(found.ratings)
    return Waypoint(
        time,
        found.matches,
        ladder.players.numbers[0, :count].copy(),
        np.stack([found.ratings, found.low, found.high]),
        found.ranks,
    )


def _up_to_waypoints(piece: Piece, folded: int, stride: int) -> list[Piece]:
    """A piece, cut after each match that makes a waypoint."""
    if not isinstance(piece.content, Duels) and any(one.retracts for one in piece.content):
        # What takes a match back is no further one.
        return [piece.where(slice(row, row + 1)) for row in range(len(piece))]
    first = stride - folded % stride
    if first > len(piece):
        return [piece]
    ends = [*range(first, len(piece) + 1, stride)]
    cuts = [0, *ends, *([len(piece)] if ends[-1] < len(piece) else [])]
    return [piece.where(slice(*bounds)) for bounds in pairwise(cuts)]
