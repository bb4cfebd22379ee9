import numpy as np
import pytest

from services.elo.gate.forgetting import beta_distribution, chance_worse


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (3.5, 9.5), (200.5, 180.5), (1.0, 400.0)])
def test_the_distribution_is_the_integral_of_its_density(a: float, b: float) -> None:
    rng = np.random.default_rng(1)
    drawn = rng.beta(a, b, 200_000)
    for x in (0.01, 0.3, 0.5, 0.9):
        assert beta_distribution(x, a, b) == pytest.approx(float((drawn < x).mean()), abs=0.006)


def test_values_of_a_table() -> None:
    # I_x(1, 1) is uniform; I_x(2, 2) = 3 x^2 - 2 x^3; the arcsine law has its median in the middle.
    assert beta_distribution(0.3, 1.0, 1.0) == pytest.approx(0.3)
    assert beta_distribution(0.3, 2.0, 2.0) == pytest.approx(3 * 0.09 - 2 * 0.027)
    assert beta_distribution(0.5, 0.5, 0.5) == pytest.approx(0.5)
    assert (beta_distribution(0.0, 2.0, 3.0), beta_distribution(1.0, 2.0, 3.0)) == (0.0, 1.0)


def test_losses_against_an_ancestor_tell() -> None:
    assert chance_worse(0.0, 0.0) == pytest.approx(0.5)
    assert chance_worse(3.0, 20.0) > 0.99
    assert chance_worse(17.0, 20.0) < 0.01
    assert chance_worse(9.0, 20.0) == pytest.approx(1.0 - chance_worse(11.0, 20.0))
