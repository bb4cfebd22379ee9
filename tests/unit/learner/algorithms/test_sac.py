"""Soft actor-critic: densities, targets and gradients by their definitions; a problem to solve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from learner.algorithms.algorithm import Start
from learner.algorithms.sac import SACConfig
from learner.algorithms.sac.discrete import DiscreteSAC
from learner.algorithms.sac.update import squashed
from learner.device.place import as_tensor
from learner.network.architecture import Architecture, initial_parameters
from learner.network.distributions import SquashedGaussian
from learner.network.gradients.descent import ALONE
from tests.unit.learner.algorithms.continuous import CPU, learner, reaching, transitions
from tests.unit.learner.fakes import FakeBatch, reloaded

CONFIG = SACConfig(minibatch_size=32, minibatches_per_batch=1, temperature=0.5, discount=0.9)


def tensors(batch: FakeBatch) -> dict[str, torch.Tensor]:
    return {name: as_tensor(value, CPU.device) for name, value in batch.columns.items()}


def test_one_action_by_hand() -> None:
    # u = 0: tanh(0) = 0, where the slope of tanh is 1: the density is the Gaussian's own.
    action, log_prob = squashed(torch.zeros(1, 1), torch.zeros(1, 1), torch.zeros(1, 1))
    assert (action.item(), log_prob.item()) == (0.0, pytest.approx(-0.5 * math.log(2 * math.pi)))
    # u = 1/2 + 1/4 * 2 = 1: a = tanh(1), density N(2; 0, 1) / (1/4) / (1 - tanh(1)^2).
    mean, log_std = torch.tensor([[0.5]]), torch.tensor([[math.log(0.25)]])
    action, log_prob = squashed(mean, log_std, torch.tensor([[2.0]]))
    expected = -2.0 - 0.5 * math.log(2 * math.pi) - math.log(0.25) - math.log(1 - math.tanh(1) ** 2)
    assert action.item() == pytest.approx(math.tanh(1))
    assert log_prob.item() == pytest.approx(expected, rel=1e-5)


def test_density_is_that_of_the_published_distribution() -> None:
    generator = torch.Generator().manual_seed(0)
    mean, log_std, noise = (torch.randn(50, 2, generator=generator) for _ in range(3))
    action, log_prob = squashed(mean, log_std * 0.3, noise)
    ones = torch.ones(2)
    there = SquashedGaussian(mean, log_std * 0.3, -ones, ones).log_prob(action)
    inside = action.abs().amax(dim=1) < 0.999  # nearer to a bound an action does not tell its u
    torch.testing.assert_close(log_prob[inside], there[inside], atol=1e-3, rtol=1e-3)


def heads(network: Any, observation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    outputs = network.outputs(observation)
    return outputs[:, :2], outputs[:, 2:4]


def q_by_definition(critics: Any, index: int, state: torch.Tensor, action: torch.Tensor) -> Any:
    """One of the critics, layer by layer."""
    flow = torch.cat([state, action], dim=1)
    for layer, (weight, bias) in enumerate(zip(critics.weights, critics.biases, strict=True)):
        flow = flow @ weight[index] + bias[index]
        flow = flow.relu() if layer < len(critics.weights) - 1 else flow
    return flow.squeeze(1)


def test_gradients_are_those_of_the_definition() -> None:
    """Haarnoja et al. 2018, equations 5, 9 and 18, by automatic differentiation."""
    sac, batch = learner("sac", CONFIG), transitions(32)
    rows, alpha = tensors(batch), 0.5
    noise = torch.randn(32, 2, 2, generator=torch.Generator().manual_seed(0))
    scaled = (rows["action"] - torch.tensor([0.0, 0.5])) / torch.tensor([2.0, 0.5])
    with torch.no_grad():
        following = rows["next_observation"]
        action, log_prob = squashed(*heads(sac.network, following), noise[:, 0])
        both = [q_by_definition(sac._targets.network, i, following, action) for i in (0, 1)]
        soft = torch.minimum(*both) - alpha * log_prob
        target = rows["n_step_return"] + rows["bootstrap_discount"] * soft
    losses = [
        (q_by_definition(sac.critics, i, rows["observation"], scaled) - target).square().mean() / 2
        for i in (0, 1)
    ]
    critics = torch.autograd.grad(sum(losses), list(sac.critics.parameters()))
    norm = torch.cat([part.flatten() for part in critics]).norm().item()

    sac._descent.step = lambda: torch.tensor(0.0)  # looked at, not taken
    told = sac.update(batch).statistics
    assert told["critic_loss"] == pytest.approx(sum(losses).item(), rel=1e-5)
    assert told["critic_gradient_norm"] == pytest.approx(norm, rel=1e-4)
    for found, expected in zip(sac.critics.parameters(), critics, strict=True):
        torch.testing.assert_close(found.grad, expected, atol=1e-6, rtol=1e-4)

    # The policy's step is taken on the critics as they are after theirs.
    action, log_prob = squashed(*heads(sac.network, rows["observation"]), noise[:, 1])
    both = [q_by_definition(sac.critics, i, rows["observation"], action) for i in (0, 1)]
    loss = (alpha * log_prob - torch.minimum(*both)).mean()
    policy = list(sac.network.parameters())
    expected = torch.autograd.grad(loss, policy, allow_unused=True)
    for parameter, wanted in zip(policy, expected, strict=True):
        zeros = torch.zeros_like(parameter)
        torch.testing.assert_close(
            parameter.grad, zeros if wanted is None else wanted, atol=1e-6, rtol=1e-4
        )
    assert told["entropy"] == pytest.approx(-log_prob.mean().item(), rel=1e-4)
    assert told["temperature"] == pytest.approx(alpha)


def test_temperature_rises_where_the_policy_is_surer_than_it_should_be() -> None:
    for target, sign in ((1.0, 1), (-100.0, -1)):
        config = SACConfig(minibatch_size=32, minibatches_per_batch=1, target_entropy=target)
        sac = learner("sac", config)
        sac.update(transitions(32))
        # Adam's first step is the learning rate, whatever the gradient.
        moved = math.log(sac._temperature.value.item())
        assert moved == pytest.approx(sign * config.temperature_learning_rate, rel=1e-3)


def test_a_fixed_temperature_stays() -> None:
    config = SACConfig(minibatch_size=32, minibatches_per_batch=1, temperature_learning_rate=0.0)
    sac = learner("sac", config)
    sac.update(transitions(32))
    assert sac._temperature.value.item() == 1.0


@pytest.mark.slow
def test_learns_to_reach() -> None:
    config = SACConfig(
        minibatch_size=128,
        minibatches_per_batch=8,
        learning_rate=3e-3,
        critic_learning_rate=3e-3,
        temperature=0.05,
        temperature_learning_rate=0.0,
    )
    sac = learner("sac", config, hidden=(32, 32))
    for seed in range(40):
        sac.update(reaching(1024, seed))
    observation = torch.tensor([[1.0, -1.0, 0.0], [-0.5, 0.5, 1.0]])
    with torch.no_grad():
        mean, _ = heads(sac.network, observation)
    torch.testing.assert_close(mean.tanh(), observation[:, :2] / 2, atol=0.15, rtol=0.0)


def test_resumes_bit_for_bit() -> None:
    straight = learner("sac", CONFIG)
    for seed in range(4):
        straight.update(transitions(32, seed))
    resumed = learner("sac", CONFIG, seed=9)
    resumed.restore(reloaded(straight.state()))
    for seed in range(4, 8):
        straight.update(transitions(32, seed))
        resumed.update(transitions(32, seed))
    assert resumed.updates == straight.updates == 8
    one, other = straight.network.parameters_as_arrays(), resumed.network.parameters_as_arrays()
    for name, value in one.items():
        np.testing.assert_array_equal(other[name], value)
    assert torch.equal(straight._temperature.value, resumed._temperature.value)
    assert torch.equal(straight._targets._vector, resumed._targets._vector)


SHAPE = Architecture("actor-critic", 4, 3, (16,))


def discrete(config: SACConfig = CONFIG) -> DiscreteSAC:
    parameters = initial_parameters(SHAPE, 0)
    return DiscreteSAC(Start(SHAPE, parameters, config, CPU, 0, ALONE))


def corridor(rows: int, seed: int) -> FakeBatch:
    """Three cells; action 1 goes right, 0 left, 2 is illegal; leaving at the right pays 1."""
    rng = np.random.default_rng(seed)
    cell, action = rng.integers(0, 3, rows), rng.integers(0, 2, rows)
    after = np.where(action == 1, cell + 1, np.maximum(cell - 1, 0))
    one_hot = np.eye(4, dtype=np.uint8) * 255
    mask = np.tile(np.uint8([1, 1, 0]), (rows, 1))
    columns = {
        "observation": one_hot[cell],
        "action_mask": mask,
        "action": action.astype(np.int8),
        "n_step_return": (after == 3).astype(np.float32),
        "bootstrap_discount": np.where(after == 3, 0.0, 0.9).astype(np.float32),
        "next_observation": one_hot[after],
        "next_action_mask": mask,
    }
    keys = np.arange(rows, dtype=np.uint64)
    return FakeBatch(columns, keys, np.full(rows, 1 / rows), np.ones(rows, np.int64), rows)


def test_discrete_gradients_are_those_of_the_definition() -> None:
    """Christodoulou 2019, equations 4, 12 and 13."""
    sac, batch = discrete(), corridor(32, 0)
    rows, alpha = tensors(batch), 0.5
    legal = rows["action_mask"].bool()

    def log_policy(observation: torch.Tensor) -> torch.Tensor:
        logits = sac.network.outputs(observation)[:, :-1].masked_fill(~legal, -1e9)
        return functional.log_softmax(logits, dim=1)

    def q(critics: Any, index: int, observation: torch.Tensor) -> torch.Tensor:
        flow = observation.float() / 255
        flow = (flow @ critics.weights[0][index] + critics.biases[0][index]).relu()
        return flow @ critics.weights[1][index] + critics.biases[1][index]

    with torch.no_grad():
        now = log_policy(rows["next_observation"])
        least = torch.minimum(*(q(sac.critics, i, rows["next_observation"]) for i in (0, 1)))
        soft = (now.exp() * (least - alpha * now)).sum(dim=1)
        target = rows["n_step_return"] + rows["bootstrap_discount"] * soft
    chosen = [
        q(sac.critics, i, rows["observation"])[range(32), rows["action"].long()] for i in (0, 1)
    ]
    loss = sum((one - target).square().mean() / 2 for one in chosen)
    expected = torch.autograd.grad(loss, list(sac.critics.parameters()))
    sac._descent.step = lambda: torch.tensor(0.0)  # type: ignore[method-assign]
    told = sac.update(batch).statistics
    assert told["critic_loss"] == pytest.approx(loss.item(), rel=1e-5)
    for parameter, wanted in zip(sac.critics.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, wanted, atol=1e-6, rtol=1e-4)

    now = log_policy(rows["observation"])
    with torch.no_grad():
        least = torch.minimum(*(q(sac.critics, i, rows["observation"]) for i in (0, 1)))
    loss = (now.exp() * (alpha * now - least)).sum(dim=1).mean()
    policy = list(sac.network.parameters())
    for parameter, wanted in zip(policy, torch.autograd.grad(loss, policy), strict=True):
        torch.testing.assert_close(parameter.grad, wanted, atol=1e-6, rtol=1e-4)
    # Two actions are legal: at the start the policy is almost uniform over them.
    assert told["entropy"] == pytest.approx(math.log(2), rel=1e-3)


def test_discrete_learns_a_corridor_and_never_takes_what_is_illegal() -> None:
    config = SACConfig(
        minibatch_size=64,
        minibatches_per_batch=8,
        learning_rate=3e-3,
        critic_learning_rate=3e-3,
        target_share=0.05,
        temperature=0.02,
        temperature_learning_rate=0.0,
    )
    sac = discrete(config)
    for seed in range(40):
        sac.update(corridor(512, seed))
    observation = np.eye(4, dtype=np.uint8)[:3] * 255
    mask = np.tile(np.uint8([1, 1, 0]), (3, 1))
    logits = sac.network.answer(observation, mask).logits
    policy = np.exp(logits - logits.max(axis=1, keepdims=True))
    policy /= policy.sum(axis=1, keepdims=True)
    assert (policy[:, 1] > 0.95).all()
    assert (policy[:, 2] == 0).all()
