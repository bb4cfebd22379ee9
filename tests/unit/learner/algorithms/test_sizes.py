"""Image games: rows are as many as fit, drawn and written in messages that hold them."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from learner.algorithms.dqn import DQNConfig
from learner.algorithms.impala import ImpalaConfig
from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.r2d2 import R2D2Config
from learner.algorithms.sizes import BATCH_BYTES, PARITY_BYTES, TABLE_BYTES, fitted, parity_rows
from learner.bases.off_policy.replayed import SEQUENCES, TRANSITIONS, QLearningConfig
from learner.bases.on_policy.unrolls import UNROLLS
from learner.loop.examples import examples
from learner.loop.parts import Joined, Parts
from learner.loop.prefetch import Prefetcher
from learner.network.architecture import Architecture
from learner.ports import Columns
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.collecting.step import Experience
from mazemesh.errors import InvalidArgument, NotFound
from mazemesh.experience import (
    MESSAGE_BYTES,
    MOST_ROW_BYTES,
    most_write_rows,
    rows_a_message,
    sequence_signature,
    transition_signature,
    unroll_signature,
)
from mazemesh.wire.tensors import Signature
from services.replay.limits import MOST_DRAWN_BYTES
from tests.unit.learner.fakes import FakeBatch, FakeReplay, random_batch, tiny_run

ATARI, SCREEN = 84 * 84, 210 * 160 * 3


def rows_of(config: object, size: int, dtype: str = "uint8") -> Signature:
    if isinstance(config, PPOConfig | ImpalaConfig):
        return unroll_signature(config.unroll_length, size, 18, dtype)
    if isinstance(config, R2D2Config):
        return sequence_signature(config.sequence_length, size, 18, dtype, config.memory)
    return transition_signature(size, 18, dtype)


@pytest.mark.parametrize("size", [300, ATARI, 4 * ATARI, SCREEN, 4 * SCREEN])
@pytest.mark.parametrize("config", [PPOConfig(), ImpalaConfig(), DQNConfig(), R2D2Config()])
def test_batches_and_tables_of_presets_fit(config: Any, size: int) -> None:
    signature = rows_of(config, size)
    kinds = {DQNConfig: TRANSITIONS, R2D2Config: SEQUENCES}
    fits = fitted(kinds.get(type(config), UNROLLS), config, signature.row_bytes, ())
    if isinstance(fits, QLearningConfig):
        assert fits.table_capacity * signature.row_bytes <= TABLE_BYTES
        batch = fits.minibatch_size * fits.minibatches_per_batch
        assert fits.min_size <= fits.table_capacity
        assert batch <= fits.table_capacity
        assert most_write_rows(batch) <= fits.table_capacity
    else:
        batch = fits.unrolls_per_batch
    assert batch * signature.row_bytes <= max(BATCH_BYTES, signature.row_bytes)
    # A request that is cut as the learner cuts it is never refused.
    assert rows_a_message(signature) * (signature.row_bytes + 48) <= MOST_DRAWN_BYTES
    if size == 300:
        assert fits == config


def test_what_the_user_chose_stays() -> None:
    row = rows_of(DQNConfig(), SCREEN).row_bytes
    chosen = DQNConfig(table_capacity=400_000)
    for names, capacity in (({"table_capacity"}, 400_000), (set[str](), TABLE_BYTES // row)):
        fits = fitted(TRANSITIONS, chosen, row, names)
        assert fits.table_capacity == capacity


def test_a_row_that_no_message_holds_is_refused_with_what_would_be_right() -> None:
    config = PPOConfig(unroll_length=4096)
    row = rows_of(config, ATARI).row_bytes
    assert row < MOST_ROW_BYTES
    fitted(UNROLLS, config, row, ())
    row = rows_of(config, SCREEN).row_bytes
    with pytest.raises(InvalidArgument, match=r"unroll_length = 4096: .* at most about 4\d\d$"):
        fitted(UNROLLS, config, row, ())
    with pytest.raises(InvalidArgument, match="observations are too large"):
        fitted(TRANSITIONS, DQNConfig(), 2 * MOST_ROW_BYTES, ())


def test_a_run_is_made_of_what_fits() -> None:
    settings = LearnerSettings(
        game="solo", algorithm="dqn", hyperparameters={"min_size": 900}, view=31, packed=False
    )
    config = Run.of(settings).config
    assert isinstance(config, DQNConfig)
    assert config.table_capacity < DQNConfig().table_capacity
    assert config.min_size == 900


@pytest.fixture
def seven(monkeypatch: pytest.MonkeyPatch) -> Signature:
    """Rows of which seven make a message."""
    signature = tiny_run("dqn").signature
    monkeypatch.setattr("mazemesh.experience.MESSAGE_BYTES", 7 * signature.row_bytes)
    return signature


def test_large_batches_are_drawn_in_parts_and_joined(seven: Signature) -> None:
    run = tiny_run("dqn")
    replay, stop = FakeReplay(), threading.Event()
    replay.create_table(run.table)
    prefetcher = Prefetcher(replay, run.table, seven, 20, stop)
    prefetcher.update_priorities((np.arange(3, dtype=np.uint64), np.ones(3)))
    prefetcher.start()
    batch = prefetcher.next(20)
    assert batch is not None
    assert prefetcher.next(20) is not None
    stop.set()
    prefetcher.close(20)
    assert replay.drawn[:6] == [7, 7, 6] * 2
    assert len(replay.priorities) == 1
    expected = [random_batch(seven, rows, n) for n, rows in enumerate((7, 7, 6), 1)]
    for name, column in batch.columns.items():
        np.testing.assert_array_equal(column, np.concatenate([e.columns[name] for e in expected]))
    assert len(batch.keys) == len(batch.probabilities) == len(batch.policy_versions) == 20


def test_parts_of_a_table_that_is_gone_are_dropped(seven: Signature) -> None:
    run = tiny_run("dqn")
    replay, stop = FakeReplay(), threading.Event()
    replay.create_table(run.table)

    def trouble() -> None:
        if replay.draws == 2:
            replay.trouble = lambda: None
            raise NotFound("no such table")

    replay.trouble = trouble
    prefetcher = Prefetcher(replay, run.table, seven, 20, stop)
    prefetcher.start()
    batch = prefetcher.next(20)
    stop.set()
    prefetcher.close(20)
    assert batch is not None
    assert replay.drawn[:5] == [7, 7, 7, 7, 6]


def test_importance_is_that_of_each_draw() -> None:
    """N P(i) is what counts (Schaul et al. 2016, section 3.4); N grows between two draws."""
    parts = [draw([0.5, 0.1], table_size=10), draw([0.2, 0.4], table_size=20)]
    joined = Joined.of(list(parts))
    np.testing.assert_allclose(
        joined.probabilities * joined.table_size, [5.0, 1.0, 4.0, 8.0], rtol=1e-12
    )
    assert joined.table_size == 20


def draw(probabilities: list[float], table_size: int) -> FakeBatch:
    rows = len(probabilities)
    return FakeBatch(
        {"x": np.zeros(rows, np.uint8)},
        np.arange(rows, dtype=np.uint64),
        np.array(probabilities),
        np.full(rows, 1),
        table_size,
    )


def test_a_batch_that_fits_one_message_is_handed_on_as_it_came() -> None:
    parts, whole = Parts(2, 5), draw([0.5, 0.5], 2)
    assert parts.wanted == 2
    assert parts.add(whole) is whole
    assert (parts.wanted, parts.begun) == (2, False)


def test_actors_write_no_more_than_a_message_holds() -> None:
    signature = rows_of(PPOConfig(), SCREEN)
    most = min(rows_a_message(signature), most_write_rows(256))
    experience = Experience({}, None, np.zeros(128, np.int64))
    pieces = [piece.rows for piece in experience.pieces(most)]
    assert sum(pieces) == 128
    assert max(pieces) * signature.row_bytes <= MESSAGE_BYTES


def test_few_large_observations_go_with_a_version() -> None:
    assert parity_rows(300, 256) == 256
    assert parity_rows(4 * SCREEN, 256) == PARITY_BYTES // (4 * SCREEN) == 10
    assert parity_rows(2 * PARITY_BYTES, 256) == 1
    columns: Columns = {
        "observation": np.zeros((3, 9, SCREEN), np.float32),
        "action_mask": np.ones((3, 9, 5), np.uint8),
    }
    shape = Architecture("actor-critic", SCREEN, 5, observation_dtype="float32")
    observation, mask, _ = examples(shape, columns, 256)
    assert len(observation) == len(mask) == 10
