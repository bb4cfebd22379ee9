"""IMPALA's update: a bandit, and one gradient by the definition."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch.nn import functional

from learner.algorithms.impala import ImpalaConfig
from learner.algorithms.impala.update import Impala
from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.ppo.update import PPO
from learner.bases.on_policy.vtrace import vtrace
from learner.device.place import Place, as_tensor
from learner.network.architecture import Architecture, initial_parameters
from mazemesh.experience import unroll_signature
from tests.unit.learner.algorithms.test_ppo import bandit
from tests.unit.learner.fakes import random_batch, reloaded

CPU = Place()
ARCHITECTURE = Architecture("actor-critic", 8, 5, (32,))
CONFIG = ImpalaConfig(
    unroll_length=4,
    unrolls_per_batch=64,
    learning_rate=1e-2,
    final_learning_rate=3e-3,
    entropy_cost=0.01,
)


def learner(config: ImpalaConfig = CONFIG, seed: int = 0) -> Impala:
    return Impala(ARCHITECTURE, initial_parameters(ARCHITECTURE, seed), config, CPU)


def test_learns_the_right_action_for_each_context() -> None:
    impala, rng = learner(), np.random.default_rng(0)
    acting = PPO(ARCHITECTURE, initial_parameters(ARCHITECTURE, 0), PPOConfig(), CPU, 0)
    for _ in range(200):
        impala.update(bandit(acting, rng, impala.network)[0])
    _, after = bandit(acting, rng, impala.network)
    assert after > 0.9


def test_gradient_is_that_of_the_definition() -> None:
    """Espeholt et al. 2018, section 4.2, by automatic differentiation."""
    batch = random_batch(unroll_signature(4, 8, 5), 16)
    impala = learner(dataclasses.replace(CONFIG, max_gradient_norm=1e6))
    column = {name: as_tensor(value, CPU.device) for name, value in batch.columns.items()}
    logits, value = impala.network.heads(column["observation"].flatten(0, 1))
    _, last = impala.network.heads(column["last_observation"])
    log_policy = functional.log_softmax(logits, dim=1).view(16, 4, 5)
    chosen = log_policy.gather(2, column["action"].long().unsqueeze(2)).squeeze(2)
    value = value.view(16, 4)
    ratio = (chosen - column["behaviour_log_probability"]).exp().detach()
    following = torch.cat([value[:, 1:], last.unsqueeze(1)], dim=1).detach()
    found = vtrace(
        ratio,
        column["reward"],
        value.detach(),
        torch.where(column["truncated"], column["bootstrap_value"], following),
        column["terminated"],
        column["truncated"],
        discount=CONFIG.discount,
        trace=CONFIG.trace,
    )
    entropy = -(log_policy.exp() * log_policy).sum(dim=2)
    loss = -(ratio.clamp(max=1.0) * found.advantage * chosen).mean()
    loss += CONFIG.value_cost * 0.5 * (value - found.target).square().mean()
    loss -= CONFIG.entropy_cost * entropy.mean()
    expected = torch.autograd.grad(loss, list(impala.network.parameters()))
    norm = torch.cat([part.flatten() for part in expected]).norm().item()

    statistics = impala.update(batch).statistics
    ours = [parameter.grad for parameter in impala.network.parameters()]
    for one, two in zip(ours, expected, strict=True):
        assert one is not None
        torch.testing.assert_close(one, two, atol=1e-6, rtol=1e-4)
    np.testing.assert_allclose(statistics["gradient_norm"], norm, rtol=1e-4)


def test_resumes_bit_for_bit() -> None:
    batches = [random_batch(unroll_signature(4, 8, 5), 16, seed) for seed in range(3)]
    straight = learner()
    straight.update(batches[0])
    resumed = learner(seed=9)
    resumed.restore(reloaded(straight.state()))
    for batch in batches[1:]:
        straight.update(batch)
        resumed.update(batch)
    expected, found = (a.network.parameters_as_arrays() for a in (straight, resumed))
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)
