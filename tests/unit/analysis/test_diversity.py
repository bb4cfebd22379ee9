"""Diversity of populations whose answer is known."""

import numpy as np
import pytest

from mazemesh.analysis.diversity import (
    behavioural_diversity,
    divergences,
    effective_diversity,
    nash,
)

CYCLE = np.array([[0.5, 0.0, 1.0], [1.0, 0.5, 0.0], [0.0, 1.0, 0.5]])


def test_rock_paper_scissors() -> None:
    """Each of three with probability 1/3; of nine pairs three are won: 3 / 9."""
    assert effective_diversity(CYCLE) == pytest.approx(1 / 3, abs=1e-4)


def test_players_of_whom_each_beats_all_before_it() -> None:
    ladder = np.tril(np.ones((6, 6)), -1) + 0.5 * np.eye(6)
    assert effective_diversity(ladder) == pytest.approx(0.0, abs=1e-3)


def test_copies_of_a_player_add_nothing() -> None:
    doubled = np.kron(CYCLE, np.ones((2, 2)))
    assert effective_diversity(doubled) == pytest.approx(1 / 3, abs=1e-3)


def test_one_that_all_lose_to_leaves_a_cycle_below_without_weight() -> None:
    score = np.full((4, 4), 0.0)
    score[:3, :3] = CYCLE
    score[3] = 1.0
    assert effective_diversity(score) == pytest.approx(0.0, abs=1e-3)


def test_who_has_not_met_is_even() -> None:
    assert effective_diversity(np.full((3, 3), np.nan)) == 0.0
    assert effective_diversity(np.zeros((0, 0))) == 0.0
    assert effective_diversity(np.array([[0.5]])) == 0.0


def test_the_equilibrium_of_an_uneven_cycle() -> None:
    """Of payoffs a, b, c round a cycle of three, p is proportional to who does not take part."""
    payoff = np.array([[0.0, -0.8, 0.6], [0.8, 0.0, -0.4], [-0.6, 0.4, 0.0]])
    np.testing.assert_allclose(nash(payoff), np.array([0.4, 0.6, 0.8]) / 1.8, atol=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_gains_by_leaving_an_equilibrium(seed: int) -> None:
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(12, 12))
    payoff = half - half.T
    mixture = nash(payoff)
    assert mixture.sum() == pytest.approx(1.0)
    assert (mixture >= 0).all()
    assert (payoff @ mixture).max() < 1e-4 * np.abs(payoff).max()


def test_divergence_by_hand() -> None:
    always, never, undecided = [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]
    found = divergences(np.array([[always], [never], [undecided]]))
    # H(3/4, 1/4) - (0 + 1) / 2 = 0.8113 - 0.5 bits.
    half = 2 - 0.75 * np.log2(3) - 0.5
    np.testing.assert_allclose(found, [[0, 1, half], [1, 0, half], [half, half, 0]], atol=1e-12)
    assert behavioural_diversity(np.array([[always], [never], [undecided]])) == pytest.approx(
        (1 + 2 * half) / 3
    )


def test_divergence_is_a_mean_over_situations() -> None:
    one, other = [[1.0, 0.0], [0.3, 0.7]], [[0.0, 1.0], [0.3, 0.7]]
    assert behavioural_diversity(np.array([one, other])) == pytest.approx(0.5)
    assert behavioural_diversity(np.array([one])) == 0.0
