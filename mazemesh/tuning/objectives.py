"""What a trial is judged by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mazemesh.errors import InvalidArgument


@dataclass(frozen=True)
class Objective:
    """One measure of a trial.

    Attributes:
        name: On the command line.
        maximise: More is better; else less is.
        unit: For axes.
        meaning: For people.
        to_target: Whether it counts until the target is reached, so that a trial that does not
            reach it has no value.
    """

    name: str
    maximise: bool
    unit: str
    meaning: str
    to_target: bool = False


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective(
            "success", True, "share of games", "success of the newest snapshot on held-out mazes"
        ),
        Objective(
            "rating", True, "Elo points", "highest lower bound (95 %) of a snapshot's rating"
        ),
        Objective("seconds", False, "s", "wall-clock until the target was seen", to_target=True),
        Objective("steps", False, "agent steps", "agent steps until the target", to_target=True),
        Objective("latency", False, "ms", "inference of 64 observations by one thread, median"),
        Objective("size", False, "bytes", "ONNX file of the policy"),
    )
}
"""By name."""


@dataclass(frozen=True)
class Target:
    """What `seconds` and `steps` run up to.

    Attributes:
        measure: "success" or "rating".
        least: Value that has to be reached.
    """

    measure: str
    least: float

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.measure}={self.least:g}"


def parse_objectives(names: Sequence[str]) -> tuple[Objective, ...]:
    """Objectives by their names.

    Raises:
        InvalidArgument: an unknown one, or one twice.
    """
    for name in names:
        if name not in OBJECTIVES:
            raise InvalidArgument(
                f"objective: {name!r} is unknown; there are {', '.join(OBJECTIVES)}"
            )
    if len(set(names)) < len(names):
        raise InvalidArgument(f"objective: {', '.join(names)} should be different ones")
    return tuple(OBJECTIVES[name] for name in names)


def parse_target(text: str) -> Target:
    """`success=0.9` or `rating=1200`.

    Raises:
        InvalidArgument: anything else.
    """
    measure, _, number = text.partition("=")
    least = _number(number)
    if measure not in ("success", "rating") or not math.isfinite(least):
        raise InvalidArgument(f"target: {text!r} should be success=SHARE or rating=POINTS")
    if measure == "success" and not 0 < least <= 1:
        raise InvalidArgument(f"target: success = {least:g} should be above 0 and at most 1")
    return Target(measure, least)


def parse_weights(text: str, objectives: Sequence[Objective]) -> dict[str, float]:
    """`rating=2,seconds=1`: weight by objective, 0 for those that are not named.

    Raises:
        InvalidArgument: an objective that the study does not have, a weight that is none, or no
            weight above 0.
    """
    weights = {objective.name: 0.0 for objective in objectives}
    for part in text.split(","):
        name, _, number = part.strip().partition("=")
        weight = _number(number)
        if name not in weights:
            raise InvalidArgument(
                f"choose: {name!r} is no objective of this study; there are {', '.join(weights)}"
            )
        if not 0 <= weight < math.inf:
            raise InvalidArgument(f"choose: {part.strip()!r} should be {name}=WEIGHT, from 0 up")
        weights[name] = weight
    if not any(weights.values()):
        raise InvalidArgument(f"choose: {text!r} should have a weight above 0")
    return weights


@dataclass(frozen=True)
class Measurement:
    """What a trial came to.

    Attributes:
        values: By objective's name; infinite where the target was not reached.
        shortfall: How far the trial stayed below the target; 0 or less when it reached it.
    """

    values: Mapping[str, float]
    shortfall: float = 0.0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
