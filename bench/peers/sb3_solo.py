"""Workload A by Stable-Baselines3's PPO, in the virtual environment of its own.

Arguments: a JSON file with the workload. Leaves weights by training time in a folder, and a JSON
object with its rates; saving is off the training clock.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv
from torch import nn

import mazemesh.envs

SAVE_SECONDS = 1.0


class Torso(BaseFeaturesExtractor):
    """The hidden layers, shared by both heads, on observation / 255."""

    def __init__(self, space: gymnasium.spaces.Box, hidden: list[int]) -> None:
        super().__init__(space, hidden[-1])
        size, layers = space.shape[0], []
        for width in hidden:
            layers += [nn.Linear(size, width), nn.ReLU()]
            size = width
        self.layers = nn.Sequential(*layers)

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        return self.layers(observation / 255.0)


class Recorder(BaseCallback):
    """Saves weights every few seconds of training time, ends the run when its time is over."""

    def __init__(self, folder: Path, started: float, seconds: float) -> None:
        super().__init__()
        self.folder, self.started, self.seconds = folder, started, seconds
        self.paused, self.next_save = 0.0, 0.0
        self.rollouts: list[tuple[float, int]] = []

    def clock(self) -> float:
        return time.time() - self.started - self.paused

    def _on_rollout_start(self) -> None:
        now = self.clock()
        self.rollouts.append((now, self.num_timesteps))
        if now >= self.next_save:
            self.next_save = now + SAVE_SECONDS
            began = time.time()
            self.save(now)
            self.paused += time.time() - began

    def _on_step(self) -> bool:
        return self.clock() < self.seconds

    def save(self, now: float) -> None:
        policy = self.model.policy
        linear = [m for m in policy.features_extractor.layers if isinstance(m, nn.Linear)]
        named = {f"hidden.{index}": layer for index, layer in enumerate(linear)}
        named |= {"action": policy.action_net, "value": policy.value_net}
        arrays = {}
        for name, layer in named.items():
            arrays[f"{name}.weight"] = layer.weight.detach().numpy()
            arrays[f"{name}.bias"] = layer.bias.detach().numpy()
        np.savez(
            self.folder / f"{len(self.rollouts):06d}.npz",
            seconds=now,
            agent_steps=self.num_timesteps,
            **arrays,
        )


def make_environments(workload: dict[str, Any]) -> Any:
    def make() -> gymnasium.Env:
        return gymnasium.make(
            mazemesh.envs.registration.SOLO_ID,
            disable_env_checker=True,
            **workload["environment"],
        )

    many = [make] * workload["games"]
    if workload["vector"] == "subproc":
        # Forked: spawning 64 processes, each loading numba, takes longer than the run.
        return SubprocVecEnv(many, start_method="fork")
    return DummyVecEnv(many)


def train(workload: dict[str, Any]) -> dict[str, float]:
    rates = workload["rates"]
    steps_per_update = workload["games"] * workload["unroll_length"]
    total = 1_000_000_000

    def learning_rate(left: float) -> float:
        minibatches = steps_per_update / workload["minibatch_size"] * workload["epochs"]
        done = (1.0 - left) * total / steps_per_update * minibatches
        share = max(0.0, 1.0 - done / rates["anneal_updates"])
        final = rates["final_learning_rate"]
        return final + share * (rates["learning_rate"] - final)

    model = PPO(
        "MlpPolicy",
        make_environments(workload),
        learning_rate=learning_rate,
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
            "features_extractor_class": Torso,
            "features_extractor_kwargs": {"hidden": workload["hidden"]},
            "net_arch": [],
        },
    )
    recorder = Recorder(Path(workload["folder"]), workload["started"], workload["seconds"])
    model.learn(total, callback=recorder)
    model.env.close()
    (began, first), (ended, last) = recorder.rollouts[0], recorder.rollouts[-1]
    # A run so slow that it never came to a second rollout has no rate.
    rate = (last - first) / (ended - began) if ended > began else 0.0
    return {
        "agent_steps_per_second": rate,
        "samples_per_second": rate * workload["epochs"],
        "first_rollout_seconds": began,
    }


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text())
    if given["threads"]:
        torch.set_num_threads(given["threads"])
    print(json.dumps(train(given)))
