"""Training by the full mesh: `mazemesh up`, as anybody would start it."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.children import ending_with_us, up_command
from mazemesh.games.foreign import policy_name

STOP_SECONDS = 90.0


@dataclass(frozen=True)
class Run:
    """What training took.

    Attributes:
        agent_steps: That the learner has learned from.
        seconds: Of the command, start and stop included.
    """

    agent_steps: int
    seconds: float


def train(game: str, seconds: float, seed: int, data: Path, algorithm: str = "ppo") -> Run:
    """Trains by the preset for so long, from the command on.

    Raises:
        RuntimeError: the mesh ended early, or did not learn.
    """
    log, started = data.parent / f"{data.name}.log", time.monotonic()
    with log.open("wb") as output:
        status = subprocess.run(
            _command(game, algorithm, seconds, seed, data),
            stdout=output,
            stderr=output,
            env=ending_with_us(),
            timeout=seconds + STOP_SECONDS,
            check=False,
        ).returncode
    took = time.monotonic() - started
    journal = data / "learner" / policy_name(game) / "metrics.jsonl"
    if status != 0 or not journal.exists():
        raise RuntimeError(f"mazemesh up ended with {status}: {log.read_text()[-2000:]}")
    return Run(int(json.loads(journal.read_text().splitlines()[-1])["agent_steps"]), took)


def _command(game: str, algorithm: str, seconds: float, seed: int, data: Path) -> list[str]:
    return up_command(
        game,
        data,
        *("--algorithm", algorithm, "--evaluators", "0", "--seed", str(seed)),
        *("--for", f"{seconds:g}s", "--learner=--tracking=none"),
    )
