"""A foreign game as a rule set: its spec, without its code in this process."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.bots import RANDOM
from mazemesh.games.foreign.environments.episodes import DEFAULT_STEP_LIMIT
from mazemesh.games.foreign.environments.names import parse
from mazemesh.games.foreign.processes.process import WorkerGone, WorkerProcess
from mazemesh.games.foreign.processes.task import Task
from mazemesh.games.foreign.seats.description import Description
from mazemesh.games.settings import GameSettings
from mazemesh.games.spaces import Discrete, single, told
from mazemesh.games.spec import Field, GameSpec, content_hash, spaces_hash

_DEFAULTS = asdict(GameSettings())
_SAMPLE = 1024
_APPLICABLE = ("seats", "step_limit", "shaping_discount")


@dataclass(frozen=True, slots=True)
class ForeignGame:
    """A Gymnasium or PettingZoo environment.

    The score of a lone seat is 1 when its return reaches the environment's reward threshold and 0
    otherwise; of several seats, the share of the others whose return is lower. Of the bots there is
    `random`. Of the settings only `step_limit` applies. What each seat sees and does are columns
    (`mazemesh.games.spaces`).

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
        return f"{told(self.description.action_space)}, from {self.description.package}"

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
        if self.description.vector and settings.step_limit not in (0, own):
            raise InvalidArgument(
                f"step_limit: {settings.step_limit} does not apply to game {self.name}, a vector, "
                "which ends its episodes itself"
            )
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
        seen, done = single(described.observation_space), single(described.action_space)
        layout = (Field("observation", 0, seen.shape),) if seen else ()
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
            num_actions=done.n if isinstance(done, Discrete) else 0,
            observation_size=seen.size if seen else 0,
            layout=layout,
            view=0,
            planes=0,
            step_limit=resolved.step_limit,
            rules_hash=content_hash(rules),
            spec_hash=spaces_hash(described.observation_space, described.action_space),
            observation_dtype=seen.dtype if seen else "columns",
            may_leave=described.may_leave,
            may_wait=described.may_wait,
            observation_space=described.observation_space,
            action_space=described.action_space,
            state_space=described.state_space,
            agents=described.agents if described.seats > 1 else (),
        )

    def engine_bytes(
        self, settings: GameSettings, num_games: int, *, draw_ahead: bool = False
    ) -> int:
        """Return the bytes of the arrays of a `ForeignEngine`.

        What the environments keep for themselves is not known, and not in it.
        """
        from mazemesh.games.foreign.seats.memory import shared_bytes

        # Each array begins at a round address, so the mean of many is what one takes.
        each = shared_bytes(self.description, _SAMPLE, with_state=False) // _SAMPLE + 1
        return shared_bytes(self.description, 1, with_state=False) + (num_games - 1) * each

    def first_columns(
        self, settings: GameSettings, seed: int, rows: int
    ) -> dict[str, npt.NDArray[Any]]:
        """Return what seat 0 sees in a game's first steps, [rows, ...], and its masks."""
        from mazemesh.games.foreign.engine import ForeignEngine

        engine = ForeignEngine(self, settings)
        try:
            engine.next_controller[...] = RANDOM
            engine.reset(seed=seed)
            kept: dict[str, list[npt.NDArray[Any]]] = {}
            for _ in range(rows):
                for name, column in (*engine.observations.items(), *engine.action_masks.items()):
                    kept.setdefault(name, []).append(column[0, 0].copy())
                engine.step(np.zeros_like(engine.taken))
        finally:
            engine.close()
        return {name: np.array(column) for name, column in kept.items()}


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
