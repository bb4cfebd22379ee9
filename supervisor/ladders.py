"""Ratings of a ladder: from the Elo service when it answers, else from its database on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mazemesh.analysis.ratings import History, Pairing, RatedPlayer
from mazemesh.cli.ladders import LadderSource, ServedLadder, pairing, rated_player
from mazemesh.errors import NotFound
from mazemesh.sqlite_url import sqlite_url

if TYPE_CHECKING:
    from services.elo.standings.board import Board


class StoredLadder:
    """A ladder folded and fitted anew from the result log, as the Elo service does it.

    Args:
        board: The ladder; None without a result.
    """

    def __init__(self, board: Board | None) -> None:
        self._board = board

    @classmethod
    def load(cls, data_dir: Path, ladder: str) -> StoredLadder:
        """Reads the whole log of a data folder; a folder without one has no players."""
        file = data_dir / "elo.sqlite"
        return cls(asyncio.run(_fold(file, ladder)) if file.exists() else None)

    def players(self) -> list[RatedPlayer]:
        """See `LadderSource.players`."""
        from services.elo.wire import answers

        board = self._board
        if board is None:
            return []
        order = board.standings.order
        return [rated_player(answers.rating(board, board.standings, index)) for index in order]

    def history(self, player: str) -> History:
        """See `LadderSource.history`."""
        index = None if self._board is None else self._board.ladder.index(player)
        if self._board is None or index is None:
            raise NotFound(f"{player!r} has no result on the ladder")
        points = self._board.ladder.histories[index]
        return History(player, np.array([at.online_rating for at in points], np.float64))

    def pairings(self, players: Sequence[str]) -> list[Pairing]:
        """See `LadderSource.pairings`."""
        from itertools import combinations

        from services.elo.wire import answers

        board = self._board
        if board is None:
            return []
        known = [board.ladder.index(player) for player in players]
        indices = [index for index in known if index is not None]
        found = (answers.head_to_head(board, *pair) for pair in combinations(indices, 2))
        return [pairing(pair) for pair in found if pair is not None]


@contextmanager
def open_ladder(
    data_dir: Path, host: str | None, port_base: int | None, ladder: str
) -> Iterator[LadderSource]:
    """The ladder of the mesh that is meant, while its Elo service answers; else the stored one.

    Without host, port or a mesh that runs on the folder, the folder's own results come before
    whatever listens at the default address: that may be another mesh.
    """
    from mazemesh.cli.health import serving
    from mazemesh.cli.options import find
    from mazemesh.client.addresses import Addresses
    from mazemesh.client.elo import EloClient

    host, port_base, _ = find(data_dir, host, port_base)
    own = host is None and port_base is None and (data_dir / "elo.sqlite").exists()
    address = Addresses.from_environment(host, port_base).elo
    if own or serving(address) != "serving":
        yield StoredLadder.load(data_dir, ladder)
        return
    client = EloClient(address)
    try:
        yield ServedLadder(client, ladder)
    finally:
        client.close()


async def _fold(file: Path, ladder: str) -> Board | None:
    from services._harness.database import Database
    from services.elo.models.bradley_terry import fit
    from services.elo.standings.ratings import Ratings
    from services.elo.stores.sql import SqlResultLog

    database = Database(sqlite_url(file))
    try:
        ratings = Ratings(SqlResultLog(database), fit, refit_seconds=1.0)
        await ratings.catch_up()
        board = ratings.board(ladder)
        return await ratings.current(ladder, range(len(board.ladder.players))) if board else None
    finally:
        await database.close()
