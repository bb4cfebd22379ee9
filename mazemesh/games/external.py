"""A game that a simulator plays by itself: all that is known of it are an agent's spaces.

It is named `external:NAME`. An operator says what its agents see and do in a file in TOML, for the
learner alone: it travels with the versions that this publishes (`Collection.external`), and a
simulator tells the Model service the same (ExternalEpisodes in model.proto).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.game_names import check_external_name
from mazemesh.games.settings import GameSettings
from mazemesh.games.spaces import Box, Discrete, LeafSpace, MultiBinary, Space, told
from mazemesh.games.spaces.arrays import mask_columns, observation_columns
from mazemesh.games.spec import GameSpec, spec_of_spaces

_DEFAULTS = asdict(GameSettings())


@dataclass(frozen=True, slots=True)
class ExternalGame:
    """A `mazemesh.games.game.Game` that nobody here can play.

    Attributes:
        name: `external:NAME`.
        observation: What an agent sees.
        action: What it does.
    """

    name: str
    observation: Space
    action: Space

    def __post_init__(self) -> None:
        """Raises InvalidArgument: the name is none."""
        check_external_name(self.name)

    @property
    def version(self) -> int:
        """Of rules that are not known: 1."""
        return 1

    @property
    def summary(self) -> str:
        """One line for lists."""
        return f"{told(self.action)}, played by a simulator"

    @property
    def min_seats(self) -> int:
        """1: each agent is by itself."""
        return 1

    @property
    def max_seats(self) -> int:
        """1: each agent is by itself."""
        return 1

    @property
    def default_seats(self) -> int:
        """1: each agent is by itself."""
        return 1

    @property
    def bots(self) -> tuple[str, ...]:
        """None: bots are played by engines."""
        return ()

    @property
    def ranked_by_return(self) -> bool:
        """As of all games whose ends are not known."""
        return True

    def resolve(self, settings: GameSettings) -> GameSettings:
        """Return the settings: those of mazes do not apply.

        Raises:
            InvalidArgument: one is set.
        """
        for name, value in asdict(settings).items():
            if value != _DEFAULTS[name] and not (name == "seats" and value == 1):
                raise InvalidArgument(
                    f"{name}: {value} does not apply to game {self.name}, which a simulator plays"
                )
        return GameSettings(seats=1)

    def spec(self, settings: GameSettings | None = None) -> GameSpec:
        """Return its spec.

        Raises:
            InvalidArgument: a setting does not apply.
        """
        self.resolve(settings or GameSettings())
        return spec_of_spaces(self.name, self.observation, self.action)

    def engine_bytes(
        self, settings: GameSettings, num_games: int, *, draw_ahead: bool = False
    ) -> int:
        """Return 0: there is no engine."""
        return 0

    def first_columns(
        self, settings: GameSettings, seed: int, rows: int
    ) -> dict[str, npt.NDArray[Any]]:
        """Return observations drawn from the space, [rows, ...], and masks that allow everything.

        Nothing real is known before a simulator has played.
        """
        rng = np.random.default_rng(seed)
        seen: dict[str, npt.NDArray[Any]] = {
            column.name: _drawn(column.space, rows, rng).astype(column.dtype)
            for column in observation_columns(self.observation)
        }
        for column in mask_columns(self.action):
            seen[column.name] = np.ones((rows, *column.shape), np.uint8)
        return seen


def _drawn(space: LeafSpace, rows: int, rng: np.random.Generator) -> npt.NDArray[Any]:
    """Within the bounds, or around 0 where an element has not both."""
    shape = (rows, *space.shape)
    if isinstance(space, Discrete):
        return rng.integers(space.n, size=rows)
    if isinstance(space, MultiBinary):
        return rng.integers(2, size=shape)
    if not isinstance(space, Box):
        return rng.integers(np.asarray(space.counts), size=shape)
    low, high = (
        np.broadcast_to(np.asarray(bound, np.float64), space.size).reshape(space.shape)
        for bound in (space.low, space.high)
    )
    least, most = np.maximum(low, -1e3), np.minimum(high, 1e3)
    within = rng.uniform(np.minimum(least, most), np.maximum(least, most), shape)
    bounded = np.isfinite(low) & np.isfinite(high)
    found = np.clip(np.where(bounded, within, rng.standard_normal(shape)), low, high)
    return found if space.dtype == "float32" else np.floor(found)
