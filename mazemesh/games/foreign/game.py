"""A foreign game as a rule set: its spec, without its code in this process."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.description import Description
from mazemesh.games.foreign.names import parse
from mazemesh.games.foreign.process import WorkerGone, WorkerProcess
from mazemesh.games.foreign.task import Task
from mazemesh.games.settings import GameSettings
from mazemesh.games.spec import Field, GameSpec, content_hash, spec_hash

DEFAULT_STEP_LIMIT = 10_000
"""Steps after which an episode is truncated, where neither environment nor settings say."""

_DEFAULTS = asdict(GameSettings())
_SAMPLE = 1024
_APPLICABLE = ("seats", "step_limit", "shaping_discount")


@dataclass(frozen=True, slots=True)
class ForeignGame:
    """A Gymnasium or PettingZoo environment.

    The score of a lone seat is 1 when its return reaches the environment's reward threshold and 0
    otherwise; of several seats, the share of the others whose return is lower. Of the bots there is
    `random`. Of the settings only `step_limit` applies.

    Attributes:
        name: Under which it is opened, arguments included.
        description: What the environment says of itself.
    """

    name: str
    description: Description

    @property
    def version(self) -> int:
        """The number that its name ends with."""
        return self.description.version

    @property
    def summary(self) -> str:
        """One line for lists."""
        return f"{self.description.num_actions} actions, from {self.description.package}"

    @property
    def min_seats(self) -> int:
        """Its agents, no fewer."""
        return self.description.seats

    @property
    def max_seats(self) -> int:
        """Its agents, no more."""
        return self.description.seats

    @property
    def default_seats(self) -> int:
        """Its agents."""
        return self.description.seats

    @property
    def bots(self) -> tuple[str, ...]:
        """Bots that can play it."""
        return ("random",)

    @property
    def ranked_by_return(self) -> bool:
        """Time trials compare returns: a longer game need not be a worse one."""
        return True

    def resolve(self, settings: GameSettings) -> GameSettings:
        """Return the settings with seats and step limit written out.

        Raises:
            InvalidArgument: A setting that only mazes have, another number of seats, or a step
                limit above the environment's own.
        """
        for name, value in asdict(settings).items():
            if name not in _APPLICABLE and value != _DEFAULTS[name]:
                raise InvalidArgument(
                    f"{name}: {value} does not apply to game {self.name}; it is a setting of mazes"
                )
        if settings.seats not in (0, self.description.seats):
            raise InvalidArgument(
                f"seats: game {self.name} has {self.description.seats}, not {settings.seats}"
            )
        own = self.description.step_limit
        if own and settings.step_limit > own:
            raise InvalidArgument(
                f"step_limit: {settings.step_limit} is above the {own} of game {self.name} itself"
            )
        limit = settings.step_limit or own or DEFAULT_STEP_LIMIT
        return GameSettings(seats=self.description.seats, step_limit=limit)

    def spec(self, settings: GameSettings | None = None) -> GameSpec:
        """Return the spec of this game under the settings (default: `GameSettings()`).

        Raises:
            InvalidArgument: The settings do not fit this game.
        """
        resolved = self.resolve(settings or GameSettings())
        described = self.description
        layout = (Field("observation", 0, described.observation_shape),)
        rules = {
            "name": self.name,
            "package": described.package,
            "seats": described.seats,
            "step_limit": resolved.step_limit,
        }
        return GameSpec(
            name=self.name,
            version=self.version,
            seats=described.seats,
            num_actions=described.num_actions,
            observation_size=described.observation_size,
            layout=layout,
            view=0,
            planes=0,
            step_limit=resolved.step_limit,
            rules_hash=content_hash(rules),
            spec_hash=spec_hash(layout, described.num_actions, described.observation_dtype),
            observation_dtype=described.observation_dtype,
            may_leave=described.may_leave,
        )

    def engine_bytes(
        self, settings: GameSettings, num_games: int, *, draw_ahead: bool = False
    ) -> int:
        """Return the bytes of the arrays of a `ForeignEngine`.

        What the environments keep for themselves is not known, and not in it.
        """
        from mazemesh.games.foreign.memory import shared_bytes

        # Each array begins at a round address, so the mean of many is what one takes.
        each = shared_bytes(self.description, _SAMPLE) // _SAMPLE + 1
        return shared_bytes(self.description, 1) + (num_games - 1) * each

    def first_columns(
        self, settings: GameSettings, seed: int, rows: int
    ) -> dict[str, npt.NDArray[Any]]:
        """Return what seat 0 sees in a game's first steps, [rows, ...], and its masks."""
        from mazemesh.games.foreign.engine import ForeignEngine

        engine = ForeignEngine(self, settings)
        try:
            engine.reset(seed=seed)
            observation, masks = [], []
            for step in range(rows):
                observation.append(engine.observation[0, 0].copy())
                masks.append(engine.action_mask[0, 0].copy())
                # All actions in turn; the engine replaces illegal ones.
                engine.step(np.full(engine.taken.shape, step % engine.spec.num_actions, np.int8))
        finally:
            engine.close()
        return {"observation": np.array(observation), "action_mask": np.array(masks)}


@lru_cache(maxsize=256)
def load(name: str) -> ForeignGame:
    """The foreign game of that name; asks a process once, which takes about a second.

    Raises:
        InvalidArgument: there is none, or none that is supported; says why.
    """
    parse(name)
    try:
        worker = WorkerProcess(Task(name))
    except WorkerGone as error:
        raise InvalidArgument(f"game {name}: {error}") from error
    worker.close()
    return ForeignGame(name, worker.description)
