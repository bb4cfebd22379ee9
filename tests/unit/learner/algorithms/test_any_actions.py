"""PPO, IMPALA and A2C on actions of every kind: gradients by their definitions, a problem each."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from learner.algorithms.a2c import A2CConfig
from learner.algorithms.algorithm import Start
from learner.algorithms.impala import ImpalaConfig
from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.ppo.update import Steps, any_surrogate, surrogate
from learner.algorithms.recurrent_ppo import RecurrentPPOConfig
from learner.algorithms.registry import find
from learner.bases.actions import AnyActions
from learner.bases.on_policy.vtrace import vtrace
from learner.device.place import Place, as_tensor
from learner.network.architecture import Architecture, Spaces, initial_parameters
from learner.network.gradients.descent import ALONE
from learner.network.networks import make
from learner.network.parts.encoding import Encoding
from mazemesh.experience import unroll_signature
from mazemesh.games.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete
from mazemesh.policy.heads import heads
from tests.unit.learner.algorithms.test_surrogate import CONFIG, random_steps
from tests.unit.learner.fakes import FakeBatch, random_batch, reloaded

CPU = Place()
UNROLLS, LENGTH = 32, 4
OBSERVATION = Dict((("camera", Box((0.0,), (255.0,), (6,), "uint8")), ("near", Discrete(4))))
ACTION = Dict(
    (
        ("gear", Discrete(3)),
        ("lights", MultiBinary((2,))),
        ("steer", Box((-1.0,), (1.0,), (2,))),
        ("wings", MultiDiscrete((2, 3))),
    )
)
EVERY = pytest.mark.parametrize("algorithm", ["ppo", "impala", "a2c", "recurrent-ppo"])
SMALL: dict[str, Any] = {
    "unroll_length": LENGTH,
    "unrolls_per_batch": UNROLLS,
    "learning_rate": 1e-2,
    "final_learning_rate": 3e-3,
    "entropy_cost": 0.0,
}
CONFIGS: dict[str, Any] = {
    "ppo": PPOConfig(**SMALL, minibatch_size=64),
    "impala": ImpalaConfig(**SMALL),
    "a2c": A2CConfig(**SMALL),
    "recurrent-ppo": RecurrentPPOConfig(**SMALL, minibatch_size=64, memory=16),
}


def learner(algorithm: str, *, seed: int = 0) -> Any:
    method, config = find(algorithm), CONFIGS[algorithm]
    shape = Architecture(
        method.head,
        0,
        0,
        (32,),
        memory=method.memory(config),
        spaces=Spaces(OBSERVATION, ACTION),
        actions=method.actions,
        state_std=method.state_std,
    )
    parameters = make(shape, seed).parameters_as_arrays()
    return method.build(Start(shape, parameters, config, CPU, seed, ALONE))


def played(found: Any, seed: int) -> tuple[FakeBatch, float]:
    """One-step episodes: everything should follow `near`; the mean reward, of at most 0."""
    rng = np.random.default_rng(seed)
    steps = UNROLLS * LENGTH
    near = rng.integers(0, 4, steps)
    seen = {
        "observation.camera": torch.from_numpy(rng.integers(0, 256, (steps, 6)).astype(np.uint8)),
        "observation.near": torch.from_numpy(near.astype(np.int8)),
    }
    with torch.no_grad():
        policy = found.network.distribution(found.network.step(seen, None)[0])
        actions = policy.sample(torch.Generator().manual_seed(seed))
        behaviour = policy.log_prob(actions).numpy()
    taken = {name: action.numpy() for name, action in actions.items()}
    high = (near > 1).astype(np.float32)
    reward = (
        (taken["action.gear"] == near % 3).astype(np.float32)
        + (taken["action.lights"] == (near % 2)[:, None]).mean(axis=1)
        - np.square(taken["action.steer"] - (high - 0.5)[:, None]).mean(axis=1)
        + (taken["action.wings"][:, 0] == near % 2)
        + (taken["action.wings"][:, 1] == near % 3)
        - 4.0
    ).astype(np.float32)
    shaped = {
        "action.gear": taken["action.gear"].astype(np.int8),
        "action.lights": taken["action.lights"],
        "action.steer": taken["action.steer"],
        "action.wings": taken["action.wings"].astype(np.int32),
    }
    everything: dict[str, Any] = {
        **{name: column.numpy() for name, column in seen.items()},
        "action_mask.gear": np.ones((steps, 3), np.uint8),
        "action_mask.wings": np.ones((steps, 5), np.uint8),
        **shaped,
        "behaviour_log_probability": behaviour,
        "reward": reward,
        "terminated": np.ones(steps, bool),
        "truncated": np.zeros(steps, bool),
        "success": np.zeros(steps, bool),
        "bootstrap_value": np.zeros(steps, np.float32),
    }
    columns = {
        name: column.reshape(UNROLLS, LENGTH, *column.shape[1:])
        for name, column in everything.items()
    }
    for name in ("observation.camera", "observation.near"):
        columns[f"last_{name}"] = columns[name][:, -1]
    for name in ("action_mask.gear", "action_mask.wings"):
        columns[f"last_{name}"] = columns[name][:, -1]
    columns["state"] = np.zeros((UNROLLS, found.network.state_size), np.float32)
    keys = np.arange(UNROLLS, dtype=np.uint64)
    ones = np.ones(UNROLLS, np.int64)
    return FakeBatch(columns, keys, np.full(UNROLLS, 1.0), ones, UNROLLS), float(reward.mean())


@EVERY
def test_learns_every_leaf(algorithm: str) -> None:
    found = learner(algorithm)
    _, before = played(found, 0)
    for seed in range(40 if algorithm.endswith("ppo") else 200):
        batch, _ = played(found, seed)
        told = found.update(batch).statistics
    assert all(np.isfinite(value) for value in told.values())
    assert told["importance"] == pytest.approx(1.0, abs=0.05)  # its own policy had acted
    _, after = played(found, 999)
    assert before < -2.4
    assert after > before + 1.3


@EVERY
def test_resumes_bit_for_bit(algorithm: str) -> None:
    straight, resumed = learner(algorithm), learner(algorithm, seed=9)
    batches = [played(straight, seed)[0] for seed in range(4)]
    for batch in batches[:2]:
        straight.update(batch)
    resumed.restore(reloaded(straight.state()))
    for batch in batches[2:]:
        straight.update(batch)
        resumed.update(batch)
    expected = straight.network.parameters_as_arrays()
    for name, value in resumed.network.parameters_as_arrays().items():
        np.testing.assert_array_equal(value, expected[name])


@pytest.mark.parametrize("seed", range(3))
def test_of_one_choice_the_general_loss_is_the_one_written_out(seed: int) -> None:
    outputs, steps = random_steps(100, 5, seed)
    network = make(Architecture("actor-critic", 8, 5, (32,)))
    general: Steps = dataclasses.replace(steps, action=steps.action.float())
    found = any_surrogate(AnyActions(network))(outputs, general, CONFIG)
    expected = surrogate(outputs, steps, CONFIG)
    torch.testing.assert_close(found.gradient, expected.gradient, atol=1e-7, rtol=1e-4)
    torch.testing.assert_close(found.statistics, expected.statistics, atol=1e-6, rtol=1e-4)


def test_rows_and_masks_have_the_leaves_one_after_the_other() -> None:
    found = learner("ppo")
    actions, batch = found._actions, played(found, 0)[0]
    column = {name: as_tensor(value, CPU.device) for name, value in batch.columns.items()}
    column["action_mask.wings"][0, 0] = torch.tensor([1, 0, 1, 1, 0])
    steps = UNROLLS * LENGTH
    rows, illegal = actions.rows(column, steps), actions.illegal(column, steps)
    assert [head.column.rpartition(".")[2] for head in heads(ACTION)] == [
        "gear",
        "lights",
        "steer",
        "wings",
    ]
    assert rows.shape == (steps, 1 + 2 + 2 + 2)
    torch.testing.assert_close(rows[:, 3:5], column["action.steer"].flatten(0, 1))
    torch.testing.assert_close(rows[:, 5:], column["action.wings"].flatten(0, 1).float())
    assert illegal[0].int().tolist() == [0, 0, 0, 0, 1, 0, 0, 1]


def test_a2c_gradient_is_that_of_the_definition() -> None:
    """Mnih et al. 2016, section 4, on a discrete action, with V-trace's correction."""
    batch = random_batch(unroll_signature(LENGTH, 8, 5), UNROLLS)
    shape, config = Architecture("actor-critic", 8, 5, (32,)), CONFIGS["a2c"]
    config = dataclasses.replace(config, max_gradient_norm=1e6, entropy_cost=0.01, discount=0.9)
    parameters = initial_parameters(shape, 0)
    a2c: Any = find("a2c").build(Start(shape, parameters, config, CPU, 0, ALONE))
    column = {name: as_tensor(value, CPU.device) for name, value in batch.columns.items()}
    logits, value = a2c.network.heads(column["observation"].flatten(0, 1))
    _, last = a2c.network.heads(column["last_observation"])
    log_policy = functional.log_softmax(logits, dim=1).view(UNROLLS, LENGTH, 5)
    chosen = log_policy.gather(2, column["action"].long().unsqueeze(2)).squeeze(2)
    value = value.view(UNROLLS, LENGTH)
    ratio = (chosen - column["behaviour_log_probability"]).exp().detach()
    following = torch.cat([value[:, 1:], last.unsqueeze(1)], dim=1).detach()
    found = vtrace(
        ratio,
        column["reward"],
        value.detach(),
        torch.where(column["truncated"], column["bootstrap_value"], following),
        column["terminated"],
        column["truncated"],
        discount=0.9,
        trace=1.0,
    )
    entropy = -(log_policy.exp() * log_policy).sum(dim=2)
    loss = -(ratio.clamp(max=1.0) * found.advantage * chosen).mean()
    loss += config.value_cost * 0.5 * (value - found.target).square().mean()
    loss -= config.entropy_cost * entropy.mean()
    expected = torch.autograd.grad(loss, list(a2c.network.parameters()))
    a2c.update(batch)
    for parameter, wanted in zip(a2c.network.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, wanted, atol=1e-6, rtol=1e-4)


