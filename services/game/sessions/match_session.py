"""A session of RunGames that plays games of matches."""

from __future__ import annotations

from collections.abc import Callable

from mazemesh.errors import FailedPrecondition, InvalidArgument, MazemeshError
from services.game.matches.match import Board
from services.game.matches.recorder import Recorder
from services.game.play.batch import Actions, Report
from services.game.play.stepping import Stepping
from services.game.sessions.session import Reseat, Response, Session


class MatchSession(Session[Response]):
    """The games of a board under a session id; it is over when they are."""

    def __init__(
        self,
        session_id: str,
        serial: int,
        board: Board,
        stepping: Stepping,
        encode: Callable[[int, Report], Response],
        recorder: Recorder,
    ) -> None:
        super().__init__(session_id, serial, board.batch, stepping, encode)
        self.board = board
        self._recorder = recorder

    @property
    def trains(self) -> bool:
        """Never: these are games of matches."""
        return False

    @property
    def game_ids(self) -> list[str]:
        """The ids of its games in their matches."""
        return [game.game_id for game in self.board.games]

    @property
    def over(self) -> bool:
        """Whether all games have ended."""
        return self.board.over

    @property
    def any_thread(self) -> bool:
        """Never: results are saved before a step is answered."""
        return False

    async def play(self, sequence: int, actions: Actions, reseat: Reseat | None = None) -> Response:
        """See `Session`.

        Raises:
            FailedPrecondition: also, when all games were dropped or replaced.
        """
        if self.board.dropped:
            raise FailedPrecondition(
                f"session {self.session_id!r}: all its matches were dropped or replaced by a later "
                "lease"
            )
        return await super().play(sequence, actions, reseat)

    async def response(self) -> Response:
        """The last response, once the results of matches that it ends are saved."""
        await self.settled()
        await self._recorder.save(self.board)
        return self.progress.response

    def reseat(self, reseat: Reseat) -> None:
        """Always InvalidArgument: the seats of a match are fixed."""
        raise InvalidArgument("reseat_games: only training sessions change controllers")

    def end(self, reason: MazemeshError) -> None:
        """The session is gone: its stream ends. The games stay, and with them those who watch."""
        self.hold.end(reason)

    def _advance(self, response: Response, report: Report) -> None:
        super()._advance(response, report)
        self.board.settle(report, self._stepping.clock(), self._stepping.time())
