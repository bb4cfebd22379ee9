"""V-trace against cases that were computed by hand, and against a plain recursion."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from learner.bases.on_policy.vtrace import VTrace, vtrace


def run(
    reward: list[float],
    value: list[float],
    next_value: list[float],
    *,
    ratio: list[float] | None = None,
    terminated: int | None = None,
    truncated: int | None = None,
    discount: float = 0.5,
    trace: float = 1.0,
) -> VTrace:
    """One unroll; the ends are given by their step."""
    steps = range(len(reward))

    def row(values: list[float]) -> torch.Tensor:
        return torch.tensor([values], dtype=torch.float32)

    return vtrace(
        row(ratio or [1.0] * len(reward)),
        row(reward),
        row(value),
        row(next_value),
        torch.tensor([[step == terminated for step in steps]]),
        torch.tensor([[step == truncated for step in steps]]),
        discount=discount,
        trace=trace,
    )


def test_on_policy_with_full_traces_the_target_is_the_discounted_return() -> None:
    # 1 + 0.5 * (2 + 0.5 * (4 + 0.5 * 8)) = 4; then 2 + 0.5 * 8 = 6; then 4 + 0.5 * 8 = 8.
    result = run([1, 2, 4], [10, 20, 30], [20, 30, 8])
    assert result.target.tolist() == [[4, 6, 8]]
    assert result.advantage.tolist() == [[-6, -14, -22]]


def test_termination_cuts_bootstrap_and_trace() -> None:
    # Step 1 ends the episode: its target is its reward; step 2 belongs to the next episode.
    result = run([1, 2, 4], [0, 0, 0], [0, 100, 8], terminated=1)
    assert result.target.tolist() == [[2, 2, 8]]


def test_truncation_bootstraps_but_cuts_the_trace() -> None:
    # Step 1 bootstraps from the final observation's value 6: 2 + 0.5 * 6 = 5, whatever comes after.
    result = run([1, 2, 4], [0, 0, 0], [0, 6, 8], truncated=1)
    assert result.target.tolist() == [[3.5, 5, 8]]


def test_ratios_are_clipped_at_one_and_weigh_target_not_own_advantage() -> None:
    # Last step: td = 4 + 0.5 * 8 - 0 = 8, rho = 0.25: target 2, advantage 8.
    # Step 0: td = 1 + 0.5 * 0 - 0 = 1, rho = min(1, 3): target = 1 + 0.5 * 2 = 2.
    result = run([1, 4], [0, 0], [0, 8], ratio=[3.0, 0.25])
    assert result.target.tolist() == [[2, 2]]
    assert result.advantage.tolist() == [[2, 8]]


def test_trace_shortens_the_horizon() -> None:
    # trace 0: one-step targets.
    result = run([1, 2, 4], [0, 0, 0], [10, 20, 8], trace=0.0)
    assert result.target.tolist() == [[6, 12, 8]]


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_definition_as_a_sum(seed: int) -> None:
    """Espeholt et al. 2018, equation 1, summed out for every start, with episode ends."""
    rng = np.random.default_rng(seed)
    length, discount, trace = 7, 0.9, 0.8
    reward, value, next_value = rng.normal(size=(3, length))
    ratio = rng.uniform(0.1, 2.0, length)
    end = rng.random(length)
    terminated, truncated = end < 0.2, end > 0.8
    rho = np.minimum(1.0, ratio)
    gamma = discount * ~terminated
    target = value.copy()
    for start in range(length):
        weight = 1.0
        for t in range(start, length):
            target[start] += weight * rho[t] * (reward[t] + gamma[t] * next_value[t] - value[t])
            weight *= gamma[t] * trace * rho[t] * (not truncated[t])
    tensors = [torch.tensor(x[None], dtype=torch.float64) for x in (ratio, reward, value)]
    result = vtrace(
        *tensors,
        torch.tensor(next_value[None]),
        torch.tensor(terminated[None]),
        torch.tensor(truncated[None]),
        discount=discount,
        trace=trace,
    )
    np.testing.assert_allclose(result.target[0].numpy(), target, rtol=1e-6)
