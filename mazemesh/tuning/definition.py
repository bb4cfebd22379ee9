"""What a study searches for, and under which conditions: fixed for its life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mazemesh.errors import Conflict
from mazemesh.tuning.objectives import Objective, Target, parse_objectives, parse_target


@dataclass(frozen=True)
class Definition:
    """A study.

    Attributes:
        game: Game that trials learn.
        algorithm: By which they do.
        space: Dimensions by name, as written.
        objectives: Names.
        target: As written; "" for none.
        seconds: Length of a trial.
        snapshots: Snapshots in that time.
        seed: Of every trial, so that they differ by their hyperparameters alone.
        learner: Further flags of the learner, the same in every trial.
    """

    game: str
    algorithm: str
    space: Mapping[str, str]
    objectives: tuple[str, ...]
    target: str
    seconds: float
    snapshots: int = 8
    seed: int = 0
    learner: tuple[str, ...] = field(default=())

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Definition:
        """Reverses `to_json`."""
        lists = {name: tuple(data[name]) for name in ("objectives", "learner")}
        return cls(**{**data, **lists})

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        plain = asdict(self)
        return {**plain, **{name: list(plain[name]) for name in ("objectives", "learner")}}

    def parsed_objectives(self) -> tuple[Objective, ...]:
        """The objectives themselves."""
        return parse_objectives(self.objectives)

    def parsed_target(self) -> Target | None:
        """The target itself."""
        return parse_target(self.target) if self.target else None

    def check_same(self, given: Mapping[str, Any], study: str) -> None:
        """What is asked for now must be what the study was begun with.

        Raises:
            Conflict: something given differs; names all that does.
        """
        mine = self.to_json()
        other = [
            f"{name} {mine[name]!r}, not {value!r}"
            for name, value in given.items()
            if mine[name] != value
        ]
        if other:
            raise Conflict(
                f"study {study!r} was begun with {'; '.join(other)}; leave it out to go on, "
                "or choose another --study"
            )
