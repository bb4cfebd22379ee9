"""The pages that watchers are sent: made once for all who watch the same."""

from __future__ import annotations

from mazemesh.errors import NotFound
from mazemesh.v1 import elo_pb2
from services.elo.standings import paging
from services.elo.standings.board import Board
from services.elo.standings.filters import Filter
from services.elo.standings.standings import Standings
from services.elo.wire.rows import Rows, watched

_Key = tuple[str, int, Filter, str]


class FirstPages:
    """Answers of WatchLeaderboard by what is watched, kept until the ladder changes.

    A page of a thousand players takes some ten milliseconds to make, which each of some hundred
    watchers would cost at every fit.
    """

    def __init__(self, rows: Rows, kept: int = 64) -> None:
        self._rows, self._kept = rows, kept
        self._pages: dict[_Key, tuple[Standings | None, int, bytes]] = {}

    def of(
        self, ladder: str, board: Board | None, size: int, chosen: Filter, around: str = ""
    ) -> bytes:
        """The page as of now; without players where the ladder has no result."""
        standings = None if board is None else board.standings
        mark = 0 if board is None else board.ladder.high_water
        key = ladder, size, chosen, around
        known = self._pages.pop(key, None)
        if known is None or known[0] is not standings or known[1] != mark:
            known = standings, mark, watched(self._page(ladder, board, size, chosen, around))
        self._pages[key] = known  # the last that was asked for stands last
        while len(self._pages) > self._kept:
            del self._pages[next(iter(self._pages))]
        return known[2]

    def _page(
        self, ladder: str, board: Board | None, size: int, chosen: Filter, around: str
    ) -> bytes:
        if board is None:
            return elo_pb2.GetLeaderboardResponse(ladder=ladder).SerializeToString()
        if around:
            try:
                return self._rows.page(board, paging.page_around(board, size, around, chosen))
            except NotFound:  # it will be, once it has played
                pass
        return self._rows.page(board, paging.first_page(board, size, chosen))
