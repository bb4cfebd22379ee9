"""MiniGrid's FourRooms: one agent, a 7 x 7 view, in Gymnasium's synchronous vector environment.

Run by a Python that has minigrid; prints one JSON object.
"""

import json
import sys
import time
from importlib.metadata import version

import gymnasium
import minigrid

ENVIRONMENTS = 16


def main(seconds: float) -> None:
    gymnasium.register_envs(minigrid)
    env = gymnasium.make_vec("MiniGrid-FourRooms-v0", ENVIRONMENTS, vectorization_mode="sync")
    env.reset(seed=1)
    actions = [env.action_space.sample() for _ in range(64)]
    steps, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        for action in actions:
            env.step(action)
        steps += len(actions)
    report = {
        "version": version("minigrid"),
        "environment": "MiniGrid-FourRooms-v0, 16 in one SyncVectorEnv",
        "agent_steps_per_second": steps * ENVIRONMENTS / elapsed,
    }
    print(json.dumps(report))


main(float(sys.argv[1]))
