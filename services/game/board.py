"""Games of matches that are stepped together, by one session, seat by seat, or by bots alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.game.batch import Batch, NewEngine, Report
from services.game.match import Match, MatchGame
from services.game.watching import Outcome


class Board:
    """Games of one game and settings under way; a game stands still when it ended.

    Attributes:
        games: what is played, by index in the batch.
        touched: when the last step was played, by a monotonic clock.
        unsaved: matches that finished here and whose results are not on disk yet.
    """

    def __init__(self, games: Sequence[MatchGame], batch: Batch, now: float) -> None:
        self.games = list(games)
        self.batch = batch
        self.touched = now
        self.unsaved: list[Match] = []
        self._taken_out = 0

    @property
    def dropped(self) -> bool:
        """Whether no game counts any more."""
        return self._taken_out == len(self.games)

    @property
    def over(self) -> bool:
        """Whether no game is running."""
        return not self.batch.engine.active.any()

    def take_places(self) -> None:
        """Tells the games where they are played."""
        for index, game in enumerate(self.games):
            game.board, game.index = self, index

    def settle(self, report: Report, now: float, time: float) -> None:
        """Takes up what a step did: notes the outcomes of the games that ended."""
        self.touched = now
        for index in report.ended_games.tolist():
            self.note(index, self.batch.outcome(index), time)
        self.note_lost()

    def note_lost(self) -> None:
        """Takes up which games the last step lost: their matches have no result."""
        for index in self.batch.lost():
            self.games[index].match.failed = True
            self.batch.watchers.end(index)
        if self.over:
            self.batch.close()

    def note(self, index: int, outcome: Outcome, time: float) -> None:
        """Notes how a game ended, unless its match was dropped or replaced meanwhile."""
        game = self.games[index]
        match = game.match
        if match.alive and not match.failed and match.note(game, outcome, time):
            self.unsaved.append(match)

    def take_out(self, game: MatchGame) -> None:
        """Stops a game that counts no more."""
        self._taken_out += 1
        self.batch.stop(game.index)
        self.batch.watchers.end(game.index)
        if self.dropped:
            self.batch.close()


def make_batch(games: Sequence[MatchGame], new_engine: NewEngine) -> Batch:
    """The first positions of games of one game and settings; at first use loads the engine."""
    setup = games[0].match.setup
    engine = new_engine(setup.game, setup.settings, len(games), autoreset=False)
    engine.next_controller[...] = [game.controllers for game in games]
    engine.reset(
        seed=np.array([game.match.setup.seed for game in games], np.uint64),
        rotation=np.array([game.rotation for game in games]),
    )
    return Batch(engine)
