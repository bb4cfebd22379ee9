import numpy as np
import pytest

from services.elo.games.cycles import cycles
from services.elo.games.payoffs import PRIOR_GAMES, Payoffs
from tests.unit.elo.games.test_nash import ROCK_PAPER_SCISSORS

EXPECTED = np.array([[0.5, 0.7, 0.9], [0.3, 0.5, 0.8], [0.1, 0.2, 0.5]])


def payoffs(games: float, means: np.ndarray = EXPECTED) -> Payoffs:
    counts = np.full((3, 3), games)
    np.fill_diagonal(counts, 0.0)
    return Payoffs(counts * means, counts, EXPECTED)


def test_without_games_it_is_what_ratings_expect() -> None:
    np.testing.assert_allclose(payoffs(0.0).mean, EXPECTED)
    assert payoffs(0.0).deviation[0, 1] == pytest.approx(np.sqrt(0.21 / (PRIOR_GAMES + 1)))


def test_with_many_it_is_what_was_played() -> None:
    many = payoffs(10_000.0, ROCK_PAPER_SCISSORS)
    np.testing.assert_allclose(many.mean, ROCK_PAPER_SCISSORS, atol=1e-3)
    assert many.deviation.max() < 0.01


def test_draws_agree_with_themselves_and_with_the_posterior() -> None:
    some = payoffs(12.0)
    drawn = some.drawn(4000, np.random.default_rng(1))
    np.testing.assert_allclose(drawn + np.swapaxes(drawn, 1, 2), 1.0)
    np.testing.assert_allclose(drawn.mean(axis=0), some.mean, atol=0.01)
    np.testing.assert_allclose(drawn.std(axis=0), some.deviation, atol=0.01)


def test_residuals_show_who_does_better_than_rated() -> None:
    assert np.abs(payoffs(100.0).residuals()).max() < 1e-9
    turned = payoffs(100.0, ROCK_PAPER_SCISSORS).residuals()
    assert turned[0, 1] < -5 < 5 < turned[1, 0]
    np.testing.assert_allclose(turned, -turned.T)
    assert not payoffs(0.0).residuals().any()


def test_a_cycle_is_found_once_and_a_ladder_has_none() -> None:
    rng = np.random.default_rng(1)
    round_ = payoffs(400.0, ROCK_PAPER_SCISSORS).drawn(200, rng)
    (found,) = cycles(round_, 0.5, 10)
    # 0 beats 2, 2 beats 1, 1 beats 0.
    assert found.players == (0, 2, 1)
    assert found.chance > 0.99
    assert cycles(payoffs(400.0).drawn(200, rng), 0.05, 10) == []


def test_a_longer_cycle_has_one_of_three_in_it() -> None:
    n = 7
    beats = np.array([[(j - i) % n in (1, 2, 3) for j in range(n)] for i in range(n)])
    drawn = np.where(beats, 0.8, 0.2)[None]
    found = cycles(drawn, 0.5, 100)
    assert len(found) == n * (n * n - 1) // 24  # of a regular tournament (Kendall, Babington Smith)
    assert len(cycles(drawn, 0.5, 5)) == 5
