"""Which leaderboard a rated match counts for: ratings on different rules do not compare."""

from __future__ import annotations

from collections.abc import Sequence

from mazemesh.games.game import Game
from mazemesh.games.registry import is_own
from mazemesh.games.settings import GameSettings

EXHIBITION = "/exhibition"
"""How names of ladders end whose matches touch no rating elsewhere."""


def ladder(game: Game, settings: GameSettings | None = None) -> str:
    """Return the ladder's name.

    The game's name under its default settings ("race"); with the size where only that differs
    ("race-15x15"); otherwise with the beginning of the rules hash ("race-1f0c22ab"). Settings that
    only shape a learner's reward do not matter.
    """
    chosen = game.spec(settings)
    if chosen.rules_hash == game.spec().rules_hash:
        return game.name
    if settings is not None:
        sized = GameSettings(width=settings.width, height=settings.height)
        if chosen.rules_hash == game.spec(sized).rules_hash:
            return f"{game.name}-{settings.width}x{settings.height}"
    return f"{game.name}-{chosen.rules_hash[:8]}"


def exhibition_ladder(ladder: str) -> str:
    """Return the ladder of matches that are played as on another, and rate nobody there."""
    return f"{ladder}{EXHIBITION}"


def faster_is_better(game: str) -> bool:
    """Return whether of two who solved a game by themselves the one with fewer steps is ahead.

    So it is in the games of mazemesh; in those of others a longer game need not be a worse one.
    """
    return is_own(game)


def sides(seats: int, teams: Sequence[int]) -> int:
    """Return how many sides play against each other: teams, or seats where each is its own.

    `teams` are those of the game's spec.
    """
    return len(set(teams)) or seats


def is_time_trial(seats: int, teams: Sequence[int]) -> bool:
    """Return whether those who are compared play each by itself, and hold all seats.

    So it is in games of one seat and in those whose players all win and lose together; `teams` are
    those of the game's spec.
    """
    return seats == 1 or len(set(teams)) == 1
