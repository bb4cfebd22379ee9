"""Learning from pictures, in batches larger than a message, through a real Replay service."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np

from learner.bases.learner import Learner
from learner.loop.building import build
from learner.loop.prefetch import Prefetcher, make_table
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.collecting.step import Experience
from mazemesh.experience import most_write_rows, rows_a_message
from tests.servers.processes import service_process

GAME = "pettingzoo:tests.foreign_games:Screen"


async def test_batches_of_pictures_are_learned_from(tmp_path: Path) -> None:
    """84 x 84 pixels, 256 unrolls a batch: more than Replay puts into one answer."""
    run = Run.of(
        LearnerSettings(game=GAME, hyperparameters={"epochs": 1, "unrolls_per_batch": 256})
    )
    assert run.batch_rows * run.signature.row_bytes > 56e6
    learner, _ = build(run, run.source.initial(0), "cpu", 1)
    flags = ("--port", "0", "--data-dir", str(tmp_path), "--durability", "none")
    async with service_process("services.replay", *flags) as replay:
        statistics = await asyncio.to_thread(learn_once, run, learner, replay.address)
    assert statistics["gradient_norm"] > 0


def learn_once(run: Run, learner: Learner, address: str) -> dict[str, float]:
    stop, client = threading.Event(), ReplayClient(address)
    assert make_table(client, run.table, stop)
    writing = threading.Thread(target=write, args=(run, client))
    prefetcher = Prefetcher(client, run.table, run.signature, run.batch_rows, stop)
    prefetcher.start()
    writing.start()
    try:
        batch = prefetcher.next(120)
        assert batch is not None
        assert len(batch.keys) == run.batch_rows
        writing.join()
        return learner.update(batch).statistics
    finally:
        stop.set()
        prefetcher.close(5)
        client.close()


def write(run: Run, client: ReplayClient) -> None:
    """A batch of rows, cut as an actor cuts it."""
    rows = min(rows_a_message(run.signature), most_write_rows(run.batch_rows))
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {
        spec.name: np.zeros((run.batch_rows, *spec.shape), spec.dtype)
        for spec in run.signature.columns
    }
    columns["observation"][..., rng.integers(84, size=9), rng.integers(84, size=9), :] = 255
    columns["action_mask"][:] = columns["last_action_mask"][:] = 1
    columns["reward"][:] = rng.random(columns["reward"].shape)
    columns["behaviour_log_probability"][:] = np.log(0.5)
    with client.writer(run.table.name, run.signature) as writer:
        experience = Experience(columns, None, np.ones(run.batch_rows, np.int64))
        for piece in experience.pieces(rows):
            writer.append(piece.columns, piece.priorities, piece.policy_versions)
