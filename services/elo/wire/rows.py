"""Rows and pages of leaderboards as bytes: a row that has not changed is not made again.

Under a running ingest hardly a page is what it was a moment ago, but most of its rows are.
"""

from __future__ import annotations

import struct
from typing import Final
from weakref import WeakKeyDictionary

from mazemesh.v1 import elo_pb2
from services.elo.standings.board import Board
from services.elo.standings.by_model import Model
from services.elo.standings.paging import Page
from services.elo.wire import answers
from services.elo.wire.validation import NUMBERS

_PLAYERS: Final = 2
_LEADERBOARD: Final = 1
_SUPERIORITY: Final = struct.Struct("<BBd")
# Field 20 in wire type 1: eight bytes.
_TAG: Final = (20 << 3 | 1) & 0x7F | 0x80, 20 << 3 >> 7


class Rows:
    """Rows by ladder and player, as long as they say what is so."""

    def __init__(self) -> None:
        self._boards: WeakKeyDictionary[Board, dict[int, tuple[int, int, bytes]]] = (
            WeakKeyDictionary()
        )

    def page(self, board: Board, page: Page, model: Model | None = None) -> bytes:
        """A GetLeaderboardResponse, by a model; None is the headline."""
        known = self._boards.setdefault(board, {})
        standings, matches = page.standings, board.ladder.players.matches
        parts: list[bytes] = []
        for player, superiority in zip(page.players, page.superiorities(), strict=True):
            found = known.get(player)
            played = matches[player]
            if found is None or found[0] != standings.high_water or found[1] != played:
                row = answers.rating(board, standings, player).SerializeToString()
                known[player] = found = standings.high_water, played, row
            row = found[2]
            if superiority is not None:
                row += _SUPERIORITY.pack(*_TAG, superiority)
            size = len(row)
            parts += (_HEADS[size] if size < len(_HEADS) else field(_PLAYERS, size), row)
        rest = elo_pb2.GetLeaderboardResponse(
            ladder=board.ladder.name,
            next_page_token=page.next_token,
            matches=board.ladder.matches,
            fitted_matches=page.standings.matches,
            total_players=page.total,
            model=elo_pb2.RATING_MODEL_BRADLEY_TERRY if model is None else NUMBERS[model],
            seat_effect=standings.seat[0],
            seat_deviation=standings.seat[1],
        )
        parts.append(rest.SerializeToString())
        return b"".join(parts)


def watched(page: bytes) -> bytes:
    """A WatchLeaderboardResponse with a page."""
    return field(_LEADERBOARD, len(page)) + page


def field(number: int, size: int) -> bytes:
    """What stands before the bytes of a field of a number below 16: its tag and length."""
    head = bytearray([number << 3 | 2])
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head)


_HEADS: Final = [field(_PLAYERS, size) for size in range(512)]
"""Before rows, most of which have some eighty bytes."""
