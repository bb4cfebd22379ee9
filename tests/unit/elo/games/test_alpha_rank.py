import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.elo.games.alpha_rank import ALPHA, POPULATION, alpha_rank
from tests.unit.elo.games.test_nash import ROCK_PAPER_SCISSORS, random_payoffs


def plain(payoffs: np.ndarray, alpha: float) -> np.ndarray:
    """By the formulas of the paper as they stand, and powers of the matrix."""
    n = len(payoffs)
    moves = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            x = alpha * (payoffs[j, i] - payoffs[i, j])
            grows = 1 / POPULATION if x == 0 else (1 - np.exp(-x)) / (1 - np.exp(-POPULATION * x))
            moves[i, j] = grows / (n - 1)
        moves[i, i] = 1 - moves[i].sum()
    lasting: np.ndarray = np.linalg.matrix_power(moves, 2**24)[0]
    return lasting


def test_a_cycle_is_shared_evenly() -> None:
    np.testing.assert_allclose(alpha_rank(ROCK_PAPER_SCISSORS), 1.0 / 3.0)


def test_the_example_of_a_biased_cycle() -> None:
    """Players of a cycle have it all; one who loses to each of them has nothing."""
    payoffs = np.full((4, 4), 0.5)
    payoffs[:3, :3] = ROCK_PAPER_SCISSORS
    payoffs[:3, 3], payoffs[3, :3] = 0.8, 0.2
    np.testing.assert_allclose(alpha_rank(payoffs), [1 / 3, 1 / 3, 1 / 3, 0.0], atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 8), st.integers(0, 2**32), st.sampled_from([0.1, 0.5]))
def test_it_is_what_the_formulas_give(n: int, seed: int, alpha: float) -> None:
    payoffs = random_payoffs(n, seed)
    np.testing.assert_allclose(alpha_rank(payoffs, alpha), plain(payoffs, alpha), atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 64), st.integers(0, 2**32))
def test_who_beats_all_has_all_whatever_the_rest(n: int, seed: int) -> None:
    payoffs = random_payoffs(n, seed)
    payoffs[0, 1:], payoffs[1:, 0] = 0.9, 0.1
    assert alpha_rank(payoffs)[0] == pytest.approx(1.0)


def test_no_size_of_advantage_is_too_large() -> None:
    for alpha in (1e-9, 1.0, ALPHA, 1e6):
        shares = alpha_rank(random_payoffs(20, 1), alpha)
        assert np.isfinite(shares).all()
        assert shares.sum() == pytest.approx(1.0)
