"""PufferLib's grid: mazes of up to 9 x 9 in C, one agent each, an 11 x 11 view.

Run by a Python that has pufferlib; prints one JSON object.
"""

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from pufferlib.ocean import env_creator

ENVIRONMENTS = 512


def main(seconds: float) -> None:
    env = env_creator("puffer_grid")(num_envs=ENVIRONMENTS)
    env.reset(seed=1)
    actions = np.random.default_rng(1).integers(0, 5, (64, ENVIRONMENTS), dtype=np.int32)
    steps, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        for action in actions:
            env.step(action)
        steps += len(actions)
    report = {
        "version": version("pufferlib"),
        "environment": "puffer_grid, 512 in one batch",
        "agent_steps_per_second": steps * ENVIRONMENTS / elapsed,
    }
    print(json.dumps(report))


main(float(sys.argv[1]))
