"""Problems whose fronts are known, and one that is slow or dies: for tests, also by their names."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from mazemesh.optimization import Evaluation, Objective, Problem, Variable
from mazemesh.optimization.problem import Floats


def _dtlz2(points: Floats) -> Floats:
    """Deb, Thiele, Laumanns and Zitzler, CEC 2002: the front is the unit sphere, all positive."""
    x, y = points[:, :2].T * np.pi / 2
    radius = 1 + ((points[:, 2:] - 0.5) ** 2).sum(axis=1)
    return radius[:, None] * np.column_stack(
        [np.cos(x) * np.cos(y), np.cos(x) * np.sin(y), np.sin(x)]
    )


def dtlz2(variables: int = 12, batch: int = 25) -> Problem:
    return Problem(
        "dtlz2",
        tuple(Variable(f"x{n}", 0.0, 1.0) for n in range(variables)),
        tuple(Objective(f"f{n}") for n in range(3)),
        _dtlz2,
        modes={"first": {"f0": 10.0, "f1": 1.0, "f2": 1.0}},
        batch=batch,
    )


def _parabola(x: float) -> tuple[float, float]:
    return x**2, -((x - 2) ** 2)


PARABOLA = Problem.pointwise(_parabola, {"x": (-10, 10)}, {"cost": "min", "gain": "max"})
"""Schaffer's: the front is 0 <= x <= 2."""


WHOLE = Problem(
    "whole",
    (Variable("x", 0, 3, whole=True), Variable("y", 0, 3, whole=True)),
    (Objective("f"), Objective("g", maximise=True)),
    lambda points: points.copy(),
    batch=40,
)
"""The front is x = 0 and y = 3, one point."""


def _beam(points: Floats) -> Evaluation:
    """Both grow with x + y, which has to be 1 at least."""
    total = points.sum(axis=1)
    return Evaluation(np.column_stack([points[:, 0], points[:, 1]]), (1.0 - total)[:, None])


BEAM = Problem(
    "beam",
    (Variable("x", 0, 1), Variable("y", 0, 1)),
    (Objective("f"), Objective("g")),
    _beam,
    constraints=("strong enough",),
    batch=40,
)

IMPOSSIBLE = Problem(
    "impossible",
    BEAM.variables,
    BEAM.objectives,
    lambda points: Evaluation(points, points + 1.0),
    constraints=("x below -1", "y below -1"),
)


def _slow(points: Floats) -> Floats:
    time.sleep(0.02)  # the work of a simulator
    return _dtlz2(points)


def slow() -> Problem:
    made = dtlz2(6, batch=5)
    return Problem("slow", made.variables, made.objectives, _slow, batch=5)


def dying(folder: str, times: int) -> Problem:
    """Its process ends by itself so many times."""

    def evaluate(points: Floats) -> Floats:
        deaths = len(list(Path(folder).iterdir()))
        if deaths < times:
            (Path(folder) / str(deaths)).touch()
            os._exit(9)
        return points

    return Problem("dying", BEAM.variables, BEAM.objectives, evaluate, batch=1000)


def hanging() -> Problem:
    def evaluate(points: Floats) -> Floats:
        time.sleep(60)
        return points

    return Problem("hanging", BEAM.variables, BEAM.objectives, evaluate, batch=1000)


def raising() -> Problem:
    def evaluate(points: Floats) -> Floats:
        raise ValueError("the simulator has no licence")

    return Problem("raising", BEAM.variables, BEAM.objectives, evaluate)
