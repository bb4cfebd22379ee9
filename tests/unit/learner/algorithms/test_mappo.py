"""MAPPO: what its central critic sees that no seat does, and gradients by their definition."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from learner.algorithms.algorithm import Start
from learner.algorithms.mappo import MAPPOConfig
from learner.algorithms.registry import find
from learner.bases.on_policy.central import CENTRAL_UNROLLS
from learner.device.place import Place
from learner.network.architecture import Architecture
from learner.network.gradients.descent import ALONE
from learner.network.parts.encoding import Encoding
from learner.network.source import source_of
from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Box, Dict, Discrete
from mazemesh.v1 import model_pb2
from tests.unit.learner.fakes import FakeBatch, random_batch, reloaded

CPU = Place()
STATE = Dict((("clock", Discrete(3)), ("field", Box((-1.0,), (1.0,), (2,)))))
SHAPE = Architecture("actor-critic", 4, 3, (16,), state_space=STATE)
CONFIG = MAPPOConfig(
    unroll_length=4,
    unrolls_per_batch=16,
    minibatch_size=32,
    epochs=2,
    learning_rate=1e-2,
    final_learning_rate=1e-2,
    discount=0.9,
)


def learner(
    seed: int = 0,
    config: MAPPOConfig = CONFIG,
    encoding: Encoding = Encoding(),  # noqa: B008
) -> Any:
    shape = dataclasses.replace(SHAPE, encoding=encoding)
    parameters = source_of(shape).initial(seed)
    return find("mappo").build(Start(shape, parameters, config, CPU, seed, ALONE))


def played(seed: int) -> FakeBatch:
    """One-step episodes whose reward only the game's state tells: what seats see is noise."""
    signature = CENTRAL_UNROLLS.signature(CONFIG, SHAPE, opponents=True)
    batch = random_batch(signature, 16, seed)
    columns: Any = batch.columns
    rng = np.random.default_rng(seed)
    columns["action"] = rng.integers(0, 3, (16, 4)).astype(np.int8)
    columns["behaviour_log_probability"] = np.full((16, 4), -np.log(3), np.float32)
    columns["global_state.clock"] = rng.integers(0, 3, (16, 4)).astype(np.int8)
    columns["last_global_state.clock"] = columns["global_state.clock"][:, -1]
    columns["reward"] = columns["global_state.clock"].astype(np.float32)
    columns["terminated"] = np.ones((16, 4), bool)
    columns["truncated"] = np.zeros((16, 4), bool)
    return batch


def test_rows_tell_the_state_and_actors_are_asked_for_it() -> None:
    signature = CENTRAL_UNROLLS.signature(CONFIG, SHAPE, opponents=False)
    shapes = {column.name: (column.dtype.name, column.shape) for column in signature.columns}
    assert shapes["global_state.clock"] == ("int8", (4,))
    assert shapes["global_state.field"] == ("float32", (4, 2))
    assert shapes["last_global_state.clock"] == ("int8", ())
    assert shapes["last_global_state.field"] == ("float32", (2,))
    collection = model_pb2.Collection()
    CENTRAL_UNROLLS.tell(CONFIG, collection)
    assert collection.unroll.with_state


def test_a_game_without_a_state_is_refused() -> None:
    shape = dataclasses.replace(SHAPE, state_space=None)
    with pytest.raises(InvalidArgument, match="tells none"):
        CENTRAL_UNROLLS.signature(CONFIG, shape, opponents=False)


def test_the_critic_learns_what_no_seat_sees() -> None:
    mappo = learner()
    for seed in range(60):
        told = mappo.update(played(seed)).statistics
    # The central critic explains the rewards; what a seat sees tells nothing of them.
    assert told["explained_variance"] > 0.9
    assert told["central_value_loss"] < 0.05
    assert told["value_loss"] > 0.2
    state = {
        "global_state.clock": torch.arange(3, dtype=torch.int8),
        "global_state.field": torch.zeros(3, 2),
    }
    with torch.no_grad():
        value = mappo.critic(state)
    torch.testing.assert_close(value, torch.tensor([0.0, 1.0, 2.0]), atol=0.3, rtol=0.0)


def test_the_central_critic_learns_in_the_unit_that_rewards_are_normalized_to() -> None:
    mappo = learner(encoding=Encoding(normalize_rewards=True))
    for seed in range(20):
        batch = played(seed)
        columns: Any = batch.columns
        columns["reward"] = columns["reward"] * 1_000 - 5_000
        told = mappo.update(batch).statistics
    assert told["explained_variance"] > 0.9
    assert mappo.critic.scale.item() == pytest.approx(816, rel=0.1)  # of -5000, -4000 and -3000
    resumed = learner(9, encoding=Encoding(normalize_rewards=True))
    resumed.restore(reloaded(mappo.state()))
    assert torch.equal(resumed.critic.scale, mappo.critic.scale)


def test_values_are_those_of_all_steps_and_of_what_followed() -> None:
    mappo, batch = learner(), played(0)
    column = {name: torch.from_numpy(np.array(value)) for name, value in batch.columns.items()}
    with torch.no_grad():
        found = mappo._values(torch.zeros(64, 4), column)
        first = mappo.critic({name: column[name][:, 0] for name in STATE_COLUMNS})
        last = mappo.critic({name: column[f"last_{name}"] for name in STATE_COLUMNS})
    assert found.shape == (16, 5)
    torch.testing.assert_close(found[:, 0], first)
    torch.testing.assert_close(found[:, 4], last)


STATE_COLUMNS = ("global_state.clock", "global_state.field")


def test_critic_gradient_is_half_the_squared_error() -> None:
    once = dataclasses.replace(CONFIG, epochs=1, minibatch_size=64, max_gradient_norm=1e6)
    mappo, batch = learner(config=once), played(0)
    column = {name: torch.from_numpy(np.array(value)) for name, value in batch.columns.items()}
    state = {name: column[name].flatten(0, 1) for name in STATE_COLUMNS}
    # Every episode ends at once: the target is the reward, by a ratio of at most 1.
    with torch.no_grad():
        logits = mappo.network.outputs(column["observation"].flatten(0, 1))[:, :-1]
        chosen = torch.log_softmax(logits, 1).gather(1, column["action"].view(-1, 1).long())
        rho = (chosen[:, 0] + np.log(3)).exp().clamp(max=1.0)
        value = mappo.critic(state)
        target = value + rho * (column["reward"].flatten() - value)
    loss = 0.5 * (mappo.critic(state) - target).square().mean()
    expected = torch.autograd.grad(loss, list(mappo.critic.parameters()))
    told = mappo.update(batch).statistics
    assert told["central_value_loss"] == pytest.approx(loss.item(), rel=1e-4)
    for parameter, wanted in zip(mappo.critic.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, wanted, atol=1e-6, rtol=1e-3)


def test_resumes_bit_for_bit() -> None:
    straight, resumed = learner(), learner(seed=9)
    for seed in range(2):
        straight.update(played(seed))
    resumed.restore(reloaded(straight.state()))
    for seed in range(2, 4):
        straight.update(played(seed))
        resumed.update(played(seed))
    for one, other in ((straight.network, resumed.network), (straight.critic, resumed.critic)):
        for mine, theirs in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(mine, theirs)


def test_a_magnet_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"magnet_cost = 0\.1 is for ppo"):
        MAPPOConfig(magnet_cost=0.1)
