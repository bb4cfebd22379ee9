"""EnvPool's FrozenLake, the nearest it has to a maze: one agent, the observation is one number.

Run by a Python that has envpool; prints one JSON object.
"""

import json
import sys
import time
from importlib.metadata import version

import envpool
import numpy as np

ENVIRONMENTS = 512


def main(seconds: float) -> None:
    env = envpool.make(
        "FrozenLake8x8-v1", env_type="gymnasium", num_envs=ENVIRONMENTS, num_threads=1
    )
    env.reset()
    actions = np.random.default_rng(1).integers(0, 4, (64, ENVIRONMENTS), dtype=np.int32)
    steps, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        for action in actions:
            env.step(action)
        steps += len(actions)
    report = {
        "version": version("envpool"),
        "environment": "FrozenLake8x8-v1, 512 in one batch, 1 thread",
        "agent_steps_per_second": steps * ENVIRONMENTS / elapsed,
    }
    print(json.dumps(report))


main(float(sys.argv[1]))
