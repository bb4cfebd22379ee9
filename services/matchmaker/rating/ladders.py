"""Ladders: games under given settings on which players are rated, and who plays there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mazemesh.games import GameSettings
from mazemesh.games.ladder import is_time_trial, sides
from services._harness.peers.known_games import KnownGame


@dataclass(frozen=True, slots=True)
class Ladder:
    """One leaderboard.

    Attributes:
        name: Its name at Elo.
        game: Name of the game.
        settings: Settings under which rating matches are played (no reward shaping).
        players: Participants of a rated match: the teams, one policy holding all seats of each; the
            seats where each plays for itself; two for a time trial.
        bots: The bots that can play the game, and so anchor the ladder.
        is_shared: Whether all players of a game win and lose together; who is rated holds all
            seats.
        snapshots: The policies that are rated here, oldest first.
    """

    name: str
    game: str
    settings: GameSettings
    players: int
    bots: tuple[str, ...] = ()
    is_shared: bool = False
    snapshots: tuple[Snapshot, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A policy version that is kept for rating, and the ladder of the game it was trained on.

    One that `exploits` was trained against another policy alone, so it is nobody's champion.
    """

    name: str
    version: int
    ladder: Ladder
    exploits: bool = False

    @property
    def policy(self) -> str:
        """Its name on ladders: "name:version"."""
        return f"{self.name}:{self.version}"


def unshaped(settings: GameSettings) -> GameSettings:
    """The settings as matches are played under them: without reward shaping."""
    return replace(settings, shaping=0.0)


def ladder_of(game: KnownGame) -> Ladder:
    """The ladder on which matches of the game count; `game` is known under unshaped settings."""
    seats, teams = game.spec.seats, game.spec.teams
    trial = is_time_trial(seats, teams)
    return Ladder(
        game.ladder,
        game.spec.name,
        game.settings,
        2 if trial else sides(seats, teams),
        game.bots,
        is_shared=trial and seats > 1,
    )


def ladders(defaults: Iterable[Ladder], snapshots: Iterable[Snapshot]) -> list[Ladder]:
    """All ladders, by name: those that are there anyway, and those that snapshots are rated on."""
    found: dict[str, tuple[Ladder, list[Snapshot]]] = {one.name: (one, []) for one in defaults}
    for snapshot in sorted(snapshots, key=lambda one: (one.name, one.version)):
        own = snapshot.ladder
        found.setdefault(own.name, (own, []))[1].append(snapshot)
    return [
        replace(ladder, snapshots=tuple(members)) for _, (ladder, members) in sorted(found.items())
    ]
