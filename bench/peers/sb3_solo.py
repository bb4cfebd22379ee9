"""Workload A by Stable-Baselines3's PPO, in the virtual environment of its own.

Arguments: a JSON file with the workload. Leaves weights by training time in a folder, and a JSON
object with its rates; saving is off the training clock.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

from bench.peers.network import Torso, arrays
from bench.peers.solo_run import Snapshots, learning_rate, make_game


class Features(BaseFeaturesExtractor):
    """The torso as Stable-Baselines3 takes one."""

    def __init__(self, space: gymnasium.spaces.Box, hidden: list[int]) -> None:
        super().__init__(space, hidden[-1])
        self.torso = Torso(space.shape[0], hidden)

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        return self.torso(observation)


class Recorder(BaseCallback):
    """Saves weights every few seconds of training time, ends the run when its time is over."""

    def __init__(self, workload: dict[str, Any]) -> None:
        super().__init__()
        self.snapshots = Snapshots(workload, self.weights)

    def weights(self) -> dict[str, np.ndarray]:
        policy = self.model.policy
        return arrays(policy.features_extractor.torso, policy.action_net, policy.value_net)

    def _on_rollout_start(self) -> None:
        self.snapshots.rollout(self.num_timesteps)

    def _on_step(self) -> bool:
        return not self.snapshots.over


def make_environments(workload: dict[str, Any]) -> Any:
    many = [partial(make_game, workload)] * workload["games"]
    if workload["vector"] == "subproc":
        # Forked: spawning 64 processes, each loading numba, takes longer than the run.
        return SubprocVecEnv(many, start_method="fork")
    return DummyVecEnv(many)


def train(workload: dict[str, Any]) -> dict[str, float]:
    rates, total = workload["rates"], 1_000_000_000
    model = PPO(
        "MlpPolicy",
        make_environments(workload),
        learning_rate=lambda left: learning_rate(workload, (1.0 - left) * total),
        n_steps=workload["unroll_length"],
        batch_size=workload["minibatch_size"],
        n_epochs=workload["epochs"],
        gamma=rates["discount"],
        gae_lambda=rates["trace"],
        clip_range=rates["clip"],
        ent_coef=rates["entropy_cost"],
        vf_coef=rates["value_cost"],
        max_grad_norm=rates["max_gradient_norm"],
        seed=workload["seed"],
        device="cpu",
        policy_kwargs={
            "features_extractor_class": Features,
            "features_extractor_kwargs": {"hidden": workload["hidden"]},
            "net_arch": [],
        },
    )
    recorder = Recorder(workload)
    model.learn(total, callback=recorder)
    model.env.close()
    return recorder.snapshots.report()


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text())
    if given["threads"]:
        torch.set_num_threads(given["threads"])
    print(json.dumps(train(given)))
