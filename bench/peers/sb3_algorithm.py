"""An algorithm of Stable-Baselines3 on a game, in the virtual environment of its own.

Arguments: a JSON file with algorithm, game, judged, steps, seed, peer (settings), episodes and
evaluation_seed. Prints a JSON object with `trained` (the time when training ended) and `returns` of
greedy episodes afterwards.

It has no MAPPO: there a game's agents are so many rows of one PPO (SuperSuit's wrapper), as
PettingZoo's own tutorials train them; a step of a game counts as one of each agent.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import stable_baselines3
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.utils import set_random_seed
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


def parallel(module: str) -> Any:
    """A parallel game of several agents."""
    return importlib.import_module(module).parallel_env()


def agents_as_rows(module: str, count: int) -> VecEnv:
    """So many games, each agent of each a row."""
    import supersuit

    rows = supersuit.pettingzoo_env_to_vec_env_v1(parallel(module))
    return supersuit.concat_vec_envs_v1(rows, count, num_cpus=1, base_class="stable_baselines3")


def returns_of_agents(model: Any, module: str, episodes: int, seed: int) -> list[float]:
    """Mean returns of the agents, each of which plays the policy greedily."""
    game, returns = parallel(module), []
    for episode in range(episodes):
        seen, _ = game.reset(seed=seed + episode)
        totals = dict.fromkeys(seen, 0.0)
        while game.agents:
            chosen = {
                name: int(model.predict(seen[name], deterministic=True)[0]) for name in game.agents
            }
            seen, rewards, *_ = game.step(chosen)
            for name, reward in rewards.items():
                totals[name] += float(reward)
        returns.append(sum(totals.values()) / len(totals))
    return returns


def main(given: dict[str, Any]) -> dict[str, Any]:
    """Trains, then judges."""
    settings = given["peer"]
    own = {"n_envs", "normalize", "noise", "policy"}
    count, several = settings.get("n_envs", 1), given["algorithm"] == "mappo"
    if several:
        env = agents_as_rows(given["game"], count)
        set_random_seed(given["seed"])  # such an environment takes none itself
    else:
        env = environments(given["game"], settings, count, given["seed"], training=True)
    arguments = {name: schedule(value) for name, value in settings.items() if name not in own}
    algorithm = "PPO" if several else given["algorithm"].upper()
    model = getattr(stable_baselines3, algorithm)(
        settings.get("policy", "MlpPolicy"),
        env,
        seed=None if several else given["seed"],
        device="cpu",
        **arguments,
        **noise(settings, env),
    )
    model.learn(given["steps"])
    trained = time.time()
    seed = given["evaluation_seed"]
    if several:
        played = returns_of_agents(model, given["judged"], given["episodes"], seed)
        return {"trained": trained, "returns": played}
    judged = environments(given["judged"], settings, 1, seed, training=False)
    if isinstance(env, VecNormalize):
        judged.obs_rms = env.obs_rms
    returns = []
    observation, total = judged.reset(), 0.0
    while len(returns) < given["episodes"]:
        action, _ = model.predict(observation, deterministic=True)
        observation, reward, done, _ = judged.step(action)
        total += float(reward[0])
        if done[0]:
            returns.append(total)
            total = 0.0
    return {"trained": trained, "returns": returns}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
