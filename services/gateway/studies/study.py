"""A study as a table of points: what was tried, what it came to, and what none is better than."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from mazemesh.analysis.pareto import pareto_front
from mazemesh.analysis.topsis import closeness
from mazemesh.errors import InvalidArgument

Kind = Literal["tune", "optimize"]


@dataclass(frozen=True)
class Goal:
    """An objective.

    Attributes:
        name: Of it.
        maximise: More is better; else less is.
        unit: Of its values.
        meaning: For people.
    """

    name: str
    maximise: bool
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Point:
    """Something that was tried.

    Attributes:
        label: Number of the trial, or name of the point.
        state: "complete", "pruned" or "failed".
        variables: By name.
        values: By objective; empty where there is no result.
        error: Why it failed.
        run: Id of the run whose curves it left; "" where there are none.
    """

    label: str
    state: str
    variables: Mapping[str, float | str]
    values: Mapping[str, float]
    error: str = ""
    run: str = ""


@dataclass(frozen=True)
class Study:
    """A search.

    Attributes:
        kind: Of it.
        name: Of its folder.
        about: What was searched, for people: game, algorithm, generations, ...
        goals: What was wanted.
        points: What was tried.
        modes: Named weights of the objectives.
    """

    kind: Kind
    name: str
    about: Mapping[str, Any]
    goals: tuple[Goal, ...]
    points: tuple[Point, ...]
    modes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def variables(self) -> list[str]:
        """Names of all variables, in the order of the first point that has them."""
        return list(dict.fromkeys(name for point in self.points for name in point.variables))

    def front(self) -> list[int]:
        """Numbers of the points that none dominates."""
        known = [number for number, point in enumerate(self.points) if self._comparable(point)]
        if not known:
            return []
        maximise = [goal.maximise for goal in self.goals]
        return [known[index] for index in pareto_front(self._matrix(known), maximise)]

    def closeness(self, weights: Mapping[str, float]) -> dict[int, float]:
        """Closeness of the front's points to the ideal by weights, 0..1, by number.

        Raises:
            InvalidArgument: a weight of no objective or below 0, or none above 0.
        """
        names = [goal.name for goal in self.goals]
        for name, weight in weights.items():
            if name not in names:
                raise InvalidArgument(
                    f"weights: {name!r} is no objective; there are {', '.join(names)}",
                    field="weights",
                )
            if not 0 <= weight < math.inf:
                raise InvalidArgument(
                    f"weights: {name}={weight:g} should be from 0 up", field="weights"
                )
        scale = [weights.get(name, 0.0) for name in names] if weights else [1.0] * len(names)
        if weights and not any(scale):
            raise InvalidArgument("weights: one should be above 0", field="weights")
        front = self.front()
        if not front:
            return {}
        maximise = [goal.maximise for goal in self.goals]
        shares = closeness(self._matrix(front), scale, maximise)
        return {number: float(share) for number, share in zip(front, shares, strict=True)}

    def _comparable(self, point: Point) -> bool:
        return all(math.isfinite(point.values.get(goal.name, math.nan)) for goal in self.goals)

    def _matrix(self, numbers: Sequence[int]) -> np.ndarray[Any, np.dtype[np.float64]]:
        rows = [[self.points[one].values[goal.name] for goal in self.goals] for one in numbers]
        return np.array(rows, np.float64)


def parse_weights(text: str) -> dict[str, float]:
    """`rating=2,seconds=1`; "" is nothing.

    Raises:
        InvalidArgument: anything else.
    """
    found = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, number = part.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise InvalidArgument(
                f"weights: {part!r} should be OBJECTIVE=NUMBER", field="weights"
            ) from None
    return found
