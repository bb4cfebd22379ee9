"""PPO's update on problems whose answer is known."""

from __future__ import annotations

import copy
import dataclasses
from collections import deque

import numpy as np
import torch

from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.ppo.update import PPO
from learner.device.place import Place
from learner.network.architecture import Architecture, initial_parameters
from learner.network.network import Network
from mazemesh.experience import unroll_signature
from tests.unit.learner.fakes import FakeBatch, random_batch, reloaded

CPU = Place()
ARCHITECTURE = Architecture("actor-critic", 8, 5, (32,))
CONFIG = PPOConfig(
    unroll_length=4, unrolls_per_batch=64, minibatch_size=64, learning_rate=3e-3, entropy_cost=0.0
)


def learner(seed: int = 0) -> PPO:
    return PPO(ARCHITECTURE, initial_parameters(ARCHITECTURE, seed), CONFIG, CPU, seed)


def bandit(
    ppo: PPO, rng: np.random.Generator, acting: Network | None = None
) -> tuple[FakeBatch, float]:
    """One-step episodes: action `i` is right where byte `i` is the only 255. Mean reward."""
    rows, length = CONFIG.unrolls_per_batch, CONFIG.unroll_length
    context = rng.integers(0, 4, (rows, length))
    observation = np.zeros((rows, length, 8), np.uint8)
    np.put_along_axis(observation, context[..., None], 255, axis=2)
    mask = np.ones((rows, length, 5), np.uint8)
    mask[..., 4] = 0
    with torch.no_grad():
        logits, _, _ = (acting or ppo.network).policy(
            torch.from_numpy(observation.reshape(-1, 8)), torch.from_numpy(mask.reshape(-1, 5)) > 0
        )
        choice = torch.distributions.Categorical(logits=logits)
        action = torch.from_numpy(rng.random(len(logits))[:, None]) < choice.probs.cumsum(1)
        action = action.int().argmax(1)
        log_probability = choice.log_prob(action).numpy()
    reward = (action.numpy().reshape(rows, length) == context).astype(np.float32)
    columns = {
        "observation": observation,
        "action_mask": mask,
        "action": action.numpy().reshape(rows, length).astype(np.int8),
        "behaviour_log_probability": log_probability.reshape(rows, length),
        "reward": reward,
        "terminated": np.ones((rows, length), bool),
        "truncated": np.zeros((rows, length), bool),
        "bootstrap_value": np.zeros((rows, length), np.float32),
        "last_observation": observation[:, -1],
        "last_action_mask": mask[:, -1],
    }
    keys = np.arange(rows, dtype=np.uint64)
    return FakeBatch(columns, keys, np.ones(rows), np.ones(rows, np.int64), rows), reward.mean()


def test_learns_the_right_action_for_each_context() -> None:
    ppo, rng = learner(), np.random.default_rng(0)
    _, before = bandit(ppo, rng)
    for _ in range(40):
        ppo.update(bandit(ppo, rng)[0])
    _, after = bandit(ppo, rng)
    assert before < 0.4
    assert after > 0.95


def test_learns_from_a_policy_that_lags_three_updates() -> None:
    ppo, rng = learner(), np.random.default_rng(0)
    acting = deque([copy.deepcopy(ppo.network) for _ in range(3)])
    importance = []
    for _ in range(60):
        batch, _ = bandit(ppo, rng, acting.popleft())
        importance.append(ppo.update(batch).statistics["importance"])
        acting.append(copy.deepcopy(ppo.network))
    assert bandit(ppo, rng)[1] > 0.9
    assert min(importance) < 0.95


def test_learns_the_value_of_the_state() -> None:
    ppo, rng = learner(), np.random.default_rng(0)
    for _ in range(60):
        statistics = ppo.update(bandit(ppo, rng)[0]).statistics
    observation = torch.zeros(1, 8, dtype=torch.uint8)
    observation[0, 2] = 255
    _, value, _ = ppo.network.policy(observation, torch.ones(1, 5, dtype=torch.bool))
    assert abs(value.item() - 1.0) < 0.15
    assert statistics["value_loss"] < 0.05


def test_illegal_actions_stay_impossible() -> None:
    ppo, rng = learner(), np.random.default_rng(0)
    for _ in range(5):
        batch, _ = bandit(ppo, rng)
        assert np.isfinite(list(ppo.update(batch).statistics.values())).all()
        assert not (batch.columns["action"] == 4).any()


def test_counts_gradient_steps() -> None:
    ppo = learner()
    ppo.update(random_batch(unroll_signature(4, 8, 5), 64))
    assert ppo.updates == CONFIG.epochs * 64 * 4 // CONFIG.minibatch_size


def test_learning_rate_goes_to_its_final_value() -> None:
    """At a rate of 0 from the first anneal on, the weights stand still."""
    config = dataclasses.replace(CONFIG, final_learning_rate=0.0, anneal_updates=12)
    ppo = PPO(ARCHITECTURE, initial_parameters(ARCHITECTURE, 0), config, CPU, 0)
    batch = random_batch(unroll_signature(4, 8, 5), 64)
    moved = []
    for _ in range(3):
        before = ppo.network.parameters_as_arrays()["hidden.0.weight"]
        ppo.update(batch)
        after = ppo.network.parameters_as_arrays()["hidden.0.weight"]
        moved.append(float(np.abs(after - before).max()))
    assert moved[0] > 0
    assert moved[1:] == [0.0, 0.0]


def test_a_magnet_holds_the_policy_back_and_follows_it() -> None:
    """A strong magnet keeps the policy near the last one that it took over."""
    moved = {}
    for cost in (0.0, 100.0):
        config = dataclasses.replace(CONFIG, magnet_cost=cost, magnet_updates=10_000)
        ppo, rng = (
            PPO(ARCHITECTURE, initial_parameters(ARCHITECTURE, 0), config, CPU, 0),
            np.random.default_rng(0),
        )
        for _ in range(20):
            batch, reward = bandit(ppo, rng)
            ppo.update(batch)
        moved[cost] = reward
    assert moved[100.0] < 0.5 < moved[0.0]
    config = dataclasses.replace(CONFIG, magnet_cost=100.0, magnet_updates=1)
    ppo, rng = PPO(ARCHITECTURE, initial_parameters(ARCHITECTURE, 0), config, CPU, 0), rng
    ppo.update(bandit(ppo, rng)[0])
    resumed = PPO(ARCHITECTURE, initial_parameters(ARCHITECTURE, 1), config, CPU, 1)
    resumed.restore(reloaded(ppo.state()))
    batch, _ = bandit(ppo, rng)
    assert ppo.update(batch).statistics == resumed.update(batch).statistics


def test_resumes_bit_for_bit() -> None:
    batches = [random_batch(unroll_signature(4, 8, 5), 64, seed) for seed in range(4)]
    straight = learner()
    for batch in batches[:2]:
        straight.update(batch)
    resumed = learner(seed=9)
    resumed.restore(reloaded(straight.state()))
    for batch in batches[2:]:
        straight.update(batch)
        resumed.update(batch)
    expected, found = (p.network.parameters_as_arrays() for p in (straight, resumed))
    assert straight.updates == resumed.updates
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)
