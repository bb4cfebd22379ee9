"""Turns the student's play into n-step transitions with first priorities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import (
    OVER,
    RUNNING,
    TERMINATED,
    Batch,
    Consequence,
    Decision,
    Experience,
)
from mazemesh.experience import transition_signature
from mazemesh.games.spaces.arrays import action_dtype
from mazemesh.returns import PRIORITY_FLOOR
from mazemesh.wire.tensors import Signature

Rows = npt.NDArray[np.intp]


class TransitionCollector:
    """Collects B games' steps into n-step transitions (Sutton & Barto 2018, section 7.1).

    The last n decisions of every game wait in a ring until their n steps, or the episode, are over.
    Each game has a time of its own: steps in which its seat had no move are none of it.
    The first priority of a transition is its absolute TD error under the acting network (Horgan
    et al. 2018, algorithm 1); where its answers are no Q-values there is none.
    """

    def __init__(
        self,
        games: int,
        n_step: int,
        discount: float,
        shown: Shown,
        state_size: int = 0,
        *,
        opponents: bool = False,
        q_values: bool = True,
        masks: bool = False,
        batch_rows: int = 256,
    ) -> None:
        spaces = shown.observation, shown.action
        plain = transition_signature(
            *spaces, state_size=state_size, masks=masks, opponents=opponents
        )
        self.signature: Signature = shown.signature(plain)
        self._shown, self._q_values = shown, q_values
        self._games, self._n, self._batch_rows = games, n_step, batch_rows
        self._powers = discount ** np.arange(n_step + 1, dtype=np.float64)
        self._observation = shown.empty(n_step, games)
        self._action = np.zeros((n_step, games), action_dtype(shown.action))
        self._masks = np.zeros((n_step, games, shown.mask_size if masks else 0), np.uint8)
        self._action_value = np.zeros((n_step, games), np.float64)
        self._return = np.zeros((n_step, games), np.float64)
        self._opponent = np.zeros((n_step, games), np.uint64)
        self._state = np.zeros((n_step, games, state_size), np.float32)
        self.clear()

    def clear(self) -> None:
        """Forgets unfinished transitions, after the games were lost."""
        self._waiting = np.zeros((self._n, self._games), bool)
        self._time = np.zeros(self._games, np.intp)
        # As long as all games have moved in every step their rows are slices, which is quicker.
        self._even = True
        self._parts: list[Batch] = []
        self._priorities: list[npt.NDArray[np.float64]] = []
        self._versions: list[npt.NDArray[np.int64]] = []

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of all games; finished transitions once there are enough for a batch."""
        moved = np.flatnonzero(consequence.status != OVER)
        self._even &= len(moved) == self._games
        where = slice(None) if self._even else moved
        slot = self._ring(where, 0), where
        self._observation[slot] = decision.observation[where]
        self._action[slot] = decision.action[where]
        self._opponent[slot] = decision.opponent[where]
        if self._masks.shape[2]:
            self._masks[slot] = decision.action_mask[where]
        if self._q_values:
            self._action_value[slot] = decision.action_value[where]
        if self._state.shape[2]:
            self._state[slot] = decision.state[where]
        self._return[slot] = 0.0
        self._waiting[slot] = True
        reward = consequence.reward[where]
        for age in range(self._n):
            self._return[self._ring(where, age), where] += self._powers[age] * reward
        self._finish_ended(moved, consequence, decision.policy_version)
        self._finish_full(moved, consequence, decision.policy_version)
        self._time[moved] += 1
        return self._flush()

    def _ring(self, games: Rows | slice, age: int) -> Any:
        """Where the decisions are that games made so many of their own steps ago, intp [games]."""
        if self._even:  # it is the same place for all of them
            return (int(self._time[0]) - age) % self._n
        return (self._time[games] - age) % self._n

    def _finish_ended(self, moved: Rows, consequence: Consequence, version: int) -> None:
        """Everything that waits in games whose episode ended, whatever its length."""
        ended = moved[consequence.status[moved] != RUNNING]
        if not len(ended):
            return
        cut = consequence.truncated_games
        after = _After.of(consequence)
        after.observation, after.state = after.observation.copy(), after.state.copy()
        after.mask, after.value = np.ones_like(after.mask), np.zeros(self._games, np.float32)
        after.observation[cut] = consequence.final_observation
        after.mask[cut] = consequence.final_action_mask
        after.value[cut] = consequence.final_value
        if self._state.shape[2]:
            after.state[cut] = consequence.final_state
        terminated = consequence.status == TERMINATED
        for age in range(self._n):
            ring = self._ring(ended, age)
            waits = self._waiting[ring, ended]
            games, ring = ended[waits], ring if self._even else ring[waits]
            discount = np.where(terminated[games], 0.0, self._powers[age + 1])
            self._emit(ring, games, discount, after, version)

    def _finish_full(self, moved: Rows, consequence: Consequence, version: int) -> None:
        """What has its n steps, in games that go on."""
        if self._even and self._time[0] < self._n - 1:
            return
        ring = self._ring(moved, self._n - 1)
        if self._even:
            games = np.flatnonzero(self._waiting[ring])
        else:
            waits = self._waiting[ring, moved] & (self._time[moved] >= self._n - 1)
            games, ring = moved[waits], ring[waits]
        discount = np.full(len(games), self._powers[self._n])
        self._emit(ring, games, discount, _After.of(consequence), version)

    def _emit(
        self,
        ring: Rows | int,
        games: Rows,
        discount: npt.NDArray[np.float64],
        after: _After,
        version: int,
    ) -> None:
        if not len(games):
            return
        shown, returns = self._shown, self._return[ring, games]
        self._waiting[ring, games] = False
        self._parts.append(
            {
                **shown.observations(self._observation[ring, games]),
                **shown.actions(self._action[ring, games]),
                **(shown.action_masks(self._masks[ring, games]) if self._masks.shape[2] else {}),
                "n_step_return": returns.astype(np.float32),
                "bootstrap_discount": discount.astype(np.float32),
                **shown.observations(after.observation[games], "next_"),
                **shown.action_masks(after.mask[games], "next_"),
                **self._remembered(ring, games, after),
                "opponent": self._opponent[ring, games],
            }
        )
        if self._q_values:
            error = returns + discount * after.value[games] - self._action_value[ring, games]
            self._priorities.append(np.abs(error) + PRIORITY_FLOOR)
        self._versions.append(np.full(len(games), version, np.int64))

    def _remembered(self, ring: Rows | int, games: Rows, after: _After) -> Batch:
        if not self._state.shape[2]:
            return {}
        return {"state": self._state[ring, games], "next_state": after.state[games]}

    def _flush(self) -> Experience | None:
        if sum(len(versions) for versions in self._versions) < self._batch_rows:
            return None
        columns = {
            name: np.concatenate([part[name] for part in self._parts])
            for name in self.signature.names
        }
        priorities = np.concatenate(self._priorities) if self._q_values else None
        experience = Experience(columns, priorities, np.concatenate(self._versions))
        self._parts, self._priorities, self._versions = [], [], []
        return experience


class _After:
    """What follows transitions: [B, ...]."""

    def __init__(
        self,
        observation: npt.NDArray[Any],
        mask: npt.NDArray[np.uint8],
        value: npt.NDArray[np.float32],
        state: npt.NDArray[np.float32],
    ) -> None:
        self.observation, self.mask, self.value, self.state = observation, mask, value, state

    @classmethod
    def of(cls, consequence: Consequence) -> _After:
        """In games that go on."""
        seen = consequence.observation, consequence.action_mask
        return cls(*seen, consequence.value, consequence.state)
