"""The pages that watchers are sent: made once for all who watch the same."""

from __future__ import annotations

from typing import NamedTuple

from mazemesh.errors import NotFound
from mazemesh.v1 import elo_pb2
from services.elo.standings import paging
from services.elo.standings.board import Board
from services.elo.standings.by_model import Model
from services.elo.standings.filters import Filter
from services.elo.standings.standings import Standings
from services.elo.wire.rows import Rows, watched


class Watched(NamedTuple):
    """What of a ladder is watched: see WatchLeaderboardRequest."""

    ladder: str
    size: int
    chosen: Filter
    around: str = ""
    model: Model | None = None


class FirstPages:
    """Answers of WatchLeaderboard by what is watched, kept until the ladder changes.

    A page of a thousand players takes some ten milliseconds to make, which each of some hundred
    watchers would cost at every fit.
    """

    def __init__(self, rows: Rows, kept: int = 64) -> None:
        self._rows, self._kept = rows, kept
        self._pages: dict[Watched, tuple[Standings | None, int, bytes]] = {}

    def of(self, what: Watched, board: Board | None) -> bytes:
        """The page as of now; without players where the ladder has no result."""
        standings = None if board is None else board.standings
        mark = 0 if board is None else board.ladder.high_water
        known = self._pages.pop(what, None)
        if known is None or known[0] is not standings or known[1] != mark:
            known = standings, mark, watched(self._page(what, board))
        self._pages[what] = known  # the last that was asked for stands last
        while len(self._pages) > self._kept:
            del self._pages[next(iter(self._pages))]
        return known[2]

    def _page(self, what: Watched, board: Board | None) -> bytes:
        if board is None:
            return elo_pb2.GetLeaderboardResponse(ladder=what.ladder).SerializeToString()
        if what.around:
            try:
                page = paging.page_around(board, what.size, what.around, what.chosen)
            except NotFound:  # it will be, once it has played
                pass
            else:
                return self._rows.page(board, page, what.model)
        page = paging.first_page(board, what.size, what.chosen)
        return self._rows.page(board, page, what.model)
