"""First pages of leaderboards, made once for all who ask for the same."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import DecodeError

from mazemesh.v1 import elo_pb2
from services.elo.standings import paging
from services.elo.standings.board import Board
from services.elo.standings.filters import Filter
from services.elo.store import PageStore
from services.elo.wire.rows import Rows

WORTH_ASKING: Final = 200
"""Players of a page from which on it is faster asked of the store than made."""

_KEPT: Final = 64


class LeaderboardCache:
    """Pages by what they are made of: marks in the log, size and filter; so none is ever stale.

    A page of a thousand players takes some ten milliseconds to make.

    Args:
        store: Which instances share; None: there is none.
        rows: What pages are made of.
    """

    def __init__(self, store: PageStore | None, rows: Rows) -> None:
        self._store, self._rows = store, rows
        self._pages: dict[str, bytes] = {}

    async def first_page(self, board: Board, size: int, chosen: Filter) -> bytes:
        """The first page as of now, a GetLeaderboardResponse."""
        key = _key(board, size, chosen)
        page = self._pages.pop(key, None)
        if page is None and self._store is not None and size >= WORTH_ASKING:
            page = _sound(await self._store.get(key))
        if page is None:
            key = _key(board, size, chosen)  # it may have moved while the store was asked
            page = self._rows.page(board, paging.first_page(board, size, chosen))
            if self._store is not None and size >= WORTH_ASKING:
                await self._store.put(key, page)
        self._pages[key] = page  # the last that was asked for stands last
        while len(self._pages) > _KEPT:
            del self._pages[next(iter(self._pages))]
        return page


def _key(board: Board, size: int, chosen: Filter) -> str:
    marks = f"{board.generation}/{board.standings.high_water}/{board.ladder.high_water}"
    return f"{board.ladder.name}/{marks}/{size}/{chosen.digest}/{chosen.prefix}"


def _sound(found: bytes | None) -> bytes | None:
    try:
        if found is not None:
            elo_pb2.GetLeaderboardResponse.FromString(found)
    except DecodeError:
        return None
    return found
