"""PPO with memory: what only a memory can solve, and what it must not remember."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from learner.algorithms.recurrent_ppo import RecurrentPPOConfig
from learner.algorithms.recurrent_ppo.update import RecurrentPPO
from learner.device.place import Place, as_tensor
from learner.network.architecture import Architecture, initial_parameters
from mazemesh.errors import InvalidArgument
from mazemesh.experience import unroll_signature
from tests.unit.learner.fakes import FakeBatch, random_batch, reloaded

CPU = Place()
LENGTH, ROWS, CUES = 6, 64, 4
ARCHITECTURE = Architecture("actor-critic", 8, 5, (16,), memory=16)
CONFIG = RecurrentPPOConfig(
    unroll_length=LENGTH,
    unrolls_per_batch=ROWS,
    minibatch_size=64,
    learning_rate=1e-2,
    final_learning_rate=3e-3,
    entropy_cost=0.0,
    memory=16,
)


def learner(config: RecurrentPPOConfig = CONFIG, seed: int = 0) -> RecurrentPPO:
    return RecurrentPPO(ARCHITECTURE, initial_parameters(ARCHITECTURE, seed), config, CPU, seed)


def recall(ppo: RecurrentPPO, rng: np.random.Generator, delay: int = 2) -> tuple[FakeBatch, float]:
    """Episodes of `delay` + 1 steps: the first shows a cue, the last wants the action it names."""
    cue = rng.integers(0, CUES, (ROWS, LENGTH // (delay + 1)))
    observation = np.zeros((ROWS, LENGTH, 8), np.uint8)
    place = np.arange(LENGTH) % (delay + 1)
    for t in range(LENGTH):
        if place[t] == 0:
            observation[np.arange(ROWS), t, cue[:, t // (delay + 1)]] = 255
        observation[:, t, 5 + min(place[t], 2)] = 255
    mask = np.ones((ROWS, 5), np.uint8)
    state, columns = np.zeros((ROWS, 16), np.float32), {}
    actions, logs = [], []
    for t in range(LENGTH):
        if place[t] == 0:
            state[:] = 0
        answer = ppo.network.answer(observation[:, t], mask, state)
        choice = torch.distributions.Categorical(logits=torch.from_numpy(answer.logits))
        action = (torch.from_numpy(rng.random((ROWS, 1))) < choice.probs.cumsum(1)).int().argmax(1)
        actions.append(action.numpy().astype(np.int8))
        logs.append(choice.log_prob(action).numpy())
        state = answer.next_state
    last = place == delay
    right = np.stack(actions, 1)[:, last] == cue
    reward = np.zeros((ROWS, LENGTH), np.float32)
    reward[:, last] = right
    columns = {
        "observation": observation,
        "action_mask": np.repeat(mask[:, None], LENGTH, axis=1),
        "action": np.stack(actions, 1),
        "behaviour_log_probability": np.stack(logs, 1).astype(np.float32),
        "reward": reward,
        "terminated": np.broadcast_to(last, (ROWS, LENGTH)),
        "truncated": np.zeros((ROWS, LENGTH), bool),
        "bootstrap_value": np.zeros((ROWS, LENGTH), np.float32),
        "last_observation": observation[:, 0],
        "last_action_mask": mask,
        "state": np.zeros((ROWS, 16), np.float32),
    }
    keys = np.arange(ROWS, dtype=np.uint64)
    return FakeBatch(columns, keys, np.ones(ROWS), np.ones(ROWS, np.int64), ROWS), right.mean()


def test_learns_to_remember_a_cue() -> None:
    ppo, rng = learner(), np.random.default_rng(0)
    _, before = recall(ppo, rng)
    # How many updates it takes hangs on rounding, and so on how torch was set up before.
    batch, after = recall(ppo, rng)
    for _ in range(300):
        ppo.update(batch)
        batch, after = recall(ppo, rng)
        if after > 0.95:
            break
    assert before < 0.4
    assert after > 0.95


def test_on_policy_unrolls_have_importance_one() -> None:
    """What the learner computes over the sequence is what acted step by step."""
    ppo = learner(dataclasses.replace(CONFIG, learning_rate=0.0, final_learning_rate=0.0))
    statistics = ppo.update(recall(ppo, np.random.default_rng(0))[0]).statistics
    assert statistics["importance"] == pytest.approx(1.0, abs=1e-5)
    assert statistics["kl"] == pytest.approx(0.0, abs=1e-6)


def test_every_step_of_an_unroll_is_trained() -> None:
    """Also the first: alone with an advantage, its action becomes more likely."""
    config = dataclasses.replace(CONFIG, epochs=1, minibatch_size=10_000, entropy_cost=0.0)
    batch = random_batch(unroll_signature(LENGTH, 8, 5, state_size=16), ROWS)
    columns = {name: as_tensor(column, CPU.device) for name, column in batch.columns.items()}
    for step in range(LENGTH):
        ppo = learner(config)
        unrolls, _ = ppo._prepare(columns)
        advantage = torch.zeros_like(unrolls.advantage)
        advantage[:, step] = 1.0
        before = ppo.network.action.weight.clone()
        ppo._step(dataclasses.replace(unrolls, advantage=advantage))
        assert not torch.equal(ppo.network.action.weight, before), f"step {step} trains nothing"


def test_resumes_bit_for_bit() -> None:
    signature = unroll_signature(LENGTH, 8, 5, state_size=16)
    batches = [random_batch(signature, ROWS, seed) for seed in range(4)]
    straight = learner()
    for batch in batches[:2]:
        straight.update(batch)
    resumed = learner(seed=9)
    resumed.restore(reloaded(straight.state()))
    for batch in batches[2:]:
        straight.update(batch)
        resumed.update(batch)
    expected, found = (p.network.parameters_as_arrays() for p in (straight, resumed))
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_a_magnet_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="should be 0"):
        dataclasses.replace(CONFIG, magnet_cost=0.1)
