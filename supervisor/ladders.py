"""Ratings of a ladder: from the Elo service when it answers, else from its database on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mazemesh.analysis.ratings import History, Pairing, RatedPlayer
from mazemesh.cli.ratings.ladders import LadderSource, ServedLadder, pairing, rated_player
from mazemesh.errors import NotFound
from mazemesh.sqlite_url import sqlite_url

if TYPE_CHECKING:
    from services.elo.standings.board import Board


class StoredLadder:
    """A ladder as the Elo service left it, with what its log holds beyond that.

    Args:
        board: The ladder; None without a result.
        history: The online ratings of a player, by its index.
    """

    def __init__(self, board: Board | None, history: Callable[[int], History]) -> None:
        self._board = board
        self._history = history

    @classmethod
    def load(cls, data_dir: Path, ladder: str) -> StoredLadder:
        """Reads the database of a data folder; a folder without one has no players."""
        file = data_dir / "elo.sqlite"
        board = asyncio.run(_board(file, ladder)) if file.exists() else None

        def history(player: int) -> History:
            assert board is not None
            return asyncio.run(_history(file, board, player))

        return cls(board, history)

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
        return self._history(index)

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


async def _board(file: Path, ladder: str) -> Board | None:
    from services._harness.sql.database import Database
    from services.elo.models.bradley_terry import fit
    from services.elo.standings.boards import Boards
    from services.elo.standings.standings import standings
    from services.elo.stores.sql_log import SqlResultLog
    from services.elo.stores.sql_projections import SqlProjections

    database = Database(sqlite_url(file))
    try:
        await database.migrate("services.elo")
        boards = Boards(SqlResultLog(database))
        await boards.begin(await SqlProjections(database).load())
        await boards.catch_up()
    finally:
        await database.close()
    board = boards.get(ladder)
    if board is not None:
        found, problem = board.ladder, board.ladder.problem()
        names, mark, matches = found.players.names, found.high_water, found.matches
        board.publish(standings(fit(problem), problem, names, mark, matches))
    return board


async def _history(file: Path, board: Board, player: int) -> History:
    """The points that are stored, and those that folding the rest of the log made."""
    from services._harness.sql.database import Database
    from services.elo.stores.sql_projections import SqlProjections

    ladder = board.ladder
    database = Database(sqlite_url(file))
    try:
        count = ladder.players[player].matches
        stored = await SqlProjections(database).history(ladder.name, player, 0, count)
    finally:
        await database.close()
    rest = ladder.tail.of(player, len(stored), count)
    ratings = np.concatenate([stored.ratings, rest.ratings])
    return History(ladder.players.names[player], ratings)
