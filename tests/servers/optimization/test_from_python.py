"""`mesh.optimization`: searches in a thread, and a league's policies by several ratings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import mazemesh
from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh
from mazemesh.errors import (
    Cancelled,
    Conflict,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
)
from mazemesh.optimization.running import OptimizationRun
from services.elo.bind import bind as bind_elo
from tests.servers.elo_results import RESULTS, settings_in
from tests.servers.model_policies import publish
from tests.servers.model_server import running_model
from tests.servers.running import RunningService
from tests.unit.optimization.known_problems import dtlz2

ROOT = Path(__file__).parents[3]


@pytest.fixture
def mesh() -> Iterator[Mesh]:
    with mazemesh.connect() as mesh:  # nobody is called
        yield mesh


def test_the_call_of_a_script_without_a_guard(tmp_path: Path) -> None:
    """Processes are spawned, and yet nothing runs the user's script again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import mazemesh\n"
        "print('begun')\n"
        "mesh = mazemesh.connect()\n"
        "run = mesh.optimization.start(\n"
        "    problem_type='5g?cells=3&users=20', algorithm='nsga3', mode='emergency',\n"
        "    population_size=20, generations=5,\n"
        ")\n"
        "front = run.wait_for_completion()\n"
        "print(len(front) > 0, front.weighting.name, sorted(front.outcome(front.chosen())))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert done.stdout.splitlines() == [
        "begun",
        "True emergency ['edge_rate', 'power', 'revenue']",
    ], done.stderr
    (study,) = (tmp_path / ".mazemesh" / "optimize").iterdir()
    assert (study / "front.json").exists()


def test_stopped_and_gone_on_with(
    mesh: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    def start(generations: int) -> OptimizationRun:
        return mesh.optimization.start(
            "tests.unit.optimization.known_problems:slow",
            population_size=20,
            generations=generations,
            jobs=2,
            data_dir=tmp_path,
        )

    run = start(100_000)
    with pytest.raises(DeadlineExceeded, match="the search goes on"):
        run.wait_for_completion(0.5)
    assert not run.done
    with pytest.raises(Conflict, match="another process"):
        start(100_000).wait_for_completion(30)
    run.stop()
    with pytest.raises(Cancelled, match="it can go on"):
        run.wait_for_completion(30)
    assert start(3).wait_for_completion(60).facts["generations"] == 3


def test_a_problem_of_this_program(mesh: Mesh, tmp_path: Path) -> None:
    front = mesh.optimization.start(
        dtlz2(5), weights={"f1": 1.0}, population_size=20, generations=5, data_dir=tmp_path
    ).wait_for_completion(60)
    assert front.values[front.chosen(), 1] == front.values[:, 1].min()


def test_wrong_arguments_are_told_at_once(mesh: Mesh, tmp_path: Path) -> None:
    for arguments, message in (
        ({"algorithm": "nsga9"}, "algorithm: 'nsga9' is unknown; there are nsga2, nsga3"),
        ({"mode": "panic"}, "mode: 'panic'"),
        ({"population_size": 1}, "population: 1"),
        ({"generations": 0}, "generations: 0"),
        ({"seed": -1}, "seed: -1"),
        ({"study": ".."}, "study: '..'"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            mesh.optimization.start("5g", data_dir=tmp_path, **arguments)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_leagues_policies(tmp_path: Path) -> None:
    elo = RunningService(settings_in(tmp_path / "elo"), bind_elo)
    try:
        with running_model(tmp_path / "model") as model:
            for seed in range(5):
                publish(model.client, "race", seed)
            addresses = replace(Addresses.local(), elo=elo.address, model=model.address)
            with Mesh(addresses) as mesh:
                with pytest.raises(FailedPrecondition, match="no version of 'race' is rated"):
                    mesh.optimization.start("league:race")
                mesh.elo.record(RESULTS)
                front = mesh.optimization.start(
                    "league:race", mode="strongest"
                ).wait_for_completion(30)
                board = mesh.elo.leaderboard("race").players
                with pytest.raises(FailedPrecondition, match="rated on race, other yet"):
                    mesh.optimization.start("league:race?ladders=race,other")
    finally:
        elo.close()
    assert [one.name for one in front.objectives] == ["rating", "worst_score", "size"]
    of = {row.player: row for row in board}
    best = max((name for name in of if name.startswith("race:")), key=lambda name: of[name].low)
    assert front.labels[front.chosen()] == best
    assert front.outcome(front.chosen())["rating"] == of[best].low
    assert all(0 <= values[1] <= 1 and values[2] > 100 for values in front.values)
