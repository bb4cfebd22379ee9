"""Workload A by TorchRL's PPO, in the virtual environment of its own.

Arguments: a JSON file with the workload. Leaves weights by training time in a folder, and a JSON
object with its rates; saving is off the training clock.
"""

from __future__ import annotations

import json
import math
import sys
from functools import partial
from pathlib import Path
from typing import Any

import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from tensordict.nn import TensorDictModule
from torch import nn
from torchrl.collectors import Collector
from torchrl.data import LazyTensorStorage, SamplerWithoutReplacement, TensorDictReplayBuffer
from torchrl.envs import EnvBase, GymWrapper, SerialEnv
from torchrl.modules import ActorValueOperator, ProbabilisticActor, ValueOperator
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

from bench.peers.network import Torso, arrays
from bench.peers.solo_run import Snapshots, learning_rate, make_game, steps_per_update


def make_environments(workload: dict[str, Any]) -> EnvBase:
    make, games = partial(make_game, workload), workload["games"]
    wrapped = partial(GymWrapper, categorical_action_encoding=True)
    if workload["vector"] == "serial":
        return SerialEnv(games, lambda: wrapped(make()))
    # What ended, TorchRL resets.
    return wrapped(SyncVectorEnv([make] * games, autoreset_mode=AutoresetMode.DISABLED))


def orthogonal(layer: nn.Linear, gain: float) -> None:
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)


def actor_critic(torso: Torso, action: nn.Linear, value: nn.Linear) -> ActorValueOperator:
    """Initialized as the mesh and Stable-Baselines3 do it."""
    for layer in torso.linear():
        orthogonal(layer, math.sqrt(2))
    orthogonal(action, 0.01)
    orthogonal(value, 1.0)
    return ActorValueOperator(
        TensorDictModule(torso, in_keys=["observation"], out_keys=["hidden"]),
        ProbabilisticActor(
            TensorDictModule(action, in_keys=["hidden"], out_keys=["logits"]),
            in_keys=["logits"],
            distribution_class=torch.distributions.Categorical,
            return_log_prob=True,
        ),
        ValueOperator(value, in_keys=["hidden"]),
    )


def train(workload: dict[str, Any]) -> dict[str, float]:
    torch.manual_seed(workload["seed"])
    rates, frames = workload["rates"], steps_per_update(workload)
    environments = make_environments(workload)
    environments.set_seed(workload["seed"])
    size = environments.observation_spec["observation"].shape[-1]
    width, actions = (
        workload["hidden"][-1],
        environments.full_action_spec_unbatched["action"].space.n,
    )
    layers = Torso(size, workload["hidden"]), nn.Linear(width, actions), nn.Linear(width, 1)
    network = actor_critic(*layers)
    actor, critic = network.get_policy_operator(), network.get_value_operator()
    advantage = GAE(gamma=rates["discount"], lmbda=rates["trace"], value_network=critic)
    loss = ClipPPOLoss(
        actor,
        critic,
        clip_epsilon=rates["clip"],
        entropy_coeff=rates["entropy_cost"],
        critic_coeff=rates["value_cost"],
        loss_critic_type="l2",
        normalize_advantage=True,
    )
    minibatches = TensorDictReplayBuffer(
        storage=LazyTensorStorage(frames),
        sampler=SamplerWithoutReplacement(),
        batch_size=workload["minibatch_size"],
    )
    optimizer = torch.optim.Adam(network.parameters(), eps=1e-5)
    snapshots = Snapshots(workload, partial(arrays, *layers))
    collector = Collector(environments, actor, frames_per_batch=frames)
    learned = 0
    snapshots.rollout(learned)
    for batch in collector:
        optimizer.param_groups[0]["lr"] = learning_rate(workload, learned)
        with torch.no_grad():
            advantage(batch)
        minibatches.extend(batch.reshape(-1))
        for _ in range(workload["epochs"]):
            for minibatch in minibatches:
                losses = loss(minibatch)
                total = losses["loss_objective"] + losses["loss_critic"] + losses["loss_entropy"]
                optimizer.zero_grad()
                total.backward()
                nn.utils.clip_grad_norm_(network.parameters(), rates["max_gradient_norm"])
                optimizer.step()
        learned += frames
        snapshots.rollout(learned)
        if snapshots.over:
            break
    collector.shutdown()
    return snapshots.report()


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text())
    if given["threads"]:
        torch.set_num_threads(given["threads"])
    print(json.dumps(train(given)))
