"""What is optimized: variables within bounds, objectives, constraints, and named weightings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument

Floats = npt.NDArray[np.float64]

MAX_VARIABLES = 100_000
MAX_OBJECTIVES = 15
BALANCED = "balanced"
"""The mode that every problem has: all objectives weigh the same."""


@dataclass(frozen=True)
class Variable:
    """One number that may be chosen.

    Attributes:
        name: For people and files.
        low, high: Bounds, both included.
        whole: Whole numbers only.
        unit: For people.
    """

    name: str
    low: float
    high: float
    whole: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Objective:
    """One thing that is wanted.

    Attributes:
        name: For people, files and weights.
        maximise: More is better; else less is.
        unit: For axes.
        meaning: For people.
    """

    name: str
    maximise: bool = False
    unit: str = ""
    meaning: str = ""

    @property
    def label(self) -> str:
        """With unit and direction, for axes and tables."""
        direction = "more" if self.maximise else "less"
        return f"{self.name} ({self.unit + ', ' if self.unit else ''}{direction} is better)"


@dataclass(frozen=True)
class Evaluation:
    """What points came to.

    Attributes:
        values: [points, objectives], in the problem's own directions and units.
        excess: [points, constraints]; a constraint holds where it is at most 0.
    """

    values: Floats
    excess: Floats


Evaluate = Callable[[Floats], "Floats | Evaluation"]
"""[points, variables] to [points, objectives], or to both values and excess."""


@dataclass(frozen=True)
class Problem:
    """What is optimized.

    Attributes:
        name: For people.
        variables: What may be chosen, in the order of `evaluate`'s columns.
        objectives: What is wanted.
        evaluate: Tells what points come to. It is called with `batch` points or fewer, in
            processes of its own, and must always tell the same of the same points: a search that
            goes on after it was stopped rests on it.
        constraints: Names of what has to hold.
        modes: Weight by objective, by the name of a situation; `balanced` is always there.
        batch: Points of one call. More spare calls, fewer spread over more processes.
        meaning: In one sentence.
    """

    name: str
    variables: tuple[Variable, ...]
    objectives: tuple[Objective, ...]
    evaluate: Evaluate
    constraints: tuple[str, ...] = ()
    modes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    batch: int = 1
    meaning: str = ""

    def __post_init__(self) -> None:
        """Checks it.

        Raises:
            InvalidArgument: names what is wrong.
        """
        _check_variables(self.variables)
        _check_names("objectives", [one.name for one in self.objectives], MAX_OBJECTIVES)
        if self.batch < 1:
            raise InvalidArgument(f"batch: {self.batch} should be 1 or more")
        known = {one.name for one in self.objectives}
        everything = {BALANCED: dict.fromkeys(known, 1.0), **self.modes}
        for mode, weights in everything.items():
            if unknown := sorted(weights.keys() - known):
                raise InvalidArgument(
                    f"modes[{mode}]: {unknown[0]!r} is no objective; there are "
                    f"{', '.join(sorted(known))}"
                )
        object.__setattr__(self, "modes", MappingProxyType(everything))

    @classmethod
    def pointwise(
        cls,
        function: Callable[..., Sequence[float]],
        variables: Mapping[str, tuple[float, float]],
        objectives: Mapping[str, str],
        **further: Any,
    ) -> Problem:
        """Of a function of one point, called by keyword: `function(x=..., y=...)`.

        Args:
            function: Gives a number for each objective.
            variables: Bounds by name.
            objectives: "min" or "max" by name.
            **further: As `Problem` has them.

        Raises:
            InvalidArgument: a direction is neither; or as `Problem`.
        """
        for name, direction in objectives.items():
            if direction not in ("min", "max"):
                raise InvalidArgument(f"objectives[{name}]: {direction!r} should be min or max")
        names = tuple(variables)

        def evaluate(points: Floats) -> Floats:
            rows = [function(**dict(zip(names, map(float, x), strict=True))) for x in points]
            return np.asarray(rows, np.float64)

        return cls(
            further.pop("name", getattr(function, "__name__", "function")),
            tuple(Variable(name, *bounds) for name, bounds in variables.items()),
            tuple(Objective(name, way == "max") for name, way in objectives.items()),
            evaluate,
            **further,
        )

    def rounded(self, points: Floats) -> Floats:
        """Points as they are evaluated: within bounds, whole where they have to be."""
        low, high = self.bounds()
        whole = np.array([one.whole for one in self.variables])
        rounded: Floats = np.clip(np.where(whole, np.rint(points), points), low, high)
        return rounded

    def bounds(self) -> tuple[Floats, Floats]:
        """Low and high, [variables] each."""
        low = np.array([one.low for one in self.variables], np.float64)
        return low, np.array([one.high for one in self.variables], np.float64)

    def evaluated(self, points: Floats) -> Evaluation:
        """What points come to, checked.

        Raises:
            InvalidArgument: `evaluate` gave another shape than it should, or no finite number.
        """
        found = self.evaluate(points)
        if not isinstance(found, Evaluation):
            found = Evaluation(np.asarray(found, np.float64), np.zeros((len(points), 0)))
        values = np.asarray(found.values, np.float64)
        excess = np.asarray(found.excess, np.float64)
        for what, array, columns in (
            ("objectives", values, len(self.objectives)),
            ("constraints", excess, len(self.constraints)),
        ):
            if array.shape != (len(points), columns):
                raise InvalidArgument(
                    f"{self.name}: evaluate gave {what} of shape {array.shape}; it should be "
                    f"{(len(points), columns)}, [points, {what}]"
                )
            if not np.isfinite(array).all():
                row, column = np.argwhere(~np.isfinite(array))[0]
                raise InvalidArgument(
                    f"{self.name}: evaluate gave {array[row, column]} in column {column} of "
                    f"{what} at {_shown(points[row])}; it should be finite"
                )
        return Evaluation(values, excess)


def whole(name: str, value: Any, least: int, most: int) -> None:
    """Checks a parameter of a problem, which may have come as text.

    Raises:
        InvalidArgument: it is no whole number, or out of its range.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidArgument(f"{name}: {value!r} should be a whole number, {least}..{most}")


def _check_variables(variables: Sequence[Variable]) -> None:
    _check_names("variables", [one.name for one in variables], MAX_VARIABLES)
    for one in variables:
        if not (np.isfinite([one.low, one.high]).all() and one.low < one.high):
            raise InvalidArgument(
                f"variables[{one.name}]: {one.low}..{one.high} should be finite, low below high"
            )


def _check_names(what: str, names: Sequence[str], most: int) -> None:
    if not 1 <= len(names) <= most:
        raise InvalidArgument(f"{what}: {len(names)} are given; there should be 1..{most}")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidArgument(f"{what}: {twice!r} is given twice")


def _shown(point: Floats) -> str:
    numbers = ", ".join(f"{x:.6g}" for x in point[:8])
    return f"({numbers}{', ...' if len(point) > 8 else ''})"
