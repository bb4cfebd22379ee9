"""A finite choice: what every candidate comes to is known, so there is nothing to search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mazemesh.analysis.pareto import pareto_front
from mazemesh.errors import FailedPrecondition
from mazemesh.optimization.choosing import ParetoFront, Weighting
from mazemesh.optimization.problem import BALANCED, Floats, Objective


@dataclass(frozen=True)
class Candidates:
    """Things to choose from.

    Attributes:
        name: For people.
        labels: Of the candidates.
        objectives: What is wanted.
        values: [candidates, objectives].
        modes: Weight by objective, by mode, beside `balanced`.
    """

    name: str
    labels: tuple[str, ...]
    objectives: tuple[Objective, ...]
    values: Floats
    modes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.labels:
            raise FailedPrecondition(f"{self.name}: there is nothing to choose from yet")
        equal = {BALANCED: dict.fromkeys((one.name for one in self.objectives), 1.0)}
        object.__setattr__(self, "modes", {**equal, **self.modes})

    def front(self, weighting: Weighting) -> ParetoFront:
        """Those that no other one dominates."""
        found = pareto_front(self.values, [one.maximise for one in self.objectives])
        return ParetoFront(
            self.objectives,
            (),
            tuple(self.labels[number] for number in found),
            np.zeros((len(found), 0)),
            self.values[found],
            self.modes,
            weighting,
            {"problem": self.name, "candidates": len(self.labels)},
        )
