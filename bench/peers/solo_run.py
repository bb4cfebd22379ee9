"""What the peers of Workload A share: the clock, the snapshots and the schedule of the rates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

import mazemesh.envs

SAVE_SECONDS = 1.0


class Snapshots:
    """Weights by training time; saving is off the training clock.

    Args:
        workload: As the command gives it.
        weights: The network's arrays as float32, by the names of `learner.network.architecture`.
    """

    def __init__(
        self, workload: dict[str, Any], weights: Callable[[], Mapping[str, np.ndarray]]
    ) -> None:
        self._workload, self._weights = workload, weights
        self._folder = Path(workload["folder"])
        self._paused, self._next_save = 0.0, 0.0
        self._rollouts: list[tuple[float, int]] = []

    def rollout(self, agent_steps: int) -> None:
        """To be called before each rollout, with the steps learned from so far."""
        now = self._clock()
        self._rollouts.append((now, agent_steps))
        if now < self._next_save:
            return
        self._next_save = now + SAVE_SECONDS
        began = time.time()
        path = self._folder / f"{len(self._rollouts):06d}.npz"
        np.savez(path, seconds=now, agent_steps=agent_steps, **self._weights())
        self._paused += time.time() - began

    @property
    def over(self) -> bool:
        """Whether the run's time is over."""
        return self._clock() >= self._workload["seconds"]

    def report(self) -> dict[str, float]:
        """From the first rollout to the last."""
        return rates_between(self._workload, self._rollouts)

    def _clock(self) -> float:
        return time.time() - self._workload["started"] - self._paused


def rates_between(workload: dict[str, Any], moments: list[tuple[float, int]]) -> dict[str, float]:
    """What a peer prints: its rates from the first moment (seconds, agent steps) to the last."""
    (began, first), (ended, last) = moments[0], moments[-1]
    # A run so slow that it never came to a second moment has no rate.
    rate = (last - first) / (ended - began) if ended > began else 0.0
    return {
        "agent_steps_per_second": rate,
        "samples_per_second": rate * workload["epochs"],
        "first_rollout_seconds": began,
    }


def steps_per_update(workload: dict[str, Any]) -> int:
    """Agent steps of one rollout of all games."""
    return int(workload["games"] * workload["unroll_length"])


def learning_rate(workload: dict[str, Any], agent_steps: float) -> float:
    """After so many agent steps; falls linearly by minibatches, as the mesh's learner has it."""
    rates = workload["rates"]
    minibatches = agent_steps * workload["epochs"] / workload["minibatch_size"]
    share = max(0.0, 1.0 - minibatches / rates["anneal_updates"])
    final = rates["final_learning_rate"]
    return float(final + share * (rates["learning_rate"] - final))


def make_game(workload: dict[str, Any]) -> gymnasium.Env:
    """One game of solo."""
    return gymnasium.make(
        mazemesh.envs.registration.SOLO_ID, disable_env_checker=True, **workload["environment"]
    )
