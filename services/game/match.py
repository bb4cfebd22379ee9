"""A match and its games: who holds which seat, how each game ended, and the result."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mazemesh.games.bots import EXTERNAL
from services.game.setup import MatchSetup, controller_of
from services.game.watching import Outcome

if TYPE_CHECKING:
    from services.game.board import Board

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
        serial: grows from game to game; the order of listings.
        board: where it is played, once it is.
        index: which game of the board it is.
        outcome: how it ended, once it has.
    """

    match: Match
    game_id: str
    rotation: int
    participants: tuple[int, ...]
    controllers: tuple[int, ...]
    tokens: tuple[str, ...]
    serial: int
    board: Board | None = None
    index: int = 0
    outcome: Outcome | None = None

    @property
    def names(self) -> list[str]:
        """Participants by seat."""
        return [self.match.setup.participants[index] for index in self.participants]

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
    """

    setup: MatchSetup
    create_time: float
    touched: float
    games: list[MatchGame] = field(default_factory=list)
    finish_time: float | None = None
    alive: bool = True
    failed: bool = False

    def note(self, game: MatchGame, outcome: Outcome, time: float) -> bool:
        """Notes how a game ended; returns whether that finished the match."""
        game.outcome = outcome
        if any(other.outcome is None for other in self.games):
            return False
        self.finish_time = time
        return True


@dataclass(frozen=True, slots=True)
class GameResult:
    """One rotation of a finished match.

    Attributes:
        scores: by participant, each in 0..1.
        steps: by participant in a time trial, else one number.
        truncated: the step limit ended it; in a time trial, for all.
    """

    game_id: str
    rotation: int
    scores: tuple[float, ...]
    steps: tuple[int, ...]
    truncated: bool


def lay_out(match: Match, serials: Iterator[int]) -> None:
    """Gives a match its games and their tokens."""
    setup = match.setup
    if setup.time_trial:
        for index in range(len(setup.participants)):
            _add_game(match, f"p{index}", 0, (index,), next(serials))
        return
    seats = tuple(range(setup.settings.seats))
    for rotation in range(setup.num_rotations):
        _add_game(match, f"r{rotation}", rotation, seats, next(serials))


def _add_game(
    match: Match, name: str, rotation: int, participants: tuple[int, ...], serial: int
) -> None:
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
            serial=serial,
        )
    )


def results(match: Match) -> list[GameResult]:
    """What a finished match tells Elo: one entry for each rotation."""
    outcomes = [game.outcome for game in match.games if game.outcome is not None]
    if match.setup.time_trial:
        return [
            GameResult(
                game_id=match.setup.match_id,
                rotation=0,
                scores=time_trial_scores(outcomes, match.setup.game.ranked_by_return),
                steps=tuple(outcome.steps for outcome in outcomes),
                truncated=all(outcome.truncated for outcome in outcomes),
            )
        ]
    return [
        GameResult(
            game.game_id,
            game.rotation,
            compared(outcome.scores),
            (outcome.steps,),
            outcome.truncated,
        )
        for game, outcome in zip(match.games, outcomes, strict=True)
    ]


def compared(scores: tuple[float, ...]) -> tuple[float, ...]:
    """Scores as Elo takes them: those of two players add up to 1.

    They do, unless the seats share the outcome (both solved it, or none): between them, a draw.
    """
    if len(scores) != 2 or math.isclose(sum(scores), 1.0, abs_tol=1e-6):
        return scores
    first, second = scores
    share = 1.0 if first > second else 0.0 if first < second else 0.5
    return (share, 1.0 - share)


def time_trial_scores(outcomes: list[Outcome], by_return: bool = False) -> tuple[float, ...]:
    """Scores of those who played one maze alone: the share of the others that each one beat.

    Solved beats unsolved, among the solved fewer steps beat more, a draw counts half; `by_return`
    the higher return beats the lower. Who played alone gets the game's own score.
    """
    # Higher is better.
    marks = [
        outcome.returns[0] if by_return else -outcome.steps if outcome.scores[0] > 0 else -math.inf
        for outcome in outcomes
    ]
    if len(marks) == 1:
        return (outcomes[0].scores[0],)
    # Each one draws with itself, which is taken off again.
    return tuple(
        (sum((mark > other) + (mark == other) / 2 for other in marks) - 0.5) / (len(marks) - 1)
        for mark in marks
    )
