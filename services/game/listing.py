"""What is being played: for lists and for those who want to watch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from mazemesh.errors import NotFound
from mazemesh.games import BOTS, bot_policy
from mazemesh.games.bots import EXTERNAL
from services.game.matches.match_host import MatchHost
from services.game.play.batch import Batch
from services.game.sessions.session import Response
from services.game.sessions.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the list: a game of a match, or all games of a training session.

    Attributes:
        serial: grows from row to row.
        match_id: empty in training.
    """

    serial: int
    game_id: str
    game: str
    participants: tuple[str, ...]
    step: int
    num_games: int
    create_time: float
    match_id: str
    open_seats: int


@dataclass(frozen=True, slots=True)
class Watched:
    """A running game: number `index` of a batch; participants by seat, "" for a client's."""

    batch: Batch
    index: int
    participants: tuple[str, ...]


class Listing:
    """Finds running games in matches and sessions."""

    def __init__(self, match_host: MatchHost, sessions: Sessions[Response]) -> None:
        self._match_host = match_host
        self._sessions = sessions

    def page(self, size: int, before: int | None, matches: bool, training: bool) -> list[Entry]:
        """At most `size` rows, newest first, of those with a lower serial than `before`."""
        rows = merge(
            self._match_rows(before) if matches else (),
            self._training_rows(before) if training else (),
            key=lambda row: row.serial,
            reverse=True,
        )
        return list(islice(rows, size))

    def find(self, game_id: str) -> Watched:
        """The running game of that id.

        Raises:
            NotFound: it is not running.
        """
        game = self._match_host.matches.game(game_id)
        if game is not None and game.board is not None and game.outcome is None:
            return Watched(game.board.batch, game.index, tuple(game.names))
        session_id, _, index = game_id.rpartition("/")
        if session_id and index.isascii() and index.isdigit():
            session = self._sessions.find(session_id)
            engine = session.batch.engine
            if session.trains and int(index) < engine.num_games:
                seats = engine.controller[int(index)].tolist()
                return Watched(session.batch, int(index), tuple(map(_player, seats)))
        raise NotFound(f"game {game_id!r} is not running")

    def _match_rows(self, before: int | None) -> Iterator[Entry]:
        for game in self._match_host.matches.newest_games(before):
            match = game.match
            board = game.board
            yield Entry(
                serial=game.serial,
                game_id=game.game_id,
                game=match.setup.game.name,
                participants=tuple(game.names),
                step=0 if board is None else int(board.batch.engine.steps[game.index]),
                num_games=1,
                create_time=match.create_time,
                match_id=match.setup.match_id,
                open_seats=self._match_host.open_seats(game),
            )

    def _training_rows(self, before: int | None) -> Iterator[Entry]:
        for session in sorted(self._sessions, key=lambda session: -session.serial):
            older = before is None or session.serial < before
            if older and session.trains:
                engine = session.batch.engine
                yield Entry(
                    serial=session.serial,
                    game_id=f"{session.session_id}/0",
                    game=engine.game.name,
                    participants=tuple(map(_player, engine.controller[0].tolist())),
                    step=session.progress.sequence,
                    num_games=engine.num_games,
                    create_time=session.create_time,
                    match_id="",
                    open_seats=0,
                )


def _player(controller: int) -> str:
    return "" if controller == EXTERNAL else bot_policy(BOTS[controller])
