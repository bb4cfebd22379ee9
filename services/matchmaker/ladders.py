"""Ladders: games under given settings on which players are rated, and who plays there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, bot_policy, get_game
from mazemesh.games.ladder import is_time_trial, ladder, sides


def bots_of(game: str) -> tuple[str, ...]:
    """The bots that can play a game, and so anchor its ladders.

    Raises:
        InvalidArgument: no such game.
    """
    return tuple(bot_policy(name) for name in get_game(game).bots)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A policy version that is kept for rating, and the game it was trained on."""

    name: str
    version: int
    game: str
    settings: GameSettings

    @property
    def policy(self) -> str:
        """Its name on ladders: "name:version"."""
        return f"{self.name}:{self.version}"


@dataclass(frozen=True, slots=True)
class Ladder:
    """One leaderboard.

    Attributes:
        name: Its name at Elo.
        game: Name of the game.
        settings: Settings under which rating matches are played (no reward shaping).
        players: Participants of a rated match: the teams, one policy holding all seats of each; the
            seats where each plays for itself; two for a time trial.
        snapshots: The policies that are rated here, oldest first.
    """

    name: str
    game: str
    settings: GameSettings
    players: int
    snapshots: tuple[Snapshot, ...] = field(default=(), compare=False)

    @property
    def is_shared(self) -> bool:
        """Whether all players of a game win and lose together; who is rated holds all seats."""
        teams = get_game(self.game).spec(self.settings).teams
        return self.settings.seats > 1 and is_time_trial(self.settings.seats, teams)


def ladder_of(game: str, settings: GameSettings) -> Ladder:
    """The ladder on which matches of the game under the settings count.

    Raises:
        InvalidArgument: no such game, or the settings do not fit it.
    """
    rules = get_game(game)
    unshaped = rules.resolve(replace(settings, shaping=0.0))
    teams = rules.spec(unshaped).teams
    trial = is_time_trial(unshaped.seats, teams)
    players = 2 if trial else sides(unshaped.seats, teams)
    return Ladder(ladder(rules, unshaped), game, unshaped, players)


def ladders(games: Iterable[str], snapshots: Sequence[Snapshot]) -> list[Ladder]:
    """All ladders, by name: of the named games' default settings, and of what snapshots play.

    A snapshot of a game that this version of mazemesh does not know is left out.
    """
    found: dict[str, tuple[Ladder, list[Snapshot]]] = {}
    ladder_by_game: Callable[[str, GameSettings], Ladder] = cache(ladder_of)  # it hashes the rules
    for game in games:
        default = ladder_of(game, GameSettings())
        found[default.name] = default, []
    for snapshot in sorted(snapshots, key=lambda one: (one.name, one.version)):
        try:
            own = ladder_by_game(snapshot.game, snapshot.settings)
        except InvalidArgument:
            continue
        found.setdefault(own.name, (own, []))[1].append(snapshot)
    return [
        replace(ladder, snapshots=tuple(members)) for _, (ladder, members) in sorted(found.items())
    ]
