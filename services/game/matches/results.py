"""What a finished match tells Elo."""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.game.matches.match import Match, MatchGame
from services.game.play.outcome import Outcome


@dataclass(frozen=True, slots=True)
class GameResult:
    """One rotation of a finished match.

    Attributes:
        scores: by participant, each in 0..1.
        steps: by participant in a time trial, else one number.
        truncated: the step limit ended it; in a time trial, for all.
        teams: by participant that holds a seat of a team, that team's number; else empty.
    """

    game_id: str
    rotation: int
    scores: tuple[float, ...]
    steps: tuple[int, ...]
    truncated: bool
    teams: tuple[int, ...] = ()


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
    by_team = match.setup.by_team
    return [
        GameResult(
            game.game_id,
            number,
            compared(_by_participant(game, outcome) if by_team else outcome.scores),
            (outcome.steps,),
            outcome.truncated,
            () if by_team else match.setup.teams_of(game.rotation),
        )
        for number, (game, outcome) in enumerate(zip(match.games, outcomes, strict=True))
    ]


def _by_participant(game: MatchGame, outcome: Outcome) -> tuple[float, ...]:
    """Scores of participants, each of whom holds all seats of a team, which have one score."""
    holders = game.participants
    return tuple(outcome.scores[holders.index(one)] for one in range(max(holders) + 1))


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
