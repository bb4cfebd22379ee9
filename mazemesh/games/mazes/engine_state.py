"""The state of games as values: what a clone, a pickle or a tree search carries from here to there.

All that the kernels keep from one call to the next is in the arrays of `State` and `Things`. What
is left out here is either the same in every engine of the same settings, or scratch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.mazes.kernels.state import IndexArray, State
from mazemesh.games.mazes.kernels.things import Things
from mazemesh.games.settings import GameSettings

CONSTANT = frozenset({"sides", "compass", "rays"})
"""Arrays that follow from the settings."""

SCRATCH = frozenset(
    {"ended", "target", "moving", "potential", "first", "second", "flight", "dropped"}
)
"""Arrays of no meaning between two calls."""


@dataclass(frozen=True, eq=False)
class EngineState:
    """The state of k games; it shares no memory with any engine.

    Attributes:
        game: Name of the game.
        version: Of its rules.
        settings: Resolved.
        arrays: By name, [k, ...] each: a row is all that an array holds of one game.
    """

    game: str
    version: int
    settings: GameSettings
    arrays: Mapping[str, npt.NDArray[Any]]

    @property
    def games(self) -> int:
        """How many there are."""
        return len(self.arrays["active"])

    def repeated(self, times: int) -> EngineState:
        """The state of `times` games, each a copy of the only one of this.

        Raises:
            InvalidArgument: It is of more games than one.
        """
        if self.games != 1:
            raise InvalidArgument(f"state: of {self.games} games; only that of one is repeated")
        arrays = {name: np.repeat(rows, times, axis=0) for name, rows in self.arrays.items()}
        return replace(self, arrays=arrays)


def rows_by_game(state: State, things: Things, num_games: int) -> dict[str, npt.NDArray[Any]]:
    """Views on what an engine keeps, by name, [num_games, ...]; writing into them is writing there.

    Args:
        state: Of an engine.
        things: Of the same; of no games, where its game has none.
        num_games: Games of the engine.
    """
    return {
        name: array.reshape(num_games, array.size // num_games) for name, array in _kept(state)
    } | {
        name: array.reshape(num_games, array.size // num_games)
        for name, array in _kept(things)
        if array.size
    }


def check_fits(
    state: EngineState, game: str, version: int, settings: GameSettings, chosen: IndexArray
) -> None:
    """Raises InvalidArgument: another game or settings, or another number of games."""
    if (state.game, state.version) != (game, version):
        raise InvalidArgument(
            f"state: of game {state.game} version {state.version}; this is {game} version {version}"
        )
    if state.settings != settings:
        raise InvalidArgument(f"state: of {state.settings}; the settings here are {settings}")
    if state.games != len(chosen):
        raise InvalidArgument(
            f"state: of {state.games} games, for {len(chosen)}; as many should be chosen"
        )


def _kept(arrays: State | Things) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    for name, array in arrays._asdict().items():
        if name not in CONSTANT | SCRATCH:
            yield name, array
