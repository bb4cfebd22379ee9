"""From settings to a run: presets, tables, and what actors are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from learner.algorithms.dqn import DQNConfig
from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.presets import override
from learner.algorithms.r2d2 import R2D2Config
from learner.algorithms.registry import find
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.collecting.acting import method
from mazemesh.errors import InvalidArgument
from mazemesh.experience import most_write_rows
from mazemesh.games import get_game
from mazemesh.process.errors import StartError
from mazemesh.process.settings import parse_settings
from mazemesh.v1 import replay_pb2
from mazemesh.wire.specs import settings_from_proto
from mazemesh.wire.tensors import Signature
from tests.unit.learner.fakes import tiny_run


def test_policy_is_named_after_the_game_unless_named() -> None:
    assert Run.of(LearnerSettings(game="solo")).policy == "solo"
    assert Run.of(LearnerSettings(game="solo", policy="mine")).policy == "mine"


def test_settings_lie_over_the_preset() -> None:
    run = Run.of(LearnerSettings(game="race", width=6, hyperparameters={"learning_rate": 0.5}))
    start = find("ppo").preset("race")
    assert run.game_settings.width == 6
    assert run.game_settings.shaping == start.game_settings.shaping
    assert run.config.learning_rate == 0.5
    assert isinstance(run.config, PPOConfig)
    assert isinstance(start.config, PPOConfig)
    assert run.config.epochs == start.config.epochs


def test_ppo_learns_from_a_queue_of_unrolls() -> None:
    run = tiny_run("ppo", unroll_length=7, unrolls_per_batch=20)
    table, collection = run.table, run.collection
    assert table.sampler.kind == replay_pb2.SELECTOR_KIND_FIFO
    assert table.max_times_sampled == 1
    assert Signature.from_proto(table.signature).hash == run.signature.hash
    assert collection.table == table.name == "solo"
    assert collection.unroll.length == 7
    assert run.batch_rows == 20
    assert run.steps_per_row == 7


def test_dqn_learns_from_a_prioritized_table() -> None:
    run = tiny_run("dqn", n_step=4, samples_per_insert=2, priority_exponent=0.5)
    assert isinstance(run.config, DQNConfig)
    table = run.table
    assert table.sampler.kind == replay_pb2.SELECTOR_KIND_PRIORITIZED
    assert table.sampler.exponent == 0.5
    assert table.rate_limiter.samples_per_insert == 2
    # The limiter has to let through a whole request at once.
    limiter = table.rate_limiter
    assert limiter.max_diff - limiter.min_diff >= 2 * run.batch_rows
    assert run.collection.transition.n_step == 4
    assert run.collection.transition.discount == run.config.discount
    assert run.steps_per_row == 0.5


@pytest.mark.parametrize("algorithm", ["dqn", "r2d2"])
@pytest.mark.parametrize("samples_per_insert", [0.5, 1, 4, 8, 32])
def test_the_limiter_never_holds_up_both_sides(algorithm: str, samples_per_insert: float) -> None:
    """Whatever was inserted and sampled, a batch may be drawn or a write of as many rows made."""
    run = tiny_run(algorithm, samples_per_insert=samples_per_insert)
    limiter, rows = run.table.rate_limiter, run.batch_rows
    inserts = limiter.min_size_to_sample + rows
    for samples in range(0, int(inserts * samples_per_insert) + 1, max(1, rows // 8)):
        diff = inserts * samples_per_insert - samples
        may_sample = diff - rows >= limiter.min_diff
        may_insert = diff + rows * samples_per_insert <= limiter.max_diff
        assert may_sample or may_insert


def test_r2d2_learns_from_prioritized_sequences_and_actors_cut_them() -> None:
    run = tiny_run("r2d2", sequence_length=12, burn_in=4, samples_per_insert=2, memory=8)
    assert isinstance(run.config, R2D2Config)
    assert run.architecture.memory == 8
    assert run.table.sampler.kind == replay_pb2.SELECTOR_KIND_PRIORITIZED
    # Of the steps of a sequence, 8 are not in the one before.
    assert run.steps_per_row == 4.0
    wanted = run.collection.sequence
    assert (wanted.length, wanted.burn_in, wanted.n_step) == (12, 4, run.config.n_step)
    spec = get_game("solo").spec(run.game_settings)
    _, collector = method(run.collection, spec, 2, np.random.default_rng(0), state_size=8)
    assert collector.signature.hash == run.signature.hash


def test_actors_get_the_game_as_it_is_trained() -> None:
    run = tiny_run()
    settings = settings_from_proto(run.collection.settings)
    assert settings == run.game_settings
    assert settings.shaping > 0
    spec = get_game("solo").spec(settings)
    assert run.architecture.observation_size == spec.observation_size


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"lr": 1.0}, "'lr' is unknown; there are"),
        ({"epochs": 1.5}, "epochs = 1.5 should be a whole number"),
        ({"learning_rate": -1.0}, "learning_rate = -1 should be a number in 0..1"),
    ],
)
def test_wrong_hyperparameters_are_named(values: dict[str, float], part: str) -> None:
    with pytest.raises(InvalidArgument, match=part):
        override(PPOConfig(), values)


def test_flags_are_read(tmp_path: Path) -> None:
    settings = parse_settings(
        LearnerSettings,
        [
            *("--game", "solo", "--data-dir", str(tmp_path)),
            *("--hyperparameters", "learning_rate=0.01,epochs=2", "--loops", "0.2"),
        ],
        "learner",
    )
    run = Run.of(settings)
    assert run.config == override(
        find("ppo").preset("solo").config, {"learning_rate": 0.01, "epochs": 2}
    )
    assert run.game_settings.loops == 0.2
    assert settings.folder == tmp_path / "learner" / "solo"


def test_wrong_flags_are_named() -> None:
    with pytest.raises(StartError, match="publish_seconds = '0' is wrong"):
        parse_settings(LearnerSettings, ["--publish-seconds", "0"], "learner")


def test_identity_is_what_a_checkpoint_cannot_change() -> None:
    assert tiny_run(learning_rate=0.5).identity == tiny_run().identity
    assert tiny_run("dqn").identity != tiny_run().identity


@pytest.mark.parametrize("algorithm", ["ppo", "recurrent-ppo", "impala", "dqn", "r2d2"])
def test_a_table_has_room_for_a_write_whenever_the_learner_waits(algorithm: str) -> None:
    """However many games an actor plays, it writes at most half a batch at once."""
    run = Run.of(LearnerSettings(game="race", algorithm=algorithm))
    assert run.collection.batch_rows == run.batch_rows
    limiter, rows = run.table.rate_limiter, most_write_rows(run.batch_rows)
    assert run.batch_rows / 2 <= rows <= run.batch_rows
    # One row less than a batch is too few to draw: then a write must be let in.
    ratio = limiter.samples_per_insert
    assert rows <= run.table.capacity
    assert run.batch_rows - 1 + rows * ratio <= limiter.max_diff - limiter.min_diff
