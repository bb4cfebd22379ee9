"""What is to be done: a training run, or a search for hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mazemesh.errors import InvalidArgument
from mazemesh.training.sections import SETTINGS

Setting = str | float | bool | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Training:
    """A learner and its actors, on the mesh that runs.

    Attributes:
        game: To learn; one that the Game service allows.
        algorithm: By which.
        policy: Name to publish under.
        actors: Processes that play.
        games: That each of them plays at once; 0: as many as the preset has.
        seed: Of the run; None is a fresh one.
        hyperparameters: Of the algorithm, over the preset's.
        settings: Of the learner, those of `mazemesh.training.sections`.
    """

    game: str
    algorithm: str
    policy: str
    actors: int = 1
    games: int = 0
    seed: int | None = None
    hyperparameters: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_settings(self.settings)
        for name in self.hyperparameters:
            if not name.isidentifier():
                raise InvalidArgument(f"hyperparameters: {name[:40]!r} is no name of one")

    @property
    def kind(self) -> str:
        """As in the REST interface."""
        return "train"


@dataclass(frozen=True, slots=True)
class Tuning:
    """A study of `mazemesh tune`: each trial is a whole mesh of its own.

    Attributes:
        game: To learn.
        algorithm: By which.
        policy: Name of the study.
        space: Dimensions by name, as `mazemesh tune` takes them: `{"epochs": "1..4"}`.
        objectives: Names of what is looked at.
        target: As `success=0.9`; "": as the command has it.
        trials: In all.
        trial_seconds: Length of one.
        parallel: Trials at once.
        seed: Of every trial.
        settings: Of the learner in every trial.
    """

    game: str
    algorithm: str
    policy: str
    space: Mapping[str, str]
    objectives: tuple[str, ...] = ("success", "seconds")
    target: str = ""
    trials: int = 20
    trial_seconds: float = 180.0
    parallel: int = 1
    seed: int = 0
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_settings(self.settings)

    @property
    def kind(self) -> str:
        """As in the REST interface."""
        return "tune"


Work = Training | Tuning


def check_settings(settings: Mapping[str, Setting]) -> None:
    """Raises InvalidArgument: a setting that is not among those a job may have."""
    for name in settings:
        if name not in SETTINGS:
            raise InvalidArgument(
                f"settings.{name}: a job cannot set it; it should be one of "
                f"{', '.join(sorted(SETTINGS))}"
                if name.isidentifier()
                else f"settings: {name[:40]!r} is no setting's name"
            )


def to_json(work: Work) -> dict[str, Any]:
    """As plain values, with its kind."""
    return {"kind": work.kind, **asdict(work)}


def from_json(content: Mapping[str, Any]) -> Work:
    """Reverses `to_json`, also of values that were written as JSON."""
    values = {name: value for name, value in content.items() if name != "kind"}
    values["settings"] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values["settings"].items()
    }
    if content["kind"] == "train":
        return Training(**values)
    return Tuning(**{**values, "objectives": tuple(values["objectives"])})
