"""What is known to work: game settings, network and config for training each game."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from learner.bases.bounds import bounds, check_value
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings
from mazemesh.games.registry import is_own

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C")
D = TypeVar("D", bound="DataclassInstance")

# A step towards the exit earns its share of the way, whatever the learner's discount: the shaping's
# own is 1, the learner's lower. So optimal policies of the shaped game need not be those of the
# game, which one discount for both would promise, but it is learned much sooner (docs/adr/0098).
SHAPED = GameSettings(shaping=1.0, shaping_discount=1.0)


SMALL_CONTROL: Mapping[str, Any] = {"publish_steps": 200, "publish_seconds": 0.5}
"""Settings of the learner in games of a few numbers, which are learned in so few steps that a
version is soon outdated."""

ON_POLICY: Mapping[str, Any] = {**SMALL_CONTROL, "batches_ahead": 2}
"""The same for those who learn from what the present policy plays: one batch is played while
another is learned from, and none waits beside them. Learning is as from one batch after the other,
and no step of a small budget is spent on an outdated policy."""

NORMALIZED: Mapping[str, Any] = {**ON_POLICY, "normalize_observations": True}
"""The same where observations are of different sizes."""


@dataclass(frozen=True)
class Preset(Generic[C]):
    """Where a run starts from, before its own settings.

    Attributes:
        game_settings: Of training; the shaping is what the maze's distance adds to the reward.
        config: Of the algorithm.
        hidden: Widths of the network's hidden layers.
        games: That an actor plays at once.
        settings: Of the learner (`learner.settings`), where others than usual are better.
        shares: The value shares the policy's layers, also where it would have its own otherwise.
        ends: The learning rate reaches its end with the run, where that is known (`--steps`).
    """

    game_settings: GameSettings
    config: C
    hidden: tuple[int, ...] = (128, 128)
    games: int = 256
    settings: Mapping[str, Any] = field(default_factory=dict)
    shares: bool = False
    ends: bool = False


@dataclass(frozen=True)
class Presets(Generic[C]):
    """An algorithm's presets.

    Attributes:
        any_maze: A game without a line of its own trains like race: most games have opponents.
        any_foreign: Of a foreign game nothing is known: neither distances to shape by, nor how far
            ahead rewards lie.
        games: By name, where something else is better.
        families: By how names begin, where something else is better for all games of a package;
            the first that fits is taken, after `games`.
    """

    any_maze: Preset[C]
    any_foreign: Preset[C]
    games: Mapping[str, Preset[C]] = field(default_factory=dict)
    families: Mapping[str, Preset[C]] = field(default_factory=dict)

    def of(self, game: str) -> Preset[C]:
        """The preset for a game.

        One with arguments (after a `?`) is as without, and one that a module registers
        (`gymnasium:package.module:ID`) as the one of its id.
        """
        name = game.partition("?")[0]
        if name.count(":") == 2:
            name = f"{name.partition(':')[0]}:{name.rpartition(':')[2]}"
        if name in self.games:
            return self.games[name]
        fitting = (preset for begin, preset in self.families.items() if name.startswith(begin))
        return next(fitting, self.any_maze if is_own(game) else self.any_foreign)


def override(config: D, values: Mapping[str, float]) -> D:
    """The config with some fields set otherwise.

    Raises:
        InvalidArgument: no such field, a value beyond its bounds, a fraction where a whole number
            belongs, or values that do not go together.
    """
    within = bounds(type(config))
    changes: dict[str, Any] = {}
    for name, value in values.items():
        if name not in within:
            raise InvalidArgument(
                f"hyperparameters: {name!r} is unknown; there are {', '.join(sorted(within))}"
            )
        whole = isinstance(getattr(config, name), int)
        check_value(name, value, within[name], whole=whole)
        changes[name] = int(value) if whole else float(value)
    return dataclasses.replace(config, **changes)
