import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.elo.games.nash import equilibrium, skills

ROCK_PAPER_SCISSORS = np.array([[0.5, 0.0, 1.0], [1.0, 0.5, 0.0], [0.0, 1.0, 0.5]])


def random_payoffs(n: int, seed: int) -> np.ndarray:
    upper = np.triu(np.random.default_rng(seed).random((n, n)), 1)
    return upper + np.tril(1.0 - upper.T, -1) + np.eye(n) / 2.0


def test_a_cycle_is_shared_evenly() -> None:
    np.testing.assert_allclose(equilibrium(ROCK_PAPER_SCISSORS), 1.0 / 3.0, atol=1e-6)


def test_a_skewed_cycle_has_the_known_equilibrium() -> None:
    """With wins a, b, c of the three pairs the shares are as b : c : a (antisymmetric, n = 3)."""
    a, b, c = 0.2, 0.3, 0.1  # above 1/2: 0 over 1, 1 over 2, 2 over 0
    payoffs = np.array([[0.5, 0.5 + a, 0.5 - c], [0.5 - a, 0.5, 0.5 + b], [0.5 + c, 0.5 - b, 0.5]])
    np.testing.assert_allclose(equilibrium(payoffs), np.array([b, c, a]) / 0.6, atol=1e-3)


def test_who_beats_all_has_all() -> None:
    payoffs = np.array([[0.5, 0.6, 0.9], [0.4, 0.5, 0.7], [0.1, 0.3, 0.5]])
    np.testing.assert_allclose(equilibrium(payoffs), [1.0, 0.0, 0.0], atol=1e-6)


def test_copies_share_what_one_would_have() -> None:
    """Of several equilibria that of most entropy is taken."""
    copied = ROCK_PAPER_SCISSORS[np.ix_([0, 0, 1, 2], [0, 0, 1, 2])].copy()
    np.testing.assert_allclose(equilibrium(copied), [1 / 6, 1 / 6, 1 / 3, 1 / 3], atol=1e-3)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(0, 2**32))
def test_nobody_scores_more_than_half_against_it(n: int, seed: int) -> None:
    payoffs = random_payoffs(n, seed)
    shares = equilibrium(payoffs)
    assert shares.sum() == pytest.approx(1.0)
    assert skills(payoffs, shares).max() <= 0.5 + 1e-2
    assert (shares >= 0.0).all()
