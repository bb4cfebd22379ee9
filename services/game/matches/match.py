"""Matches and their games, who holds which seat, and the boards on which games are played."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mazemesh.games.bots import EXTERNAL
from services.game.matches.setup import MatchSetup, controller_of
from services.game.play.batch import Batch, NewEngine, Report
from services.game.play.outcome import Outcome
from services.game.play.share import Share

_TOKEN_BYTES = 24


@dataclass(eq=False, slots=True)
class MatchGame:
    """One game of a match.

    Attributes:
        game_id: unique among all that this server plays.
        rotation: by how much the start places are moved round.
        participants: by seat, the index of the participant that holds it.
        controllers: by seat, -1 or the code of a bot.
        tokens: by seat, what its player shows to take it; empty for bots.
        serial: grows from game to game; the order of listings. 0 before a server has taken it in.
        board: where it is played, once it is.
        index: which game of the board it is.
        outcome: how it ended, once it has.
        replaced: by seat that was given to another player, who that is.
    """

    match: Match
    game_id: str
    rotation: int
    participants: tuple[int, ...]
    controllers: tuple[int, ...]
    tokens: tuple[str, ...]
    serial: int = 0
    board: Board | None = None
    index: int = 0
    outcome: Outcome | None = None
    replaced: dict[int, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Participants by seat."""
        names = [self.match.setup.participants[index] for index in self.participants]
        return [self.replaced.get(seat, name) for seat, name in enumerate(names)]

    def give(self, seat: int, player: str) -> str:
        """Gives a seat to another player; returns its new token."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self.tokens = (*self.tokens[:seat], token, *self.tokens[seat + 1 :])
        self.replaced[seat] = player
        return token

    @property
    def is_for_bots(self) -> bool:
        """Whether the server plays all seats."""
        return EXTERNAL not in self.controllers


@dataclass(eq=False, slots=True)
class Match:
    """A match that was created.

    Attributes:
        setup: what was asked for.
        create_time: seconds since the epoch.
        touched: when somebody last did something about it, by a monotonic clock.
        finish_time: seconds since the epoch; None while a game is to be played.
        alive: False once it was dropped or replaced; its games count no more.
        failed: one of its games was lost, so that it can have no result; it is dropped soon.
        trace: W3C traceparent of who plays it; empty where that is not traced.
    """

    setup: MatchSetup
    create_time: float
    touched: float
    games: list[MatchGame] = field(default_factory=list)
    finish_time: float | None = None
    alive: bool = True
    failed: bool = False
    trace: str = ""

    def note(self, game: MatchGame, outcome: Outcome, time: float) -> bool:
        """Notes how a game ended; returns whether that finished the match."""
        game.outcome = outcome
        if any(other.outcome is None for other in self.games):
            return False
        self.finish_time = time
        return True


class Board:
    """Games of one game and settings under way; a game stands still when it ended.

    Attributes:
        games: what is played, by index in the batch.
        touched: when the last step was played, by a monotonic clock.
        unsaved: matches that finished here and whose results are not on disk yet.
        owner: id of the key whose session plays all games; None before there was one.
        saving: held by whoever puts these on disk; what is played here may go when they are.
    """

    def __init__(self, games: Sequence[MatchGame], batch: Batch, now: float) -> None:
        self.games = list(games)
        self.batch = batch
        self.touched = now
        self.unsaved: list[Match] = []
        self.owner: str | None = None
        self.saving = asyncio.Lock()
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


def lay_out(match: Match) -> None:
    """Gives a match its games and their tokens."""
    setup = match.setup
    if setup.time_trial:
        for index in range(len(setup.participants)):
            _add_game(match, f"p{index}", 0, (index,) * setup.settings.seats)
        return
    if setup.by_team:
        # The places stay and the roles go round, as those of a team need not move together.
        numbers = sorted(set(setup.teams))
        for role in range(setup.num_rotations):
            holders = tuple((numbers.index(team) - role) % len(numbers) for team in setup.teams)
            _add_game(match, f"t{role}", 0, holders)
        return
    seats = tuple(range(setup.settings.seats))
    for rotation in range(setup.num_rotations):
        _add_game(match, f"r{rotation}", rotation, seats)


def _add_game(match: Match, name: str, rotation: int, participants: tuple[int, ...]) -> None:
    setup = match.setup
    controllers = tuple(controller_of(setup.participants[index]) for index in participants)
    match.games.append(
        MatchGame(
            match=match,
            game_id=f"{setup.match_id}-{name}",
            rotation=rotation,
            participants=participants,
            controllers=controllers,
            tokens=tuple(
                secrets.token_urlsafe(_TOKEN_BYTES) if controller == EXTERNAL else ""
                for controller in controllers
            ),
        )
    )


def make_batch(
    games: Sequence[MatchGame], new_engine: NewEngine, share: Share | None = None
) -> Batch:
    """The first positions of games of one game and settings, in memory that was reserved.

    At first use it loads the engine.
    """
    setup = games[0].match.setup
    engine = new_engine(setup.game, setup.settings, len(games), autoreset=False)
    engine.next_controller[...] = [game.controllers for game in games]
    engine.reset(
        seed=np.array([game.match.setup.seed for game in games], np.uint64),
        rotation=np.array([game.rotation for game in games]),
    )
    return Batch(engine, share)
