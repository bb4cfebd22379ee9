"""Checkpoints: whole or not there, the newest counts, strangers are refused."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from learner.algorithms.presets import override
from learner.loop.building import build
from learner.network.architecture import initial_parameters
from learner.record import checkpoint
from learner.record.checkpoint import Checkpoint
from learner.run import Run
from mazemesh.errors import FailedPrecondition
from tests.full_disk import no_file_longer_than
from tests.unit.learner.fakes import random_batch, tiny_run

CPU = torch.device("cpu")
SMALL = {"ppo": {"unrolls_per_batch": 4}, "dqn": {"minibatch_size": 16}}


def taken(run: Run, agent_steps: int) -> Checkpoint:
    run = dataclasses.replace(run, config=override(run.config, SMALL[run.algorithm]))
    algorithm, _ = build(run, initial_parameters(run.architecture, 0), "cpu", 1)
    algorithm.update(random_batch(run.signature, run.batch_rows))
    return Checkpoint(3, agent_steps, agent_steps // 2, run.identity, algorithm.state())


@pytest.mark.parametrize("algorithm", ["ppo", "dqn"])
def test_comes_back_as_it_was(tmp_path: Path, algorithm: str) -> None:
    run = tiny_run(algorithm)
    saved = taken(run, 100)
    checkpoint.save(tmp_path, saved)
    loaded = checkpoint.load(tmp_path, run, CPU)
    assert loaded is not None
    assert (loaded.version, loaded.agent_steps, loaded.samples) == (3, 100, 50)
    weights = saved.algorithm["network"]
    assert all(torch.equal(loaded.algorithm["network"][name], weights[name]) for name in weights)
    assert loaded.algorithm["updates"] == saved.algorithm["updates"] > 0
    build(run, initial_parameters(run.architecture, 1), "cpu", 1)[0].restore(loaded.algorithm)


def test_newest_counts_and_two_are_kept(tmp_path: Path) -> None:
    run = tiny_run()
    for agent_steps in (9, 100, 1000):
        checkpoint.save(tmp_path, taken(run, agent_steps))
    assert len(checkpoint.find(tmp_path)) == 2
    loaded = checkpoint.load(tmp_path, run, CPU)
    assert loaded is not None
    assert loaded.agent_steps == 1000


def test_an_unfinished_file_does_not_count(tmp_path: Path) -> None:
    run = tiny_run()
    checkpoint.save(tmp_path, taken(run, 100))
    (tmp_path / "checkpoint-000000000000200.tmp").write_bytes(b"half")
    loaded = checkpoint.load(tmp_path, run, CPU)
    assert loaded is not None
    assert loaded.agent_steps == 100


def test_a_full_disk_leaves_the_one_before(tmp_path: Path) -> None:
    run = tiny_run()
    checkpoint.save(tmp_path, taken(run, 100))
    files = sorted(tmp_path.iterdir())
    later = taken(run, 200)
    with no_file_longer_than(1000):
        checkpoint.save(tmp_path, later)
    assert sorted(tmp_path.iterdir()) == files
    checkpoint.save(tmp_path, later)
    loaded = checkpoint.load(tmp_path, run, CPU)
    assert loaded is not None
    assert loaded.agent_steps == 200


def test_none_when_there_is_none(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / "nowhere", tiny_run(), CPU) is None


def test_that_of_another_algorithm_is_refused_with_the_way_out(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, taken(tiny_run("ppo"), 100))
    with pytest.raises(FailedPrecondition, match=r"algorithm ppo; this run has dqn.*--policy"):
        checkpoint.load(tmp_path, tiny_run("dqn"), CPU)


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


def emptied(content: bytes) -> bytes:
    return b""


def of_another_kind(content: bytes) -> bytes:
    buffer = io.BytesIO()
    torch.save({"weights": torch.zeros(3)}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("damage", [halved, flipped, emptied, of_another_kind])
def test_a_damaged_one_is_passed_over_for_the_one_before(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    run = tiny_run()
    for agent_steps in (100, 200):
        checkpoint.save(tmp_path, taken(run, agent_steps))
    newest = checkpoint.find(tmp_path)[-1]
    newest.write_bytes(damage(newest.read_bytes()))
    loaded = checkpoint.load(tmp_path, run, CPU)
    assert loaded is not None
    assert loaded.agent_steps == 100
    # It is out of the way of those that come, and still there for who wants to look.
    assert not newest.exists()
    assert newest.with_suffix(".damaged").exists()
    checkpoint.save(tmp_path, taken(run, 150))
    again = checkpoint.load(tmp_path, run, CPU)
    assert again is not None
    assert again.agent_steps == 150


def test_when_all_are_damaged_none_is_begun_anew_in_silence(tmp_path: Path) -> None:
    run = tiny_run()
    for agent_steps in (100, 200):
        checkpoint.save(tmp_path, taken(run, agent_steps))
    for path in checkpoint.find(tmp_path):
        path.write_bytes(b"damaged")
    with pytest.raises(FailedPrecondition, match=r"all 2 checkpoints in .* Move them away"):
        checkpoint.load(tmp_path, run, CPU)
    assert len(checkpoint.find(tmp_path)) == 2
