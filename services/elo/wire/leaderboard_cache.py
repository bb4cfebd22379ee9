"""First pages of leaderboards, made once for all who ask for the same."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import DecodeError

from mazemesh.v1 import elo_pb2
from services.elo.standings import paging
from services.elo.standings.board import Board
from services.elo.store import PageStore
from services.elo.wire import answers

WORTH_ASKING: Final = 200
"""Players of a page from which on it is faster asked of the store than made."""

_KEPT: Final = 64


class LeaderboardCache:
    """Pages by what they are made of: marks in the log, size and prefix; so none is ever stale.

    A page of a thousand players takes some ten milliseconds to make.

    Args:
        store: Which instances share; None: there is none.
    """

    def __init__(self, store: PageStore | None) -> None:
        self._store = store
        self._pages: dict[str, elo_pb2.GetLeaderboardResponse] = {}

    async def first_page(
        self, board: Board, size: int, prefix: str
    ) -> elo_pb2.GetLeaderboardResponse:
        """The first page as of now; it must not be changed."""
        key = _key(board, size, prefix)
        page = self._pages.pop(key, None)
        if page is None and self._store is not None and size >= WORTH_ASKING:
            page = _read(await self._store.get(key))
        if page is None:
            key = _key(board, size, prefix)  # it may have moved while the store was asked
            page = answers.leaderboard(board, paging.first_page(board, size, prefix))
            if self._store is not None and size >= WORTH_ASKING:
                await self._store.put(key, page.SerializeToString())
        self._pages[key] = page  # the last that was asked for stands last
        while len(self._pages) > _KEPT:
            del self._pages[next(iter(self._pages))]
        return page


def _key(board: Board, size: int, prefix: str) -> str:
    marks = f"{board.generation}/{board.standings.high_water}/{board.ladder.high_water}"
    return f"{board.ladder.name}/{marks}/{size}/{prefix}"


def _read(found: bytes | None) -> elo_pb2.GetLeaderboardResponse | None:
    try:
        return None if found is None else elo_pb2.GetLeaderboardResponse.FromString(found)
    except DecodeError:
        return None
