"""`bench algorithms`: how returns are compared, and that every cell can be started."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from bench.algorithms import command
from bench.algorithms.cells import CELLS, Cell
from bench.algorithms.command import compare, gap, report
from bench.algorithms.mesh import mesh_command, to_learn
from bench.algorithms.peer import MODULES
from bench.algorithms.run import Trained, interquartile_range
from bench.learner.systems import PLAYERS, ROOT
from learner.algorithms.registry import find


def runs(*means: float, seconds: float = 10.0) -> list[Trained]:
    return [Trained(seed, seconds, [mean, mean]) for seed, mean in enumerate(means)]


def test_the_gap_is_in_interquartile_ranges_of_the_peer() -> None:
    # Medians 90 and 100; the peer's quartiles are 95 and 110.
    found = gap(runs(80, 90, 120, seconds=6), runs(90, 100, 120))
    assert found["return_gap"] == pytest.approx(10 / 15)
    assert found["wall_ratio"] == pytest.approx(0.6)


def test_equal_runs_are_no_division_by_zero() -> None:
    assert interquartile_range([500.0, 500.0, 500.0]) == 5.0
    assert gap(runs(500, 500, 500), runs(500, 500, 500))["return_gap"] == 0.0
    assert interquartile_range([0.0]) == 0.01


def test_a_cell_without_a_peer_counts_for_nothing() -> None:
    alone = gap(runs(1.0), [])
    assert (alone["return_gap"], alone["wall_ratio"], alone["our_return"]) == (None, None, 1.0)
    told = report([{"cell": "one", **alone}, {"cell": "two", **gap(runs(1.0), runs(3.0))}])
    assert told["worst_return_gap"] == pytest.approx(2 / 0.03)
    assert list(told) == ["worst_return_gap", "worst_wall_ratio", "cells"]


def test_cells_are_of_algorithms_that_there_are(tmp_path: Path) -> None:
    names = [cell.name for cell in CELLS]
    assert len(set(names)) == len(names)
    for cell in CELLS:
        command = mesh_command(cell, 0, cell.steps, tmp_path)
        assert f"--learner=--steps={to_learn(cell, cell.steps)}" in command
        assert find(cell.algorithm).name == cell.algorithm
        assert cell.peer
        assert {cell.by} <= MODULES.keys() & PLAYERS.keys()
        assert (ROOT / "bench" / "peers" / f"{cell.by}_algorithm.py").exists()


def test_a_cell_whose_game_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    cell = next(cell for cell in CELLS if cell.name == "ppo/Rooms-v0")
    told = compare(cell, 1, 100)
    assert told["failures"] == ["minigrid is not installed"]
    assert report([told])["worst_return_gap"] is None
    assert json.dumps(told)


def test_a_side_that_cannot_run_says_so_and_the_other_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(cell: Cell, seed: int, steps: int) -> Trained:
        raise subprocess.TimeoutExpired("peer", 1.0)

    monkeypatch.setattr(command, "run_mesh", lambda cell, seed, steps: Trained(seed, 1.0, [2.0]))
    monkeypatch.setattr(command, "run_peer", broken)
    told = compare(CELLS[0], 2, 100)
    assert told["our_return"] == 2.0
    assert [failure.partition(":")[0] for failure in told["failures"]] == [
        "peer, seed 0",
        "peer, seed 1",
    ]
