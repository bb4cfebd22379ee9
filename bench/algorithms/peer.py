"""A cell by Stable-Baselines3."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.algorithms.cells import Cell
from bench.algorithms.run import EPISODES, EVALUATION_SEED, Trained
from bench.learner.systems import ROOT, environment

PROGRAM = ROOT / "bench" / "peers" / "sb3_algorithm.py"
LONGEST = 4 * 3600.0


def start() -> list[str]:
    """How a Python begins that has Stable-Baselines3: this one, or one of an own environment.

    Raises:
        RuntimeError: it does not install.
    """
    if importlib.util.find_spec("stable_baselines3") is not None:
        return [sys.executable, "-P"]
    return [str(environment("sb3")), "-P"]


def run_peer(cell: Cell, seed: int, steps: int) -> Trained:
    """Trains and judges.

    Raises:
        RuntimeError: it ended with an error; with the last that it said.
    """
    id_of = {"game": cell.game, "judged": cell.judged or cell.game}
    with tempfile.TemporaryDirectory(prefix="bench-peer-") as folder:
        description = Path(folder) / "cell.json"
        description.write_text(
            json.dumps(
                {
                    "algorithm": cell.algorithm,
                    **{what: game.partition(":")[2] for what, game in id_of.items()},
                    "steps": steps,
                    "seed": seed,
                    "peer": dict(cell.peer),
                    "episodes": EPISODES,
                    "evaluation_seed": EVALUATION_SEED,
                }
            )
        )
        command, started = [*start(), str(PROGRAM), str(description)], time.time()
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
            env={**os.environ, "PYTHONPATH": _path(), "OMP_NUM_THREADS": "1"},
        )
    if done.returncode != 0:
        raise RuntimeError(
            f"{cell.name}: the peer ended with {done.returncode}: {done.stderr[-1500:]}"
        )
    told = json.loads(done.stdout.splitlines()[-1])
    return Trained(seed, told["trained"] - started, told["returns"])


def _path() -> str:
    """Where its modules are found: this checkout before all else."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
