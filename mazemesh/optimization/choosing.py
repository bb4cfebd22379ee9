"""Which point of a front: by TOPSIS, with stated weights or those of a named mode."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mazemesh.analysis.topsis import closeness
from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.optimization.problem import BALANCED, Floats, Objective


@dataclass(frozen=True)
class Weighting:
    """What counts how much.

    Attributes:
        name: Of the mode; "stated" for weights that were given.
        weights: By objective, from 0 up, not all 0; those that are missing are 0.
    """

    name: str
    weights: Mapping[str, float]


def weighting(
    objectives: Sequence[Objective],
    modes: Mapping[str, Mapping[str, float]],
    mode: str | None = None,
    weights: Mapping[str, float] | None = None,
) -> Weighting:
    """The weights that are meant: as given, else those of the mode, else `balanced`.

    Raises:
        InvalidArgument: both are given, there is no such mode or objective, or a weight is none.
    """
    if weights is None:
        wanted = mode or BALANCED
        if wanted not in modes:
            raise InvalidArgument(
                f"mode: {wanted!r} is unknown here; there are {', '.join(sorted(modes))}"
            )
        return Weighting(wanted, modes[wanted])
    if mode is not None:
        raise InvalidArgument("weights: a mode is given too; a mode has weights, so leave out one")
    names = [one.name for one in objectives]
    for name, weight in weights.items():
        if name not in names:
            raise InvalidArgument(
                f"weights: {name!r} is no objective; there are {', '.join(names)}"
            )
        if not 0 <= weight < math.inf:
            raise InvalidArgument(f"weights[{name}]: {weight} should be a number from 0 up")
    if not any(weights.values()):
        raise InvalidArgument("weights: one should be above 0")
    return Weighting("stated", dict(weights))


def parse_weights(text: str) -> dict[str, float]:
    """`revenue=2,power=1`.

    Raises:
        InvalidArgument: anything else.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = part.strip().partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise InvalidArgument(f"weights: {part.strip()!r} should be OBJECTIVE=NUMBER")
    return found


@dataclass(frozen=True)
class ParetoFront:
    """What a search came to, and what is chosen of it.

    Attributes:
        objectives: What was wanted.
        variables: Their names.
        labels: Of the points; by default their numbers.
        points: [points, variables].
        values: [points, objectives].
        modes: Weight by objective, by mode.
        weighting: By which is chosen.
        facts: How it was found, for people and files.
    """

    objectives: tuple[Objective, ...]
    variables: tuple[str, ...]
    labels: tuple[str, ...]
    points: Floats
    values: Floats
    modes: Mapping[str, Mapping[str, float]]
    weighting: Weighting
    facts: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not len(self.values):
            raise FailedPrecondition("the front is empty: there is no point to choose")

    def __len__(self) -> int:
        return len(self.values)

    def closeness(self, weights: Mapping[str, float] | None = None) -> Floats:
        """Closeness to the ideal, [points] in 0..1, by the weights or those of the weighting."""
        meant = self.weighting.weights if weights is None else weights
        return closeness(
            self.values,
            [meant.get(one.name, 0.0) for one in self.objectives],
            [one.maximise for one in self.objectives],
        )

    def chosen(self, weights: Mapping[str, float] | None = None) -> int:
        """Number of the point that is closest to the ideal; the first of equals."""
        return int(np.argmax(self.closeness(weights)))

    def by_mode(self) -> dict[str, int]:
        """Number of the point that each mode would choose."""
        return {name: self.chosen(weights) for name, weights in self.modes.items()}

    def settings(self, number: int) -> dict[str, float]:
        """A point as values by variable."""
        return dict(zip(self.variables, self.points[number].tolist(), strict=True))

    def outcome(self, number: int) -> dict[str, float]:
        """What a point comes to, by objective."""
        names = [one.name for one in self.objectives]
        return dict(zip(names, self.values[number].tolist(), strict=True))

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        close, chosen = self.closeness(), self.chosen()
        return {
            **self.facts,
            "objectives": [vars(one) for one in self.objectives],
            "weighting": {"name": self.weighting.name, "weights": dict(self.weighting.weights)},
            "chosen": {
                "number": chosen,
                "label": self.labels[chosen],
                "variables": self.settings(chosen),
                "values": self.outcome(chosen),
                "closeness": float(close[chosen]),
            },
            "by_mode": self.by_mode(),
            "front": [
                {
                    "label": self.labels[number],
                    "values": self.outcome(number),
                    "closeness": float(close[number]),
                    "variables": self.points[number].tolist(),
                }
                for number in range(len(self))
            ],
            "variables": list(self.variables),
        }
