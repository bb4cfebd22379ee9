"""Training on Blotto by the whole mesh: `mazemesh up`, as anybody would start it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.children import ending_with_us, up_command

GAME = "pettingzoo:bench.league.blotto:game"
MAIN, BEST_RESPONSE = "blotto", "best-response"

_ROOT = Path(__file__).parents[2]

_NEWEST_ALONE = {
    "MAZEMESH_MATCHMAKER_LATEST_SHARE": "1",
    "MAZEMESH_MATCHMAKER_PFSP_SHARE": "0",
    "MAZEMESH_MATCHMAKER_BOTS_SHARE": "0",
}

# At a high rate and in small batches, so that some 10^5 steps show what the preset shows after many
# more: in a game of one move a batch of 16 unrolls is 512 games.
_HYPERPARAMETERS = {
    "learning_rate": 0.005,
    "final_learning_rate": 0.005,
    "unrolls_per_batch": 16,
    "minibatch_size": 256,
}


@dataclass(frozen=True)
class Arm:
    """A way to train: flags of `mazemesh up`, and its environment."""

    flags: Sequence[str]
    environment: Mapping[str, str]


ARMS = {
    "plain": Arm(("--evaluators", "0"), _NEWEST_ALONE),
    "pfsp": Arm(("--evaluators", "0"), {}),
    "league": Arm(("--league", "--league-seconds", "2"), {}),
}
"""Against the newest version alone; with snapshots by PFSP and bots, as `up` does; as a league."""


def train(arm: str, steps: int, seed: int, data: Path, limit: float) -> float:
    """Trains the main policy for so many agent steps of its own; seconds that it took.

    Raises:
        RuntimeError: the mesh ended otherwise than by having done its steps.
    """
    one = ARMS[arm]
    return _up(data, MAIN, steps, seed, limit, one.flags, one.environment)


def respond(steps: int, seed: int, data: Path, limit: float) -> float:
    """Trains a best response to the newest version of the main policy, in the same folder."""
    flags = ("--evaluators", "0", f"--learner=--exploits={MAIN}")
    return _up(data, BEST_RESPONSE, steps, seed, limit, flags, {})


def steps_of(data: Path) -> dict[str, int]:
    """Agent steps that each learner of a data folder has learned from."""
    found = {}
    for journal in sorted(data.glob("learner/*/metrics.jsonl")):
        lines = journal.read_text().splitlines()
        found[journal.parent.name] = int(json.loads(lines[-1])["agent_steps"]) if lines else 0
    return found


def _up(
    data: Path,
    name: str,
    steps: int,
    seed: int,
    limit: float,
    flags: Sequence[str],
    environment: Mapping[str, str],
) -> float:
    log, started = data.parent / f"{data.name}-{name}.log", time.monotonic()
    command = up_command(
        GAME,
        data,
        *("--name", name, "--seed", str(seed), "--games", "64"),
        *("--for", f"{limit:g}s"),
        *("--learner=--tracking=none", "--learner=--snapshot-seconds=4"),
        f"--learner=--steps={steps}",
        f"--learner=--hyperparameters={json.dumps(_HYPERPARAMETERS)}",
        *flags,
    )
    # The game is a module of this folder, which only we and our children know of.
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    told = {**ending_with_us(), **environment, "PYTHONPATH": path}
    with log.open("wb") as output:
        status = subprocess.run(
            command, stdout=output, stderr=output, env=told, timeout=limit + 90, check=False
        ).returncode
    if status != 0 or "learner has done its steps" not in log.read_text():
        raise RuntimeError(f"mazemesh up ended with {status}: {log.read_text()[-2000:]}")
    return time.monotonic() - started
