"""A cell by the public implementation that it names."""

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
from bench.learner.systems import PLAYERS, ROOT, environment

MODULES = {"sb3": "stable_baselines3", "skrl": "skrl"}
"""What a peer is imported as; its program is `bench/peers/<peer>_algorithm.py`."""

LONGEST = 4 * 3600.0


def start(peer: str = "sb3") -> list[str]:
    """How a Python begins that has the peer: this one, or one of an own environment.

    Raises:
        RuntimeError: it does not install.
    """
    if importlib.util.find_spec(MODULES[peer]) is not None:
        return [sys.executable, "-P"]
    return [str(environment(f"{peer}-algorithms", PLAYERS[peer])), "-P"]


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
                    "drawn": cell.drawn,
                    "evaluation_seed": EVALUATION_SEED,
                }
            )
        )
        program = ROOT / "bench" / "peers" / f"{cell.by}_algorithm.py"
        command, started = [*start(cell.by), str(program), str(description)], time.time()
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
