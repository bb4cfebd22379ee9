"""`mazemesh plot` on a folder that a run left."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from services._harness.sql.database import Database
from services.elo.stores.sql_log import SqlResultLog
from services.elo.wire.results.payloads import batch
from tests.unit.elo.played import BOTS, simulated

STRENGTHS = {BOTS[0]: 700.0, BOTS[2]: 1300.0, "race:1": 700.0, "race:21": 1000.0}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("run")
    run = folder / "learner" / "race"
    run.mkdir(parents=True)
    (run / "run.json").write_text(
        json.dumps({"run_id": "r1", "game": "race", "algorithm": "ppo", "game_settings": {}})
    )
    lines = [
        {"time": 5.0 * i, "agent_steps": 1e5 * i, "version": 5 * i, "entropy": 1.5 - 0.1 * i}
        for i in range(1, 9)
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    probe = {"event": "snapshot probed", "policy": "race:21", "success_rate": 0.75}
    (folder / "logs").mkdir()
    (folder / "logs" / "evaluator-0.log").write_text(json.dumps(probe) + "\n")
    asyncio.run(play(folder))
    return folder


async def play(folder: Path) -> None:
    database = Database(f"sqlite:///{folder / 'elo.sqlite'}")
    await database.migrate("services.elo")
    matches = simulated(np.random.default_rng(1), STRENGTHS, 60)
    await SqlResultLog(database).append([batch(matches)])
    await database.close()


def plot(data_dir: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["plot", *arguments, "--data-dir", str(data_dir)])
    return result.exit_code, result.output


def test_all_figures_without_a_mesh(data_dir: Path, tmp_path: Path) -> None:
    status, output = plot(data_dir, "race", "--out", str(tmp_path / "plots"), "--json")
    assert status == 0
    told = json.loads(output)
    names = ["learning", "ratings", "head-to-head", "league"]
    files = [*(f"race-{name}.png" for name in names), "race.html"]
    assert told["files"] == [str(tmp_path / "plots" / name) for name in files]
    assert (told["journal_lines"], told["probes"], told["rated_snapshots"]) == (8, 1, 2)
    page = (tmp_path / "plots" / "race.html").read_text()
    assert page.count("<img") == 4
    assert "mean forgetting" in page
    assert "race:21" in page
    assert "800,000" in page


def test_files_go_beside_the_run_and_one_format_is_enough(data_dir: Path) -> None:
    status, output = plot(data_dir, "race", "--format", "png")
    assert status == 0
    files = [Path(line) for line in output.splitlines()]
    assert {file.suffix for file in files} == {".png"}
    assert {file.parent for file in files} == {data_dir / "plots"}
    assert all(file.exists() for file in files)


def test_a_run_that_is_not_there(data_dir: Path) -> None:
    status, output = plot(data_dir, "solo")
    assert status == 1
    assert "has no run 'solo'; there are race" in output


def test_a_run_that_has_not_written_yet(tmp_path: Path) -> None:
    run = tmp_path / "learner" / "race"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    (run / "metrics.jsonl").touch()
    status, output = plot(tmp_path, "race")
    assert status == 1
    assert "has no line yet" in output
