"""What the engine and the plain reference ask of a game of mazes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mazemesh.games.settings import GameSettings
from mazemesh.games.spec import GameSpec


class PlayedGame(Protocol):
    """A game as it is played; see `mazemesh.games.mazes.game.MazeGame` for what they mean."""

    @property
    def name(self) -> str:
        """Name in the registry."""
        ...

    @property
    def may_stay(self) -> bool:
        """Whether staying is a legal action."""
        ...

    @property
    def has_things(self) -> bool:
        """Whether more than players moves or lies in its mazes."""
        ...

    @property
    def items(self) -> Callable[[GameSettings], int]:
        """Returns how many things lie in the maze, given resolved settings."""
        ...

    def resolve(self, settings: GameSettings) -> GameSettings:
        """Return the settings with seats and step limit written out."""
        ...

    def spec(self, settings: GameSettings | None = None) -> GameSpec:
        """Return its spec under the settings."""
        ...
