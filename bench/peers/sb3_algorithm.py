"""An algorithm of Stable-Baselines3 on a game, in the virtual environment of its own.

Arguments: a JSON file with algorithm, game, judged, steps, seed, peer (settings), episodes and
evaluation_seed, drawn. Prints a JSON object with `trained` (the time when training ended) and
`returns` of episodes afterwards, greedy ones unless actions are to be drawn.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import stable_baselines3
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.vec_env import VecEnv, VecNormalize


def schedule(value: Any) -> Any:
    """`lin_X` falls from X to 0 over the training, as the Zoo writes it."""
    if isinstance(value, str) and value.startswith("lin_"):
        first = float(value.removeprefix("lin_"))
        return lambda left: left * first
    return value


def environments(
    game: str, settings: dict[str, Any], count: int, seed: int, *, training: bool
) -> VecEnv:
    """Several at once, with the layers that the settings ask for."""
    made = make_vec_env(game, count, seed)
    if settings.get("normalize"):
        return VecNormalize(made, training=training, norm_reward=training)
    return made


def noise(settings: dict[str, Any], env: VecEnv) -> dict[str, Any]:
    """What TD3 and DDPG explore by."""
    if "noise" not in settings:
        return {}
    kind, deviation = settings["noise"]
    size = env.action_space.shape
    made = {"normal": NormalActionNoise, "ornstein-uhlenbeck": OrnsteinUhlenbeckActionNoise}[kind]
    return {"action_noise": made(np.zeros(size), deviation * np.ones(size))}


def main(given: dict[str, Any]) -> dict[str, Any]:
    """Trains, then judges."""
    settings = given["peer"]
    own = {"n_envs", "normalize", "noise", "policy"}
    count = settings.get("n_envs", 1)
    env = environments(given["game"], settings, count, given["seed"], training=True)
    arguments = {name: schedule(value) for name, value in settings.items() if name not in own}
    model = getattr(stable_baselines3, given["algorithm"].upper())(
        settings.get("policy", "MlpPolicy"),
        env,
        seed=given["seed"],
        device="cpu",
        **arguments,
        **noise(settings, env),
    )
    model.learn(given["steps"])
    trained = time.time()
    judged = environments(given["judged"], settings, 1, given["evaluation_seed"], training=False)
    if isinstance(env, VecNormalize):
        judged.obs_rms = env.obs_rms
    returns = []
    observation, total = judged.reset(), 0.0
    while len(returns) < given["episodes"]:
        action, _ = model.predict(observation, deterministic=not given.get("drawn"))
        observation, reward, done, _ = judged.step(action)
        total += float(reward[0])
        if done[0]:
            returns.append(total)
            total = 0.0
    return {"trained": trained, "returns": returns}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
