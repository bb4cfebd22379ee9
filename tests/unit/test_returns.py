"""Returns and weights by hand, and the value scale against its definition."""

import math

import numpy as np
import pytest
import torch

from mazemesh.returns import EPSILON, importance_weights, n_step_targets, rescale, unscale

VALUES = [-1000.0, -3.0, -0.5, -1e-6, 0.0, 1e-6, 0.2, 1.0, 7.0, 300.0]


@pytest.mark.parametrize("value", VALUES)
def test_it_is_the_function_of_the_paper(value: float) -> None:
    defined = math.copysign(math.sqrt(abs(value) + 1) - 1, value) + EPSILON * value
    assert rescale(value) == pytest.approx(defined, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("value", VALUES)
def test_the_inverse_undoes_it(value: float) -> None:
    assert unscale(rescale(value)) == pytest.approx(value, rel=1e-9, abs=1e-12)


def test_float32_keeps_its_digits_near_zero_in_numpy_and_torch() -> None:
    small = np.array([1e-4, -2e-3, 0.05, 1.0], np.float32)
    np.testing.assert_allclose(unscale(rescale(small)), small, rtol=1e-6)
    tensor = torch.from_numpy(small)
    np.testing.assert_array_equal(rescale(tensor).numpy(), rescale(small))
    assert unscale(tensor).dtype == torch.float32


def test_importance_weights_undo_the_draw() -> None:
    # N P = 2 and 0.5: raised to -1 they are 0.5 and 2, over their maximum 0.25 and 1.
    weights = importance_weights(np.array([0.5, 0.125]), table_size=4, exponent=1.0)
    np.testing.assert_allclose(weights, [0.25, 1.0])
    np.testing.assert_allclose(importance_weights(np.array([0.5, 0.125]), 4, 0.0), [1.0, 1.0])


def test_returns_end_where_episodes_do() -> None:
    reward, value = np.ones((1, 3), np.float32), np.full((1, 4), 8.0, np.float32)
    no, second = np.zeros((1, 3), bool), np.array([[False, True, False]])

    def targets(terminated: np.ndarray, truncated: np.ndarray) -> list[float]:
        found = n_step_targets(reward, value, terminated, truncated, n_step=2, discount=0.5)
        return found[0].tolist()

    assert targets(no, no) == [3.5, 3.5, 5.0]
    assert targets(second, no) == [1.5, 1.0, 5.0]
    assert targets(no, second) == [5.0, 8.0, 5.0]
