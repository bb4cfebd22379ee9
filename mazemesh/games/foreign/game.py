"""A foreign game as a rule set: its spec, without its code in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import NoReturn

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.description import Description
from mazemesh.games.foreign.names import parse
from mazemesh.games.foreign.process import WorkerGone, WorkerProcess
from mazemesh.games.foreign.task import Task
from mazemesh.games.game import Game
from mazemesh.games.settings import GameSettings
from mazemesh.games.spec import Field, GameSpec, content_hash, spec_hash

DEFAULT_STEP_LIMIT = 10_000
"""Steps after which an episode is truncated, where neither environment nor settings say."""

_DEFAULTS = asdict(GameSettings())
_APPLICABLE = ("seats", "step_limit", "shaping_discount")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignGame(Game):
    """A Gymnasium or PettingZoo environment.

    The score of a lone seat is 1 when its return reaches the environment's reward threshold and 0
    otherwise; of several seats, the share of the others whose return is lower. Of the bots there is
    `random`. Of the settings only `step_limit` applies.

    Attributes:
        description: What the environment says of itself.
    """

    description: Description

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
    described = worker.description
    return ForeignGame(
        name=name,
        version=described.version,
        summary=f"{described.num_actions} actions, from {described.package}",
        min_seats=described.seats,
        max_seats=described.seats,
        default_seats=described.seats,
        may_stay=True,
        load_step=_no_kernel,
        overview=(),
        description=described,
    )


def _no_kernel() -> Callable[..., int]:
    return _refuse


def _refuse(*_: object) -> NoReturn:
    raise TypeError("a foreign game has no compiled step; make its engine by new_engine")
