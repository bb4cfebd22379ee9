import numpy as np
import pytest

from mazemesh.collecting.acting import SoftmaxActing
from mazemesh.policy.sampling import ape_x_epsilons, epsilon_greedy, log_probability, sample

LOGITS = np.array([[0.0, 1.0, -1e9, 2.0, -1e9]], np.float32)


def test_sampling_follows_the_softmax() -> None:
    rng = np.random.default_rng(1)
    draws = sample(np.repeat(LOGITS, 40_000, axis=0), 1.0, rng)
    expected = np.exp(LOGITS[0]) / np.exp(LOGITS[0]).sum()
    frequency = np.bincount(draws, minlength=5) / len(draws)
    # Four standard errors of a share of 40,000 draws.
    assert np.abs(frequency - expected).max() < 4 * np.sqrt(0.25 / 40_000)
    assert frequency[2] == frequency[4] == 0


def test_temperature_sharpens_and_zero_is_greedy() -> None:
    rng = np.random.default_rng(2)
    many = np.repeat(LOGITS, 4_000, axis=0)
    cool, warm = (np.mean(sample(many, t, rng) == 3) for t in (0.5, 1.0))
    assert cool > warm
    assert (sample(many, 0.0, rng) == 3).all()


def test_log_probability_is_that_of_the_softmax() -> None:
    logits = np.array([[0.5, -0.5, 2.0], [1.0, 1.0, -1e9]], np.float32)
    expected = [2.0 - np.log(np.exp([0.5, -0.5, 2.0]).sum()), np.log(0.5)]
    assert log_probability(logits, np.array([2, 0], np.int8)) == pytest.approx(expected, rel=1e-6)


def test_epsilon_greedy_explores_legal_actions_only_and_as_often_as_told() -> None:
    rng = np.random.default_rng(3)
    count = 30_000
    mask = np.tile(np.array([1, 1, 0, 1, 0], np.uint8), (count, 1))
    epsilon = np.full(count, 0.3, np.float32)
    actions = epsilon_greedy(np.repeat(LOGITS, count, axis=0), mask, epsilon, rng)
    frequency = np.bincount(actions, minlength=5) / count
    assert frequency == pytest.approx([0.1, 0.1, 0.0, 0.8, 0.0], abs=0.01)


def test_ape_x_ladder_runs_from_base_to_base_to_the_power() -> None:
    ladder = ape_x_epsilons(8, 0.4, 7.0)
    assert ladder[0] == pytest.approx(0.4)
    assert ladder[-1] == pytest.approx(0.4**8)
    assert (np.diff(ladder) < 0).all()
    assert ape_x_epsilons(1, 0.4, 7.0) == pytest.approx([0.4])


def test_the_student_draws_anew_in_every_step() -> None:
    acting = SoftmaxActing(np.random.default_rng(4))
    many, mask = np.repeat(LOGITS, 1_000, axis=0), np.ones((1_000, 5), np.uint8)
    steps = [acting.student(many, mask, np.arange(len(many))) for _ in range(40)]
    assert len({step.tobytes() for step in steps}) == 40
    expected = np.exp(LOGITS[0]) / np.exp(LOGITS[0]).sum()
    frequency = np.bincount(np.concatenate(steps), minlength=5) / 40_000
    assert np.abs(frequency - expected).max() < 4 * np.sqrt(0.25 / 40_000)
