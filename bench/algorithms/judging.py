"""What a version of a policy earns by playing, in the environments themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mazemesh.policy.onnx_policy import OnnxPolicy


def play_gymnasium(
    policy: OnnxPolicy, identifier: str, episodes: int, seed: int, *, drawn: bool
) -> list[float]:
    """Returns of so many episodes; `identifier` is one that `gymnasium.make` knows.

    Actions are the policy's best or, `drawn`, of its distribution.
    """
    import gymnasium

    rng = np.random.default_rng(seed) if drawn else None
    env = gymnasium.make(identifier)
    returns = []
    for episode in range(episodes):
        observation, _ = env.reset(seed=seed + episode)
        total, over = 0.0, False
        state = np.zeros((1, policy.state_size), np.float32)
        while not over:
            shown = np.asarray(observation)
            action, state = _chosen(policy, shown, env.action_space, state, rng)
            observation, reward, terminated, truncated, _ = env.step(action)
            total, over = total + float(reward), terminated or truncated
        returns.append(total)
    env.close()
    return returns


def play_pettingzoo(
    policy: OnnxPolicy, module: str, episodes: int, seed: int, *, drawn: bool
) -> list[float]:
    """Mean returns of the agents of a parallel game, each of which plays the policy."""
    import importlib

    rng = np.random.default_rng(seed) if drawn else None

    env: Any = importlib.import_module(module).parallel_env()
    returns = []
    for episode in range(episodes):
        observations, _ = env.reset(seed=seed + episode)
        totals = dict.fromkeys(observations, 0.0)
        state = {name: np.zeros((1, policy.state_size), np.float32) for name in observations}
        while env.agents:
            actions = {}
            for name in env.agents:
                shown, space = np.asarray(observations[name]), env.action_space(name)
                actions[name], state[name] = _chosen(policy, shown, space, state[name], rng)
            observations, rewards, *_ = env.step(actions)
            for name, reward in rewards.items():
                totals[name] += float(reward)
        returns.append(sum(totals.values()) / len(totals))
    env.close()
    return returns


def _chosen(
    policy: OnnxPolicy,
    observation: np.ndarray,
    space: Any,
    state: np.ndarray,
    rng: np.random.Generator | None,
) -> tuple[Any, np.ndarray]:
    """An action as the environment takes it, and what is remembered."""
    number = hasattr(space, "n")
    mask = np.ones((1, int(space.n) if number else 0), np.uint8)
    shown = observation[None].astype(_dtype(observation), copy=False)
    logits, _, state = policy.infer(shown, mask, state)
    action = policy.decide(logits, rng)
    assert not isinstance(action, Mapping)
    return (int(action[0]) + int(getattr(space, "start", 0)) if number else action[0]), state


def _dtype(observation: np.ndarray) -> type:
    """As the mesh has it: bytes stay bytes, all other numbers are float32."""
    return np.uint8 if observation.dtype == np.uint8 else np.float32
