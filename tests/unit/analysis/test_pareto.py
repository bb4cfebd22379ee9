"""Fronts, by hand and against the definition written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.analysis.pareto import pareto_front


def test_two_objectives_by_hand() -> None:
    # success (more), seconds (less)
    points = np.array([[0.9, 100.0], [0.8, 50.0], [0.85, 120.0], [0.95, 200.0], [0.8, 60.0]])
    assert pareto_front(points, (True, False)) == [0, 1, 3]


def test_equal_points_are_all_on_the_front() -> None:
    assert pareto_front(np.array([[1.0, 1.0], [1.0, 1.0], [2.0, 2.0]]), (False, False)) == [0, 1]


def test_one_objective_has_its_best() -> None:
    assert pareto_front(np.array([[3.0], [5.0], [5.0], [1.0]]), (True,)) == [1, 2]
    assert pareto_front(np.empty((0, 2)), (True, True)) == []


@given(
    st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=20),
    st.tuples(*[st.booleans()] * 3),
)
def test_as_defined(points: list[tuple[int, ...]], maximise: tuple[bool, ...]) -> None:
    def dominates(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
        gains = [x - y if up else y - x for x, y, up in zip(a, b, maximise, strict=True)]
        return min(gains) >= 0 and max(gains) > 0

    expected = [i for i, one in enumerate(points) if not any(dominates(o, one) for o in points)]
    assert pareto_front(np.array(points, float), maximise) == expected


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        pareto_front(np.array([[1.0, np.inf]]), (True, True))
    with pytest.raises(ValueError, match=r"\[points, 1\]"):
        pareto_front(np.array([[1.0, 2.0]]), (True,))
