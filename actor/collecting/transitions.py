"""Turns the student's play into n-step transitions with first priorities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from actor.collecting.step import (
    OVER,
    RUNNING,
    TERMINATED,
    Batch,
    Consequence,
    Decision,
    Experience,
)
from mazemesh.experience import transition_signature
from mazemesh.returns import PRIORITY_FLOOR
from mazemesh.wire.tensors import Signature


class TransitionCollector:
    """Collects B games' steps into n-step transitions (Sutton & Barto 2018, section 7.1).

    The last n decisions of every game wait in a ring until their n steps, or the episode, are over;
    of a seat that is done before its game is, there are none in between.
    The first priority of a transition is its absolute TD error under the acting network (Horgan
    et al. 2018, algorithm 1).
    """

    def __init__(
        self,
        games: int,
        n_step: int,
        discount: float,
        observation_size: int,
        num_actions: int,
        observation_dtype: str = "uint8",
        *,
        opponents: bool = False,
        batch_rows: int = 256,
    ) -> None:
        self.signature: Signature = transition_signature(
            observation_size, num_actions, observation_dtype, opponents=opponents
        )
        self._games, self._n, self._batch_rows = games, n_step, batch_rows
        self._powers = discount ** np.arange(n_step + 1, dtype=np.float64)
        self._observation = np.zeros((n_step, games, observation_size), observation_dtype)
        self._action = np.zeros((n_step, games), np.int8)
        self._action_value = np.zeros((n_step, games), np.float64)
        self._return = np.zeros((n_step, games), np.float64)
        self._opponent = np.zeros((n_step, games), np.uint64)
        self._num_actions = num_actions
        self.clear()

    def clear(self) -> None:
        """Forgets unfinished transitions, after the games were lost."""
        self._waiting = np.zeros((self._n, self._games), bool)
        self._time = 0
        self._parts: list[Batch] = []
        self._priorities: list[npt.NDArray[np.float64]] = []
        self._versions: list[npt.NDArray[np.int64]] = []

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of all games; finished transitions once there are enough for a batch."""
        slot = self._time % self._n
        self._observation[slot] = decision.observation
        self._action[slot] = decision.action
        self._action_value[slot] = decision.action_value
        self._opponent[slot] = decision.opponent
        self._return[slot] = 0.0
        self._waiting[slot] = consequence.status != OVER
        for age in range(self._n):
            ring = (self._time - age) % self._n
            self._return[ring] += self._powers[age] * consequence.reward
        self._finish_ended(consequence, decision.policy_version)
        self._finish_full(consequence, decision.policy_version)
        self._time += 1
        return self._flush()

    def _finish_ended(self, consequence: Consequence, version: int) -> None:
        """Everything that waits in games whose episode ended, whatever its length."""
        ended = consequence.status != RUNNING
        if not ended.any():
            return
        observation = consequence.observation.copy()
        mask = np.ones((self._games, self._num_actions), np.uint8)
        value = np.zeros(self._games)
        observation[consequence.truncated_games] = consequence.final_observation
        mask[consequence.truncated_games] = consequence.final_action_mask
        value[consequence.truncated_games] = consequence.final_value
        terminated = consequence.status == TERMINATED
        for age in range(self._n):
            ring = (self._time - age) % self._n
            games = np.flatnonzero(self._waiting[ring] & ended)
            discount = np.where(terminated[games], 0.0, self._powers[age + 1])
            self._emit(ring, games, discount, observation, mask, value, version)
            self._waiting[ring, games] = False

    def _finish_full(self, consequence: Consequence, version: int) -> None:
        """What has its n steps, in games that go on."""
        ring = (self._time - self._n + 1) % self._n
        games = np.flatnonzero(self._waiting[ring])
        if self._time < self._n - 1 or not len(games):
            return
        discount = np.full(len(games), self._powers[self._n])
        self._emit(
            ring,
            games,
            discount,
            consequence.observation,
            consequence.action_mask,
            consequence.value,
            version,
        )
        self._waiting[ring, games] = False

    def _emit(
        self,
        ring: int,
        games: npt.NDArray[np.intp],
        discount: npt.NDArray[np.float64],
        observation: npt.NDArray[np.generic],
        mask: npt.NDArray[np.uint8],
        value: npt.NDArray[np.floating],
        version: int,
    ) -> None:
        if not len(games):
            return
        returns = self._return[ring, games]
        error = returns + discount * value[games] - self._action_value[ring, games]
        self._parts.append(
            {
                "observation": self._observation[ring, games],
                "action": self._action[ring, games],
                "n_step_return": returns.astype(np.float32),
                "bootstrap_discount": discount.astype(np.float32),
                "next_observation": observation[games],
                "next_action_mask": mask[games],
                "opponent": self._opponent[ring, games],
            }
        )
        self._priorities.append(np.abs(error) + PRIORITY_FLOOR)
        self._versions.append(np.full(len(games), version, np.int64))

    def _flush(self) -> Experience | None:
        if sum(len(versions) for versions in self._versions) < self._batch_rows:
            return None
        columns = {
            name: np.concatenate([part[name] for part in self._parts])
            for name in self.signature.names
        }
        experience = Experience(
            columns, np.concatenate(self._priorities), np.concatenate(self._versions)
        )
        self._parts, self._priorities, self._versions = [], [], []
        return experience
