"""Uniform tables of transitions: what is told to Replay and to actors."""

from __future__ import annotations

import pytest

from learner.algorithms.sac import SACConfig
from learner.algorithms.td3 import TD3Config
from learner.bases.off_policy.uniform import NOISY, SOFT
from learner.network.architecture import Architecture, Spaces
from learner.network.parts.encoding import Encoding
from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Box, Discrete
from mazemesh.v1 import model_pb2, replay_pb2
from services.replay.table.rate_limiter import RateLimiter
from services.replay.table.spec import LimiterSpec

OBSERVATION, STEER = Box((-1.0,), (1.0,), (3,)), Box((-2.0,), (2.0,), (1,))
CONTINUOUS = Architecture("actor-critic", 3, 0, spaces=Spaces(OBSERVATION, STEER))
CONFIG = SACConfig(minibatch_size=64, minibatches_per_batch=4, samples_per_insert=16, min_size=100)


def test_rows_are_columns_of_the_spaces() -> None:
    signature = SOFT.signature(CONFIG, CONTINUOUS, opponents=False)
    assert {column.name: (column.dtype.name, column.shape) for column in signature.columns} == {
        "observation": ("float32", (3,)),
        "action": ("float32", (1,)),
        "n_step_return": ("float32", ()),
        "bootstrap_discount": ("float32", ()),
        "next_observation": ("float32", (3,)),
    }


def test_a_discrete_row_has_the_mask_of_its_start() -> None:
    shape = Architecture("actor-critic", 3, 4)
    names = SOFT.signature(CONFIG, shape, opponents=True).names
    assert names == (
        "observation",
        "action_mask",
        "action",
        "n_step_return",
        "bootstrap_discount",
        "next_observation",
        "next_action_mask",
        "opponent",
    )
    assert shape.action_space == Discrete(4)


def test_earlier_frames_are_columns_of_both_ends() -> None:
    spaces = Spaces(Box((-1.0,), (1.0,), (3,)), Box((-1.0,), (1.0,), (2,)))
    shape = Architecture("actor-critic", 3, 0, spaces=spaces, encoding=Encoding(frames=4))
    found = {
        one.name: one.shape for one in SOFT.signature(SACConfig(), shape, opponents=False).columns
    }
    assert found["state"] == found["next_state"] == (9,)


def test_actors_are_told_how_to_explore() -> None:
    drawn, noisy = model_pb2.Collection(), model_pb2.Collection()
    SOFT.tell(SACConfig(noise_correlation=0.9), drawn)
    assert drawn.transition.choosing == model_pb2.CHOOSING_DRAWN
    assert drawn.transition.noise_correlation == 0.9
    NOISY.tell(TD3Config(noise=0.3), noisy)
    assert noisy.transition.choosing == model_pb2.CHOOSING_NOISY
    assert (noisy.transition.noise, noisy.transition.n_step) == (0.3, 1)


def limiter(config: SACConfig) -> RateLimiter:
    signature = SOFT.signature(config, CONTINUOUS, opponents=False)
    table = SOFT.table(config, "pendulum", signature)
    assert table.sampler.kind == replay_pb2.SELECTOR_KIND_UNIFORM
    told = table.rate_limiter
    limits = told.min_size_to_sample, told.samples_per_insert, told.min_diff, told.max_diff
    return RateLimiter(LimiterSpec(*limits))


def test_one_batch_follows_from_each_turn_and_no_other() -> None:
    """So lockstep repeats a run: what can be drawn depends on nothing but the rows written."""
    table, batch = limiter(CONFIG), 64 * 4
    first, rows = SOFT.turns(CONFIG)
    assert (first, rows) == (100, 16)
    table.inserts = first - 1
    assert not table.may_sample(batch)
    table.inserts = first
    for _ in range(50):
        assert table.may_sample(batch)
        table.samples += batch
        assert not table.may_sample(batch)
        for _ in range(rows):
            assert not table.may_sample(batch)
            assert table.may_insert(1)
            table.inserts += 1


def test_a_write_may_be_taken_wherever_no_batch_may_be_drawn() -> None:
    collection = model_pb2.Collection()
    SOFT.tell(CONFIG, collection)
    table, batch, write = limiter(CONFIG), 64 * 4, collection.transition.write_rows
    assert write == 16
    for step in range(2000):
        table.inserts = 100 + step
        table.samples = 0
        while table.may_sample(batch):
            table.samples += batch
        assert table.may_insert(write)


def test_turns_need_a_whole_number_of_rows() -> None:
    config = SACConfig(minibatch_size=64, minibatches_per_batch=1, samples_per_insert=48)
    with pytest.raises(InvalidArgument, match=r"64 rows is drawn after every 1\.333"):
        SOFT.turns(config)
