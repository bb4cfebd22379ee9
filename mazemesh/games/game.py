"""A game: rules under a name, and what it is like under settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from mazemesh.games.settings import GameSettings
from mazemesh.games.spec import GameSpec

if TYPE_CHECKING:
    import numpy.typing as npt


class Game(Protocol):
    """What there is to know of a game before it is played, by `mazemesh.games.engines`.

    Those of mazemesh are `mazemesh.games.mazes.game.MazeGame`, those of others
    `mazemesh.games.foreign.ForeignGame`.
    """

    @property
    def name(self) -> str:
        """Under which it is opened."""
        ...

    @property
    def version(self) -> int:
        """Raised whenever the same seed and actions lead to another course of play."""
        ...

    @property
    def summary(self) -> str:
        """One line for lists."""
        ...

    @property
    def min_seats(self) -> int:
        """Fewest players."""
        ...

    @property
    def max_seats(self) -> int:
        """Most players."""
        ...

    @property
    def default_seats(self) -> int:
        """Players where the settings say 0."""
        ...

    @property
    def bots(self) -> tuple[str, ...]:
        """Which of `BOTS` can play it."""
        ...

    @property
    def ranked_by_return(self) -> bool:
        """Whether time trials of one seat compare returns, not steps to the solution."""
        ...

    def resolve(self, settings: GameSettings) -> GameSettings:
        """Return the settings with seats and step limit written out.

        Raises:
            InvalidArgument: the settings do not fit this game.
        """
        ...

    def spec(self, settings: GameSettings | None = None) -> GameSpec:
        """Return the spec of this game under the settings (default: `GameSettings()`).

        Raises:
            InvalidArgument: the settings do not fit this game.
        """
        ...

    def engine_bytes(
        self, settings: GameSettings, num_games: int, *, draw_ahead: bool = False
    ) -> int:
        """Return the bytes of an engine's arrays, about; nothing is allocated to find out.

        Args:
            settings: Resolved.
            num_games: Of the engine.
            draw_ahead: As for `mazemesh.games.engines.new_engine`.
        """
        ...

    def first_columns(
        self, settings: GameSettings, seed: int, rows: int
    ) -> dict[str, npt.NDArray[Any]]:
        """Return what seat 0 sees early in games and its masks, [rows, ...] by column.

        Together they are what a policy without memory is fed.
        """
        ...
