"""What a problem is, and which ones are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.optimization import Evaluation, Objective, Problem, Variable
from tests.unit.optimization.known_problems import PARABOLA

X = (Variable("x", 0.0, 1.0),)
F = (Objective("f"),)


def same(points: Any) -> Any:
    return points


def test_a_function_of_one_point_becomes_a_problem() -> None:
    told = PARABOLA.evaluated(np.array([[0.0], [2.0], [3.0]]))
    np.testing.assert_array_equal(told.values, [[0, -4], [4, 0], [9, -1]])
    assert told.excess.shape == (3, 0)
    assert [one.maximise for one in PARABOLA.objectives] == [False, True]
    assert PARABOLA.modes == {"balanced": {"cost": 1.0, "gain": 1.0}}


def test_whole_numbers_are_rounded_and_stay_within_bounds() -> None:
    problem = Problem("p", (Variable("n", 1, 3, whole=True), Variable("x", 0, 1)), F, same)
    points = np.array([[0.6, -0.1], [3.4, 0.25], [1.5, 2.0]])
    np.testing.assert_array_equal(problem.rounded(points), [[1, 0], [3, 0.25], [2, 1]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"variables": ()}, "variables: 0 are given"),
        ({"variables": X + X}, "'x' is given twice"),
        ({"variables": (Variable("x", 1, 1),)}, r"variables\[x\]: 1\.\.1 should be"),
        ({"variables": (Variable("x", 0, np.inf),)}, "should be finite"),
        ({"objectives": ()}, "objectives: 0 are given"),
        ({"batch": 0}, "batch: 0"),
        ({"modes": {"fast": {"g": 1.0}}}, r"modes\[fast\]: 'g' is no objective; there are f"),
    ],
)
def test_what_makes_no_problem_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        Problem(**{"name": "p", "variables": X, "objectives": F, "evaluate": same, **given})


def test_a_direction_is_min_or_max() -> None:
    with pytest.raises(InvalidArgument, match=r"objectives\[f\]: 'less' should be min or max"):
        Problem.pointwise(lambda x: [x], {"x": (0, 1)}, {"f": "less"})


@pytest.mark.parametrize(
    ("evaluate", "message"),
    [
        (lambda points: points[:, 0], r"objectives of shape \(2,\); it should be \(2, 1\)"),
        (lambda points: points * np.nan, r"nan in column 0 of objectives at \(0.25\)"),
        (lambda points: Evaluation(points, points), r"constraints of shape \(2, 1\)"),
    ],
)
def test_what_an_evaluation_must_not_give(evaluate: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        Problem("p", X, F, evaluate).evaluated(np.array([[0.25], [0.5]]))
