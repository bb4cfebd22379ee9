"""TD3 and DDPG: targets and gradients by their definitions; a problem to solve."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from learner.algorithms.ddpg import DDPGConfig
from learner.algorithms.td3 import TD3Config
from learner.bases.off_policy.uniform import NoisyConfig
from learner.device.place import as_tensor
from tests.unit.learner.algorithms.continuous import CPU, learner, reaching, transitions
from tests.unit.learner.algorithms.test_sac import q_by_definition
from tests.unit.learner.fakes import reloaded

TD3 = TD3Config(minibatch_size=32, minibatches_per_batch=2, policy_delay=2)
DDPG = DDPGConfig(minibatch_size=32, minibatches_per_batch=1)
both = pytest.mark.parametrize(("algorithm", "config"), [("td3", TD3), ("ddpg", DDPG)])


def greedy(network: Any, observation: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = network.outputs(observation)[:, :2].tanh()
    return found


@both
def test_first_step_is_that_of_the_definition(algorithm: str, config: NoisyConfig) -> None:
    one = dataclasses.replace(config, minibatches_per_batch=1, policy_delay=1)
    found, batch = learner(algorithm, one), transitions(32)
    rows = {name: as_tensor(value, CPU.device) for name, value in batch.columns.items()}
    scaled = (rows["action"] - torch.tensor([0.0, 0.5])) / torch.tensor([2.0, 0.5])
    count = 2 if algorithm == "td3" else 1
    with torch.no_grad():
        following = rows["next_observation"]
        action = greedy(found.network, following)
        if isinstance(one, TD3Config):
            # Fujimoto et al. 2018, equation 14: clipped noise, and the action within its bounds.
            noise = torch.randn(32, 2, generator=torch.Generator().manual_seed(0))
            near = (0.2 * noise).clamp(-0.5, 0.5)
            action = (action + near).clamp(-1.0, 1.0)
        told = [q_by_definition(found.critics, i, following, action) for i in range(count)]
        least = torch.stack(told).amin(dim=0)
        target = rows["n_step_return"] + rows["bootstrap_discount"] * least
    losses = [
        (q_by_definition(found.critics, i, rows["observation"], scaled) - target).square().mean()
        for i in range(count)
    ]
    loss = torch.stack(losses).sum() / 2
    expected = torch.autograd.grad(loss, list(found.critics.parameters()))
    found._descent.step = lambda: torch.tensor(0.0)
    statistics = found.update(batch).statistics
    assert statistics["critic_loss"] == pytest.approx(loss.item(), rel=1e-5)
    for parameter, wanted in zip(found.critics.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, wanted, atol=1e-6, rtol=1e-4)

    climbed = greedy(found.network, rows["observation"])
    loss = -q_by_definition(found.critics, 0, rows["observation"], climbed).mean()
    policy = list(found.network.parameters())
    gradients = torch.autograd.grad(loss, policy, allow_unused=True)
    for parameter, slope in zip(policy, gradients, strict=True):
        zeros = torch.zeros_like(parameter)
        wanted = zeros if slope is None else slope
        torch.testing.assert_close(parameter.grad, wanted, atol=1e-6, rtol=1e-4)


def test_policy_and_targets_move_after_every_second_step_of_the_critics() -> None:
    found = learner("td3", TD3)
    before = found._descent.vector.clone(), found.critics.weights[0].clone()
    targets = found._targets._vector.clone()
    seen = []
    climb = found._learn_policy
    found._learn_policy = lambda rows: (seen.append(found._critics_descent._steps), climb(rows))[1]
    found.update(transitions(64))
    found.update(transitions(64, 1))
    assert seen == [2, 4]
    assert found.updates == 4
    assert not torch.equal(before[0], found._descent.vector)
    assert not torch.equal(before[1], found.critics.weights[0])
    assert not torch.equal(targets, found._targets._vector)


def test_targets_go_a_share_of_the_way() -> None:
    found = learner("ddpg", DDPG)
    before = found._targets._vector.clone(), found._target_policy._vector.clone()
    found.update(transitions(32))
    share = DDPG.target_share
    for old, target, descent in zip(
        before,
        (found._targets, found._target_policy),
        (found._critics_descent, found._descent),
        strict=True,
    ):
        expected = (1 - share) * old + share * descent.vector
        torch.testing.assert_close(target._vector, expected)


def test_a_batch_has_whole_turns_of_both() -> None:
    with pytest.raises(ValueError, match="minibatches_per_batch = 3 should be a multiple of"):
        TD3Config(minibatches_per_batch=3)


@pytest.mark.slow
@both
def test_learns_to_reach(algorithm: str, config: NoisyConfig) -> None:
    larger = dataclasses.replace(
        config,
        minibatch_size=128,
        minibatches_per_batch=8,
        learning_rate=3e-3,
        critic_learning_rate=3e-3,
    )
    found = learner(algorithm, larger, hidden=(32, 32))
    for seed in range(40):
        found.update(reaching(1024, seed))
    observation = torch.tensor([[1.0, -1.0, 0.0], [-0.5, 0.5, 1.0]])
    with torch.no_grad():
        action = greedy(found.network, observation)
    torch.testing.assert_close(action, observation[:, :2] / 2, atol=0.15, rtol=0.0)


@both
def test_resumes_bit_for_bit(algorithm: str, config: NoisyConfig) -> None:
    straight, resumed = learner(algorithm, config), learner(algorithm, config, seed=9)
    for seed in range(3):
        straight.update(transitions(64, seed))
    resumed.restore(reloaded(straight.state()))
    for seed in range(3, 6):
        straight.update(transitions(64, seed))
        resumed.update(transitions(64, seed))
    expected = straight.network.parameters_as_arrays()
    for name, value in resumed.network.parameters_as_arrays().items():
        np.testing.assert_array_equal(value, expected[name])
