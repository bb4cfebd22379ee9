"""The measurement of updates, on the processor and a little."""

from __future__ import annotations

import json

import pytest
import torch
from typer.testing import CliRunner

from bench.learner.device import app, prepared, samples_per_update


def test_tells_of_each_variant() -> None:
    told = ["--device", "cpu", "--algorithm", "impala", "--seconds", "0.01", "--json"]
    before = torch.get_float32_matmul_precision()
    try:
        result = CliRunner().invoke(app, told)
    finally:
        torch.set_float32_matmul_precision(before)
    assert result.exit_code == 0, result.output
    runs = json.loads(result.output.splitlines()[-1])["runs"]
    assert [run["products"] for run in runs] == ["float32", "bfloat16"]
    for run in runs:
        assert run["algorithm"] == "impala"
        assert run["samples_per_second"] * run["update_ms"] / 1e3 == pytest.approx(32 * 32)


def test_an_unknown_size_is_refused() -> None:
    result = CliRunner().invoke(app, ["--size", "huge"])
    assert result.exit_code == 2
    assert "choose preset or large" in result.output


def test_counts_each_row_as_often_as_it_is_learned_from() -> None:
    ppo, r2d2 = prepared("ppo", large=False), prepared("r2d2", large=True)
    assert samples_per_update(ppo) == 3 * 256 * 32
    assert samples_per_update(r2d2) == 4 * 512 * 20
