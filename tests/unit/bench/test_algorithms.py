"""`bench algorithms`: how returns are compared, and that every cell can be started."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.algorithms.cells import CELLS
from bench.algorithms.command import gap, report
from bench.algorithms.mesh import mesh_command, to_learn
from bench.algorithms.run import Trained, interquartile_range
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