def test_on_policy_a2c_takes_returns_to_the_end_of_the_unroll() -> None:
    """By hand: rewards 1, 2 and 4, discount 1/2, what follows is worth 8, values are 0."""
    ones = torch.ones(1, 3)
    never = torch.zeros(1, 3, dtype=torch.bool)
    reward = torch.tensor([[1.0, 2.0, 4.0]])
    following = torch.tensor([[0.0, 0.0, 8.0]])
    found = vtrace(
        ones, reward, torch.zeros(1, 3), following, never, never, discount=0.5, trace=1.0
    )
    # 4 + 8 / 2 = 8; 2 + 8 / 2 = 6; 1 + 6 / 2 = 4.
    assert found.target.tolist() == [[4.0, 6.0, 8.0]]
    assert found.advantage.tolist() == [[4.0, 6.0, 8.0]]


@EVERY
def test_values_are_learned_in_units_of_their_returns(algorithm: str) -> None:
    """A game that pays a thousand times as much gives the value the same pull."""
    method, config = find(algorithm), CONFIGS[algorithm]
    shape = Architecture(
        method.head,
        0,
        0,
        (32,),
        memory=method.memory(config),
        spaces=Spaces(OBSERVATION, ACTION),
        encoding=Encoding(normalize_observations=True, normalize_rewards=True),
    )
    found: Any = method.build(
        Start(shape, make(shape, 0).parameters_as_arrays(), config, CPU, 0, ALONE)
    )
    for seed in range(30 if algorithm.endswith("ppo") else 150):
        batch, mean = played(found, seed)
        columns: Any = batch.columns
        columns["reward"] = columns["reward"] * 1000
        told = found.update(batch).statistics
    assert told["gradient_norm"] < 100
    scale = float(found.network.return_scale)
    assert 100 < scale < 10_000
    with torch.no_grad():
        seen = {
            "observation.camera": torch.zeros(4, 6, dtype=torch.uint8),
            "observation.near": torch.arange(4, dtype=torch.int8),
        }
        value = found.network.step(seen, None)[0][:, -1]
    # What is answered is in the game's own unit.
    assert abs(float(value.mean()) - 1000 * mean) < 0.3 * scale
