"""`mazemesh up --policies`: two policies that learn in the same games, each from its own seats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mazemesh.process.ports import free_block
from supervisor.running.layout import SERVICES
from tests.e2e.running_mesh import Up, up, versions

pytestmark = pytest.mark.timeout(240)

EVADER, HUNTERS = "pursuit-evader", "pursuit-hunters"
SMALL = (
    *("--learner=--width=5", "--learner=--height=5", "--learner=--step-limit=10"),
    "--learner=--seats=3",
)


def met(mesh: Up, student: str) -> set[str]:
    """Whom a policy met in training, as the Matchmaker was told."""
    return {one.opponent for one in mesh.mesh.matchmaker.training_records(student) if one.games}


def test_two_policies_learn_each_from_its_own_seats(tmp_path: Path) -> None:
    policies = f"evader={EVADER},hunter={HUNTERS}"
    flags = ("--game", "pursuit", "--policies", policies, "--evaluators", "0")
    quiet = ("--learner=--tracking=none", "--learner=--snapshot-seconds=2")
    with up(tmp_path / "mesh", free_block(len(SERVICES)).start, *flags, *quiet, *SMALL) as mesh:
        mesh.until(lambda: all(versions(mesh, name) >= 3 for name in (EVADER, HUNTERS)))
        for name, seats in ((EVADER, [0]), (HUNTERS, [1, 2])):
            collection = mesh.mesh.model.describe(name).collection
            assert collection.table == name
            mine = next(role for role in collection.roles if role.policy == name)
            assert list(mine.seats) == seats
        mesh.until(lambda: f"{HUNTERS}:latest" in met(mesh, EVADER))
        mesh.until(lambda: f"{EVADER}:latest" in met(mesh, HUNTERS))
        # Each meets the other's versions, and bots: never its own.
        for name, other in ((EVADER, HUNTERS), (HUNTERS, EVADER)):
            assert {one.partition(":")[0].partition("/")[0] for one in met(mesh, name)} <= {
                "bot",
                other,
            }
        summary = mesh.stop()
    assert summary["restarts"] == 0
    rows = {name: rows_of(tmp_path / "mesh", name) for name in (EVADER, HUNTERS)}
    # Of each game one seat feeds the one, and two the other; opponents' seats neither.
    assert 1.2 < np.divide(rows[HUNTERS], rows[EVADER]) < 3.0


def rows_of(data_dir: Path, policy: str) -> float:
    """Agent steps that a policy's learner has learned from, by its journal."""
    import json

    lines = (data_dir / "learner" / policy / "metrics.jsonl").read_text().splitlines()
    return float(json.loads(lines[-1])["agent_steps"])
