"""Matches as Game is asked to create them, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mazemesh.games import GameSettings


@dataclass(frozen=True, slots=True)
class MatchSetup:
    """A match that Game is to create.

    Attributes:
        match_id: Unique for ever.
        game: Name of the game.
        settings: Its settings.
        seed: Seed of the maze, of the evaluation range.
        participants: Names, one a seat or one a team.
        rated: Whether the result goes to Elo.
        fence: Number of the lease under which it is played; 0 without any.
        rotations: How many are played; 0 is all of them.
        exhibition: Whether its result touches no rating but those of a ladder of its own.
        backfill: Whether a seat that stays empty may go to another player.
    """

    match_id: str
    game: str
    settings: GameSettings
    seed: int
    participants: tuple[str, ...]
    rated: bool
    fence: int = 0
    rotations: int = 0
    exhibition: bool = False
    backfill: bool = False


@dataclass(frozen=True, slots=True)
class CreatedGame:
    """One rotation of a match at Game.

    Attributes:
        game_id: Its name there.
        rotation: Its number among the match's rotations.
        seat_tokens: Who has the token may sit there; by seat, empty where Game plays (bots).
        seat_participants: Index into the match's participants, by seat.
    """

    game_id: str
    rotation: int
    seat_tokens: tuple[str, ...]
    seat_participants: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CreatedMatch:
    """A match whose games exist at Game.

    Attributes:
        match_id: Its id.
        games: Its rotations.
        game_address: Of the instance of Game that has it; empty where Game is one.
    """

    match_id: str
    games: Sequence[CreatedGame]
    game_address: str = ""


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A seat of a running game that another player may take.

    Attributes:
        match_id: Of its match.
        game_id: Of its game.
        seat: Which one.
        ladder: Of the game under its settings.
        participants: Names by seat; at `seat` the one who is away.
        game_address: Where players reach the instance of Game that has it; empty where Game is one.
        instance: Where it is reached from here.
    """

    match_id: str
    game_id: str
    seat: int
    ladder: str
    participants: tuple[str, ...]
    game_address: str = ""
    instance: str = ""

    @property
    def present(self) -> list[str]:
        """Who else takes part."""
        return [name for seat, name in enumerate(self.participants) if seat != self.seat]
