"""TOPSIS against an example computed by hand."""

import numpy as np
import pytest

from mazemesh.analysis.topsis import closeness

# rating (more is better), seconds (less is better), weights 2 and 1, so 2/3 and 1/3.
POINTS = np.array([[1400.0, 100.0], [1300.0, 40.0], [1200.0, 20.0]])


def test_by_hand() -> None:
    # Shares of the range: (1, 0), (1/2, 3/4), (0, 1); times the weights:
    # (2/3, 0), (1/3, 1/4), (0, 1/3). The best is (2/3, 1/3), the worst (0, 0).
    # a: to best 1/3, to worst 2/3            -> 2/3
    # b: to best sqrt(1/9 + 1/144) = sqrt(17)/12, to worst sqrt(1/9 + 1/16) = 5/12 -> 5/(5+sqrt(17))
    # c: to best 2/3, to worst 1/3            -> 1/3
    expected = [2 / 3, 5 / (5 + np.sqrt(17)), 1 / 3]
    np.testing.assert_allclose(closeness(POINTS, (2, 1), (True, False)), expected, rtol=1e-12)


def test_only_the_ratio_of_weights_counts() -> None:
    one = closeness(POINTS, (2, 1), (True, False))
    np.testing.assert_allclose(closeness(POINTS, (20, 10), (True, False)), one, rtol=1e-12)


def test_neither_the_zero_of_the_ratings_nor_a_unit_counts() -> None:
    moved = POINTS * [1.0, 1000.0] + [5000.0, 0.0]
    expected = closeness(POINTS, (2, 1), (True, False))
    np.testing.assert_allclose(closeness(moved, (2, 1), (True, False)), expected, rtol=1e-12)


def test_a_weight_of_zero_leaves_an_objective_out() -> None:
    np.testing.assert_allclose(closeness(POINTS, (0, 1), (True, False)), [0, 0.75, 1])
    np.testing.assert_allclose(closeness(POINTS, (1, 0), (True, False)), [1, 0.5, 0])


def test_a_better_point_is_closer() -> None:
    close = closeness(np.array([[1.0, 5.0], [2.0, 4.0], [1.5, 4.5]]), (1, 1), (True, False))
    assert close[1] == 1.0 > close[2] > close[0] == 0.0


def test_points_that_do_not_differ() -> None:
    np.testing.assert_array_equal(closeness(np.ones((2, 2)), (1, 1), (True, True)), [1, 1])
    np.testing.assert_array_equal(closeness(np.ones((1, 2)), (1, 1), (True, False)), [1])


@pytest.mark.parametrize("weights", [(0, 0), (-1, 2), (np.nan, 1), (1,)])
def test_weights_that_mean_nothing_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="should be"):
        closeness(POINTS, weights, (True, False))
