"""The value scale against its definition."""

import math

import numpy as np
import pytest
import torch

from mazemesh.rescaling import EPSILON, rescale, unscale

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
