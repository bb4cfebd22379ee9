"""The first pages that watchers are sent: made once for all who watch the same."""

from __future__ import annotations

from mazemesh.v1 import elo_pb2
from services.elo.standings import paging
from services.elo.standings.board import Board
from services.elo.standings.standings import Standings
from services.elo.wire import answers

_Key = tuple[str, int]


class FirstPages:
    """Answers of WatchLeaderboard by ladder and size, kept until either changes.

    A page of a thousand players takes some ten milliseconds to make, which each of some hundred
    watchers would cost at every fit.
    """

    def __init__(self, kept: int = 64) -> None:
        self._kept = kept
        self._pages: dict[_Key, tuple[Standings | None, int, elo_pb2.WatchLeaderboardResponse]] = {}

    def of(self, ladder: str, board: Board | None, size: int) -> elo_pb2.WatchLeaderboardResponse:
        """The first page as of now; without players where the ladder has no result."""
        standings = None if board is None else board.standings
        mark = 0 if board is None else board.ladder.high_water
        known = self._pages.pop((ladder, size), None)
        if known is None or known[0] is not standings or known[1] != mark:
            leaderboard = elo_pb2.GetLeaderboardResponse(ladder=ladder)
            if board is not None:
                leaderboard = answers.leaderboard(board, paging.first_page(board, size))
            response = elo_pb2.WatchLeaderboardResponse(leaderboard=leaderboard)
            known = standings, mark, response
        self._pages[ladder, size] = known  # the last that was asked for stands last
        while len(self._pages) > self._kept:
            del self._pages[next(iter(self._pages))]
        return known[2]
