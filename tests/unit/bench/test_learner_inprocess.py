"""One seed, one curve: acting, games and learning in one process leave nothing to chance."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

FLAGS = "--game race --width 5 --height 5 --view 3 --games 64 --steps 60000"
TIMED = "agent_steps_per_learner_second"


def curve(seed: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "bench.learner.inprocess", *FLAGS.split()]
    command += ["--evaluate-every", "20000", "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [{name: value for name, value in line.items() if name != TIMED} for line in lines]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_same_seed_gives_the_same_learning_curve() -> None:
    first = curve(3)
    assert [line["agent_steps"] >= 20_000 for line in first] == [True] * 3
    assert first[-1]["updates"] > 0
    assert curve(3) == first
    assert curve(4) != first
