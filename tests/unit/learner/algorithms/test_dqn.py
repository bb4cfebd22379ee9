"""DQN's targets and weights by hand, and its update on problems whose answer is known."""

from __future__ import annotations

import numpy as np
import torch

from learner.algorithms.dqn import DQNConfig
from learner.algorithms.dqn.update import DQN, double_q_target
from learner.device.place import Place
from learner.network.architecture import Architecture, initial_parameters
from mazemesh.experience import transition_signature
from tests.unit.learner.fakes import FakeBatch, random_batch, reloaded

CPU = Place()
ARCHITECTURE = Architecture("dueling", 4, 2, (32,))
CONFIG = DQNConfig(minibatch_size=64, target_every=10, learning_rate=3e-3, discount=0.5)


def learner(seed: int = 0) -> DQN:
    return DQN(ARCHITECTURE, initial_parameters(ARCHITECTURE, seed), CONFIG, CPU)


def test_target_takes_the_online_choice_among_legal_actions_and_the_target_value() -> None:
    online = torch.tensor([[9.0, 1.0, 2.0], [9.0, 1.0, 2.0]])
    target = torch.tensor([[100.0, 10.0, 20.0], [100.0, 10.0, 20.0]])
    legal = torch.tensor([[False, True, True], [True, True, True]])
    result = double_q_target(
        torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.0]), online, target, legal
    )
    # Row 0: action 0 is illegal, 2 is the best legal one: 1 + 0.5 * 20. Row 1 terminated.
    assert result.tolist() == [11.0, 1.0]


def corridor(rng: np.random.Generator, rows: int = 256) -> FakeBatch:
    """Four cells in a row; action 1 goes right, 0 left; entering cell 3 pays 1 and ends."""
    cell, action = rng.integers(0, 3, rows), rng.integers(0, 2, rows)
    after = np.where(action == 1, cell + 1, np.maximum(cell - 1, 0))
    one_hot = np.eye(4, dtype=np.uint8) * 255
    columns = {
        "observation": one_hot[cell],
        "action": action.astype(np.int8),
        "n_step_return": (after == 3).astype(np.float32),
        "bootstrap_discount": np.where(after == 3, 0.0, 0.5).astype(np.float32),
        "next_observation": one_hot[after],
        "next_action_mask": np.ones((rows, 2), np.uint8),
    }
    keys = np.arange(rows, dtype=np.uint64)
    return FakeBatch(columns, keys, np.full(rows, 1 / rows), np.ones(rows, np.int64), rows)


def test_learns_the_action_values_of_a_corridor() -> None:
    dqn, rng = learner(), np.random.default_rng(0)
    for _ in range(150):
        update = dqn.update(corridor(rng))
    with torch.no_grad():
        q = dqn.network.q_values(torch.eye(4, dtype=torch.uint8)[:3] * 255)
    # Value iteration with discount 0.5: going right pays 0.25, 0.5, 1 from cells 0, 1, 2.
    np.testing.assert_allclose(q[:, 1], [0.25, 0.5, 1.0], atol=0.05)
    np.testing.assert_allclose(q[:, 0], [0.125, 0.125, 0.25], atol=0.05)
    assert update.priorities is not None
    assert update.priorities.max() < 0.2


def test_priorities_are_absolute_errors_in_the_order_of_the_rows() -> None:
    dqn, batch = learner(), corridor(np.random.default_rng(0), rows=64)
    with torch.no_grad():
        q = dqn.network.q_values(torch.from_numpy(batch.columns["observation"]))
        following = dqn.network.q_values(torch.from_numpy(batch.columns["next_observation"]))
    chosen = q.numpy()[np.arange(64), batch.columns["action"]]
    target = batch.columns["n_step_return"] + batch.columns[
        "bootstrap_discount"
    ] * following.numpy().max(axis=1)
    priorities = dqn.update(batch).priorities
    np.testing.assert_allclose(
        priorities, np.abs(chosen - target) + CONFIG.priority_floor, atol=1e-5
    )


def test_rows_of_weight_zero_teach_nothing() -> None:
    """A row that the importance weights shut out leaves the weights where they are."""
    batch = corridor(np.random.default_rng(0), rows=64)
    likely = np.full(64, 1.0)
    likely[0] = 1e-30
    columns = {name: column.copy() for name, column in batch.columns.items()}
    columns["n_step_return"][1:] = 1e3
    columns["n_step_return"][0] = 0.0
    dqn = learner()
    dqn.update(FakeBatch(columns, batch.keys, likely, batch.policy_versions, 64))
    with torch.no_grad():
        assert dqn.network.q_values(torch.eye(4, dtype=torch.uint8) * 255).abs().max() < 2.0


def test_resumes_bit_for_bit_with_its_target_network() -> None:
    signature = transition_signature(4, 2)
    batches = [random_batch(signature, 64, seed) for seed in range(30)]
    for batch in batches:
        batch.columns["action"][:] %= 2  # type: ignore[index]
    straight = learner()
    for batch in batches[:15]:
        straight.update(batch)
    resumed = learner(seed=9)
    resumed.restore(reloaded(straight.state()))
    for batch in batches[15:]:
        straight.update(batch)
        resumed.update(batch)
    expected, found = (d.network.parameters_as_arrays() for d in (straight, resumed))
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)
