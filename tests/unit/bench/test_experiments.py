"""The bench of experiments: its command can be loaded, and its simulation."""

from __future__ import annotations

from typer.testing import CliRunner

from bench.__main__ import app
from bench.experiments.simulation import Cell, simulate


def test_it_tells_what_it_measures() -> None:
    result = CliRunner().invoke(app, ["experiments", "--help"])
    assert result.exit_code == 0, result.output
    assert "hot changes and shadows" in result.output


def test_a_large_loss_is_found_and_none_is_not() -> None:
    found = simulate(Cell(0.5, 0.3, 0.5), runs=10, seed=0)
    assert found["worse_rolled_back"] >= 9
    assert found["equal_rolled_back"] <= 1
    assert 0 < found["median_sessions"] < found["bound"] < 1000
