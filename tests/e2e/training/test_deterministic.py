"""`mazemesh up --deterministic`: two runs with one seed, through all the services."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mazemesh.process.ports import free_block
from supervisor.running.layout import SERVICES

MAZEMESH = Path(sys.executable).with_name("mazemesh")
UPDATES = 10

pytestmark = pytest.mark.timeout(240)


def test_one_seed_gives_one_learning_curve(tmp_path: Path) -> None:
    flags = [
        *("--game", "race", "--learner=--width=6", "--learner=--height=6"),
        "--learner=--hyperparameters=unroll_length=8,unrolls_per_batch=32,minibatch_size=64",
    ]
    first, second = (curve(tmp_path / name, "race", flags) for name in ("first", "second"))
    # Every figure of every update, to the last bit.
    assert first[:UPDATES] == second[:UPDATES]
    # It really learned, by one version after the other, and the actor took each of them.
    assert [line["version"] for line in first[:UPDATES]] == list(range(2, UPDATES + 2))
    # Unrolls go on over episode ends and turns, so one may have begun a version or two before.
    assert all(0 <= line["lag_versions"] <= 2.5 for line in first)


def test_so_it_does_where_rows_are_drawn_several_times(tmp_path: Path) -> None:
    """A uniform table, from which every batch follows from the rows that were written before it."""
    own = "min_size=200,minibatch_size=32,minibatches_per_batch=2,samples_per_insert=16"
    flags = [
        *("--game", "gymnasium:Pendulum-v1", "--algorithm", "sac"),
        f"--learner=--hyperparameters={own}",
    ]
    first, second = (curve(tmp_path / name, "pendulum-v1", flags) for name in ("first", "second"))
    assert first[:UPDATES] == second[:UPDATES]
    assert [line["version"] for line in first[:UPDATES]] == list(range(2, UPDATES + 2))
    assert first[0]["critic_loss"] != first[1]["critic_loss"]


def curve(data_dir: Path, policy: str, flags: list[str]) -> list[dict[str, Any]]:
    """The journal of a run, at least `UPDATES` lines, without their times."""
    command = [
        *(str(MAZEMESH), "up", *flags, "--deterministic", "--seed", "3"),
        # 20 games do not divide a batch: turns end in the middle of what a session wrote.
        *("--games", "20", "--evaluators", "0", "--plain", "--data-dir", str(data_dir)),
        *("--port-base", str(free_block(len(SERVICES)).start), "--learner=--tracking=none"),
    ]
    journal = data_dir / "learner" / policy / "metrics.jsonl"
    output = data_dir.with_suffix(".log")
    with output.open("wb") as log, subprocess.Popen(command, stderr=log) as mesh:
        try:
            while len(lines(journal)) < UPDATES:
                with pytest.raises(subprocess.TimeoutExpired):
                    raise AssertionError(
                        f"ended with {mesh.wait(0.1)}: {output.read_text()[-800:]}"
                    )
            mesh.send_signal(signal.SIGINT)
            mesh.wait(60)
        finally:
            mesh.kill()
    found = [json.loads(line) for line in lines(journal)]
    clock = {"time", "agent_steps_per_second"}
    return [{name: line[name] for name in line.keys() - clock} for line in found]


def lines(journal: Path) -> list[str]:
    return journal.read_text().splitlines() if journal.exists() else []


def test_several_actors_are_refused(tmp_path: Path) -> None:
    command = [str(MAZEMESH), "up", "--deterministic", "--actors", "2"]
    refused = subprocess.run(
        [*command, "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert "--actors is 2 and should be 1" in refused.stderr
    assert "Traceback" not in refused.stderr
