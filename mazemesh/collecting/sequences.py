"""Cuts the student's play into overlapping sequences with first priorities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import (
    OVER,
    TERMINATED,
    TRUNCATED,
    Batch,
    Consequence,
    Decision,
    Experience,
)
from mazemesh.experience import sequence_signature
from mazemesh.returns import PRIORITY_FLOOR, n_step_targets, rescale, unscale
from mazemesh.v1.model_pb2 import SequenceCollection
from mazemesh.wire.tensors import Signature

Float = npt.NDArray[np.float32]


class SequenceCollector:
    """Collects B games' steps into sequences, B of them every `length - burn_in` steps.

    The last `burn_in` steps of a sequence are the first of the next one, which begins with what the
    policy remembered there. First priorities are those that the learner would give under the acting
    network (Kapturowski et al. 2019, section 2.3).
    """

    def __init__(
        self,
        games: int,
        wanted: SequenceCollection,
        shown: Shown,
        state_size: int = 0,
        *,
        opponents: bool = False,
    ) -> None:
        spaces = shown.observation, shown.action
        plain = sequence_signature(
            wanted.length, *spaces, state_size=state_size, opponents=opponents
        )
        self.signature: Signature = shown.signature(plain)
        self._shown = shown
        self._games, self._wanted = games, wanted
        self._stride = wanted.length - wanted.burn_in
        self.clear()

    def clear(self) -> None:
        """Forgets unfinished sequences, after the games were lost."""
        self._at = np.zeros(self._games, np.intp)
        self._buffers = self._new_buffers()
        # Where each of the next sequences begins: several, if more than half is burn-in.
        begins = max(1, (self._wanted.length - 1) // self._stride)
        self._next_states = np.zeros((begins, *self._buffers["state"].shape), np.float32)
        shape = self._games, self._wanted.length + 1
        self._chosen = np.zeros(shape, np.float32)
        self._value = np.zeros(shape, np.float32)
        self._version = np.full((self._games, self._wanted.length), -1, np.int64)
        self._present_value = np.zeros(self._games, np.float32)

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of all games; the finished sequences whenever there are some.

        Games come to their sequences' ends together, but for those where seats are done before the
        game is: the steps until then belong to no move, and are left out.
        """
        moved = np.flatnonzero(consequence.status != OVER)
        at, buffers = self._at[moved], self._buffers
        for number, state in enumerate((buffers["state"], *self._next_states)):
            first = moved[at == number * self._stride]
            state[first] = decision.state[first]
        steps: Batch = {
            **self._shown.observations(decision.observation),
            **self._shown.action_masks(decision.action_mask),
            **self._shown.actions(decision.action),
            "reward": consequence.reward,
            "terminated": consequence.status == TERMINATED,
            "truncated": consequence.status == TRUNCATED,
            "opponent": decision.opponent,
        }
        for name, column in steps.items():
            if name in buffers:
                buffers[name][moved, at] = column[moved]
        self._chosen[moved, at] = decision.action_value[moved]
        self._value[moved, at] = self._present_value[moved]
        self._version[moved, at] = decision.policy_version
        self._present_value[:] = consequence.value
        self._at[moved] += 1
        full = np.flatnonzero(self._at == self._wanted.length)
        return self._finish(full, consequence) if len(full) else None

    def _finish(self, full: npt.NDArray[np.intp], last: Consequence) -> Experience:
        """The sequences of some games; the next ones begin with what overlaps."""
        length, stride, buffers = self._wanted.length, self._stride, self._buffers
        after = {
            **self._shown.observations(last.observation[full]),
            **self._shown.action_masks(last.action_mask[full]),
        }
        for name, column in after.items():
            buffers[name][full, length] = column
        self._value[full, length] = last.value[full]
        columns = {name: column[full] for name, column in buffers.items()}
        priorities = self._priorities(columns, self._chosen[full], self._value[full])
        experience = Experience(columns, priorities, self._version[full, 0])
        overlap = self._at[full] = self._wanted.burn_in
        for name, column in columns.items():
            if name != "state":
                buffers[name][full, :overlap] = column[:, stride : stride + overlap]
        if overlap:
            buffers["state"][full] = self._next_states[0, full]
            self._next_states[:-1, full] = self._next_states[1:, full]
        for kept in (self._chosen, self._value, self._version):
            kept[full, :overlap] = kept[full, stride : stride + overlap]
        return experience

    def _priorities(self, columns: Batch, chosen: Float, value: Float) -> npt.NDArray[np.float64]:
        """Of the steps after the burn-in: eta max |error| + (1 - eta) mean |error|, [rows]."""
        wanted, first = self._wanted, self._wanted.burn_in
        after: dict[str, npt.NDArray[Any]] = {
            name: columns[name][:, first:] for name in ("reward", "terminated", "truncated")
        }
        target = rescale(
            n_step_targets(
                after["reward"],
                unscale(value[:, first:]),
                after["terminated"],
                after["truncated"],
                n_step=wanted.n_step,
                discount=wanted.discount,
            )
        )
        known = ~after["truncated"]
        error = np.abs(chosen[:, first:-1] - target) * known
        mean = error.sum(axis=1) / known.sum(axis=1).clip(min=1)
        share = wanted.max_error_share
        priorities = share * error.max(axis=1) + (1.0 - share) * mean + PRIORITY_FLOOR
        return np.asarray(priorities, np.float64)

    def _new_buffers(self) -> Batch:
        return {spec.name: self._shown.buffer(spec, self._games) for spec in self.signature.columns}
