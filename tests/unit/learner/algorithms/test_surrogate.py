"""PPO's loss, in torch and compiled: gradients against automatic differentiation, cases by hand."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.ppo.update import Steps, Surrogate, compiled_surrogate, surrogate
from learner.network.architecture import ILLEGAL

Loss = Callable[[torch.Tensor, Steps, PPOConfig], Surrogate]
both = pytest.mark.parametrize("loss", [surrogate, compiled_surrogate])
CONFIG = PPOConfig(clip=0.2, entropy_cost=0.03, value_cost=0.5)


def random_steps(n: int, actions: int, seed: int) -> tuple[torch.Tensor, Steps]:
    """Outputs, and steps with some actions masked whose ratios leave the clip range."""
    generator = torch.Generator().manual_seed(seed)
    legal = torch.rand(n, actions, generator=generator) < 0.7
    action = torch.randint(actions, (n, 1), generator=generator)
    legal.scatter_(1, action, torch.ones_like(action, dtype=torch.bool))
    outputs = torch.randn(n, actions + 1, generator=generator)
    logits = outputs[:, :-1].masked_fill(~legal, float(ILLEGAL))
    now = torch.log_softmax(logits, 1).gather(1, action).squeeze(1)
    steps = Steps(
        observation=torch.zeros(n, 1),
        illegal=~legal,
        action=action,
        behaviour_log_probability=now + 0.3 * torch.randn(n, generator=generator),
        advantage=torch.randn(n, generator=generator),
        target=torch.randn(n, generator=generator),
        magnet=torch.log_softmax(
            torch.randn(n, actions, generator=generator).masked_fill(~legal, float(ILLEGAL)), 1
        ),
    )
    return outputs, steps


def loss_by_definition(
    outputs: torch.Tensor, steps: Steps, magnet_cost: float = 0.0
) -> torch.Tensor:
    logits, value = outputs[:, :-1].masked_fill(steps.illegal, float(ILLEGAL)), outputs[:, -1]
    log_policy = functional.log_softmax(logits, dim=1)
    chosen = log_policy.gather(1, steps.action).squeeze(1)
    ratio = (chosen - steps.behaviour_log_probability).exp()
    clipped = ratio.clamp(1 - CONFIG.clip, 1 + CONFIG.clip)
    policy_loss = -torch.minimum(ratio * steps.advantage, clipped * steps.advantage).mean()
    value_loss = 0.5 * (value - steps.target).square().mean()
    entropy = -(log_policy.exp() * log_policy).sum(dim=1).mean()
    loss = policy_loss + CONFIG.value_cost * value_loss - CONFIG.entropy_cost * entropy
    divergence = (log_policy.exp() * (log_policy - steps.magnet)).sum(dim=1).mean()
    return loss + magnet_cost * divergence


@both
@pytest.mark.parametrize("seed", range(5))
def test_gradients_are_those_of_automatic_differentiation(loss: Loss, seed: int) -> None:
    outputs, steps = random_steps(200, 5, seed)
    outputs.requires_grad_()
    (expected,) = torch.autograd.grad(loss_by_definition(outputs, steps), outputs)
    found = loss(outputs, steps, CONFIG)
    torch.testing.assert_close(found.gradient, expected, atol=1e-8, rtol=1e-4)
    policy_loss, value_loss, entropy, _, outside = found.statistics.tolist()
    total = policy_loss + CONFIG.value_cost * value_loss - CONFIG.entropy_cost * entropy
    assert total == pytest.approx(loss_by_definition(outputs, steps).item(), rel=1e-5)
    assert 0 < outside < 1


@both
def test_the_magnet_pulls_by_its_divergence(loss: Loss) -> None:
    outputs, steps = random_steps(100, 5, 9)
    outputs.requires_grad_()
    config = dataclasses.replace(CONFIG, magnet_cost=0.7)
    (expected,) = torch.autograd.grad(loss_by_definition(outputs, steps, 0.7), outputs)
    found = loss(outputs, steps, config).gradient
    torch.testing.assert_close(found, expected, atol=1e-7, rtol=1e-4)


@both
def test_two_actions_by_hand(loss: Loss) -> None:
    # pi = (1/2, 1/2), mu(a) = 1/4: the ratio is 2. A gain is clipped at 1.2 and pulls no more; a
    # loss is not clipped: gradient -r A (one at a - pi) = -2 * -1 * (1/2, -1/2) = (1, -1).
    steps = Steps(
        observation=torch.zeros(2, 1),
        illegal=torch.zeros(2, 2, dtype=torch.bool),
        action=torch.zeros(2, 1, dtype=torch.int64),
        behaviour_log_probability=torch.full((2,), math.log(0.25)),
        advantage=torch.tensor([1.0, -1.0]),
        target=torch.tensor([3.0, 0.0]),
        magnet=torch.zeros(2, 0),
    )
    config = dataclasses.replace(CONFIG, entropy_cost=0.0)
    found = loss(torch.tensor([[0.0, 0.0, 1.0]] * 2), steps, config)
    # A mean over two steps; by the value, value_cost * (V - target).
    expected = torch.tensor([[0.0, 0.0, -0.5], [0.5, -0.5, 0.25]])
    torch.testing.assert_close(found.gradient, expected)
    policy_loss, value_loss, entropy, kl, outside = found.statistics.tolist()
    assert policy_loss == pytest.approx((-1.2 + 2) / 2)
    assert value_loss == pytest.approx((4 + 1) / 4)
    assert entropy == pytest.approx(math.log(2))
    assert kl == pytest.approx(2 - 1 - math.log(2))
    assert outside == 1.0


def test_both_ways_of_computing_it_agree() -> None:
    outputs, steps = random_steps(300, 7, 11)
    config = dataclasses.replace(CONFIG, magnet_cost=0.2)
    one, other = surrogate(outputs, steps, config), compiled_surrogate(outputs, steps, config)
    torch.testing.assert_close(other.gradient, one.gradient, atol=1e-8, rtol=1e-4)
    torch.testing.assert_close(other.statistics, one.statistics, atol=1e-6, rtol=1e-5)
