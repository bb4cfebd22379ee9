"""From hyperparameters to flags of `mazemesh up`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, get_args

from mazemesh.errors import InvalidArgument
from mazemesh.tuning.space import Dimension, Value, parse_dimension

if TYPE_CHECKING:
    from learner.run import Run

_OF_THE_MESH = {"actors": 1, "games": 2}
"""Flags of the mesh, and the least they can be."""
_FIXED = frozenset(
    {"algorithm", "data_dir", "device", "game", "hyperparameters", "log_format", "log_level"}
    | {"metrics_port", "model_address", "policy", "replay_address", "seed", "snapshot_seconds"}
    | {"exploit_steps", "exploit_win_rate", "exploits", "exploits_pool", "pool"}
    | {"matchmaker_address"}
    | {"config", "lockstep", "steps", "tracking"}
)
"""Settings of the learner that a trial needs as they are."""


class Flags:
    """The names that a space may have: hyperparameters, flags of the learner, or of the mesh.

    Args:
        game: Of the study.
        algorithm: Of the study; with the game it decides which hyperparameters there are.
        learner: Further flags of the learner, the same in every trial.

    Raises:
        InvalidArgument: no such game or algorithm, or flags that the learner refuses.
    """

    def __init__(self, game: str, algorithm: str, learner: Sequence[str] = ()) -> None:
        from learner.settings import LearnerSettings

        self._game, self._algorithm, self._learner = game, algorithm, tuple(learner)
        config = self._run({}).config
        self._hyperparameters = {
            field.name: isinstance(getattr(config, field.name), int)
            for field in dataclasses.fields(config)
        }
        self._settings = {
            name: _is_whole(field.annotation)
            for name, field in LearnerSettings.model_fields.items()
            if name not in _FIXED
        }

    def dimensions(self, space: Mapping[str, str]) -> dict[str, Dimension]:
        """The space, with every name known and every bound accepted by the learner.

        Raises:
            InvalidArgument: an unknown name, a dimension that cannot be read, or a value that the
                learner refuses.
        """
        if not space:
            raise InvalidArgument(
                "space: name what to search, e.g. learning_rate=log:1e-4..3e-3; there are "
                f"{self._names()}"
            )
        found = {
            name: parse_dimension(name, text, whole=self._whole(name))
            for name, text in space.items()
        }
        for name, dimension in found.items():
            for end in dimension.ends():
                self._check(name, end)
        return found

    def of(self, parameters: Mapping[str, Value]) -> list[str]:
        """Flags of `mazemesh up`."""
        mesh = [f"--{name}={parameters[name]}" for name in _OF_THE_MESH if name in parameters]
        return mesh + [f"--learner={flag}" for flag in self._of_learner(parameters)]

    def _of_learner(self, parameters: Mapping[str, Value]) -> list[str]:
        flags = [
            f"--{name.replace('_', '-')}={value}"
            for name, value in parameters.items()
            if name in self._settings and name not in self._hyperparameters
        ]
        own = [
            f"{name}={value}" for name, value in parameters.items() if name in self._hyperparameters
        ]
        if own:
            flags.append(f"--hyperparameters={','.join(own)}")
        return [*self._learner, *flags]

    def _whole(self, name: str) -> bool:
        if name in _OF_THE_MESH:
            return True
        for known in (self._hyperparameters, self._settings):
            if name in known:
                return known[name]
        raise InvalidArgument(
            f"space: {name!r} is unknown to {self._algorithm}; there are {self._names()}"
        )

    def _names(self) -> str:
        known = sorted({*self._hyperparameters, *self._settings, *_OF_THE_MESH})
        return ", ".join(known)

    def _check(self, name: str, value: Value) -> None:
        if name in _OF_THE_MESH:
            least = _OF_THE_MESH[name]
            if not str(value).isdigit() or int(value) < least:
                raise InvalidArgument(
                    f"space: {name} = {value} should be a whole number from {least} up"
                )
            return
        try:
            self._run({name: value})
        except InvalidArgument as error:
            raise InvalidArgument(f"space: {error}") from error

    def _run(self, parameters: Mapping[str, Value]) -> Run:
        """The run that a trial would be."""
        from learner.run import Run
        from learner.settings import LearnerSettings
        from mazemesh.process.errors import StartError
        from mazemesh.process.settings import parse_settings

        flags = self._of_learner(parameters) if parameters else list(self._learner)
        own = [f"--game={self._game}", f"--algorithm={self._algorithm}"]
        try:
            return Run.of(parse_settings(LearnerSettings, [*own, *flags], "learner"))
        except StartError as error:
            raise InvalidArgument(str(error)) from error


def _is_whole(annotation: object) -> bool:
    kinds = {annotation, *get_args(annotation)}
    return int in kinds and float not in kinds
