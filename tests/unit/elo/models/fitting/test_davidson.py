import numpy as np
import pytest

from services.elo.models.fitting.davidson import derivatives, outcomes

WINS, DRAWS, LOSSES = (np.array(column) for column in ([3.0, 0.5], [1.0, 2.0], [0.0, 4.0]))
AT = np.array([0.7, -1.3])


def test_odds_are_those_of_the_paper() -> None:
    found = outcomes(np.array([0.8]), np.log(0.6))
    assert found.win / found.loss == pytest.approx(np.exp(0.8))
    assert found.draw / np.sqrt(found.win * found.loss) == pytest.approx(0.6)
    assert found.win + found.draw + found.loss == pytest.approx(1.0)


def test_variance_is_that_of_the_score() -> None:
    found = outcomes(AT, np.log(0.6))
    squares = found.win + found.draw / 4.0
    np.testing.assert_allclose(found.variance, squares - found.score**2)


def test_no_difference_is_too_large() -> None:
    found = outcomes(np.array([5000.0, -5000.0]), -50.0)
    np.testing.assert_array_equal(found.score, [1.0, 0.0])
    some = derivatives(np.array([5000.0]), 3.0, *(np.array([value]) for value in (2.0, 0.0, 1.0)))
    assert some.value == pytest.approx(-5000.0)


def test_derivatives_are_those_of_finite_differences() -> None:
    def value(difference: np.ndarray, log_nu: float) -> float:
        found = outcomes(difference, log_nu)
        logs = WINS * np.log(found.win) + DRAWS * np.log(found.draw) + LOSSES * np.log(found.loss)
        return float(logs.sum())

    log_nu, step = -0.4, 1e-4
    found = derivatives(AT, log_nu, WINS, DRAWS, LOSSES)
    middle = value(AT, log_nu)
    assert found.value == pytest.approx(middle)
    up, down = value(AT, log_nu + step), value(AT, log_nu - step)
    assert found.nu_slope == pytest.approx((up - down) / (2 * step), abs=1e-6)
    assert found.nu_curvature == pytest.approx(-(up - 2 * middle + down) / step**2, abs=1e-5)
    for row in range(2):
        move = np.zeros(2)
        move[row] = step
        up, down = value(AT + move, log_nu), value(AT - move, log_nu)
        assert found.slope[row] == pytest.approx((up - down) / (2 * step), abs=1e-6)
        assert found.curvature[row] == pytest.approx(-(up - 2 * middle + down) / step**2, abs=1e-5)
        corner = [
            value(AT + first * move, log_nu + second * step) * first * second
            for first in (1, -1)
            for second in (1, -1)
        ]
        assert found.mixed[row] == pytest.approx(-sum(corner) / (4 * step**2), abs=1e-5)


def test_many_cells_have_what_few_have() -> None:
    rng = np.random.default_rng(2)
    difference = np.concatenate([rng.normal(0, 3, 5000), [0.0, 700.0, -5000.0, 1e-9]])
    wins, draws, losses = rng.random((3, len(difference)))
    many = derivatives(difference, -0.4, wins, draws, losses)
    few = [
        derivatives(*(column[start : start + 500] for column in (difference,)), -0.4,
                    wins[start : start + 500], draws[start : start + 500],
                    losses[start : start + 500])
        for start in range(0, len(difference), 500)
    ]  # fmt: skip
    assert many.value == pytest.approx(sum(part.value for part in few), rel=1e-12)
    assert many.nu_slope == pytest.approx(sum(part.nu_slope for part in few), rel=1e-12)
    assert many.nu_curvature == pytest.approx(sum(part.nu_curvature for part in few), rel=1e-12)
    for column in ("slope", "curvature", "mixed"):
        expected = np.concatenate([getattr(part, column) for part in few])
        np.testing.assert_allclose(getattr(many, column), expected, rtol=1e-9, atol=1e-14)
    chances = outcomes(difference, -0.4)
    np.testing.assert_allclose(chances.win[:500], outcomes(difference[:500], -0.4).win, rtol=1e-12)
    np.testing.assert_allclose(chances.win + chances.draw + chances.loss, 1.0)
