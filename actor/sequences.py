"""Cuts the student's play into overlapping sequences with first priorities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from actor.step import TERMINATED, TRUNCATED, Batch, Consequence, Decision, Experience
from actor.transitions import PRIORITY_FLOOR
from mazemesh.experience import sequence_signature
from mazemesh.rescaling import rescale, unscale
from mazemesh.tensors import Signature
from mazemesh.v1.model_pb2 import SequenceCollection

Float = npt.NDArray[np.float32]


class SequenceCollector:
    """Collects B games' steps into one batch of B sequences every `length - burn_in` steps.

    The last `burn_in` steps of a sequence are the first of the next one, which begins with what the
    policy remembered there. First priorities are those that the learner would give under the acting
    network (Kapturowski et al. 2019, section 2.3).
    """

    def __init__(
        self,
        games: int,
        wanted: SequenceCollection,
        observation_size: int,
        num_actions: int,
        observation_dtype: str = "uint8",
        state_size: int = 0,
        *,
        opponents: bool = False,
    ) -> None:
        self.signature: Signature = sequence_signature(
            wanted.length,
            observation_size,
            num_actions,
            observation_dtype,
            state_size,
            opponents=opponents,
        )
        self._games, self._wanted = games, wanted
        self._stride = wanted.length - wanted.burn_in
        self.clear()

    def clear(self) -> None:
        """Forgets unfinished sequences, after the games were lost."""
        self._time = 0
        self._buffers = self._new_buffers()
        self._next_state = np.zeros_like(self._buffers["state"])
        shape = self._games, self._wanted.length + 1
        self._chosen = np.zeros(shape, np.float32)
        self._value = np.zeros(shape, np.float32)
        self._version = np.full(self._wanted.length, -1, np.int64)

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of all games; the finished sequences whenever there are some."""
        at, buffers = self._time, self._buffers
        if at == 0:
            buffers["state"][:] = decision.state
        if at == self._stride:
            self._next_state[:] = decision.state
        buffers["observation"][:, at] = decision.observation
        buffers["action_mask"][:, at] = decision.action_mask
        buffers["action"][:, at] = decision.action
        buffers["reward"][:, at] = consequence.reward
        buffers["terminated"][:, at] = consequence.status == TERMINATED
        buffers["truncated"][:, at] = consequence.status == TRUNCATED
        if "opponent" in buffers:
            buffers["opponent"][:, at] = decision.opponent
        self._chosen[:, at] = decision.action_value
        self._value[:, at + 1] = consequence.value
        self._version[at] = decision.policy_version
        self._time += 1
        if self._time < self._wanted.length:
            return None
        buffers["observation"][:, self._time] = consequence.observation
        buffers["action_mask"][:, self._time] = consequence.action_mask
        versions = np.full(self._games, self._version[0], np.int64)
        experience = Experience(buffers, self._priorities(), versions)
        self._go_on()
        return experience

    def _go_on(self) -> None:
        """The next sequences, in buffers of their own, as the sender has these."""
        overlap, stride, old = self._wanted.burn_in, self._stride, self._buffers
        self._buffers = self._new_buffers()
        self._time = overlap
        if not overlap:
            return
        for name, column in self._buffers.items():
            if name != "state":
                column[:, :overlap] = old[name][:, stride : stride + overlap]
        self._buffers["state"][:] = self._next_state
        self._chosen[:, :overlap] = self._chosen[:, stride : stride + overlap]
        self._value[:, : overlap + 1] = self._value[:, stride:]
        self._version[:overlap] = self._version[stride:]

    def _priorities(self) -> npt.NDArray[np.float64]:
        """Of the steps after the burn-in: eta max |error| + (1 - eta) mean |error|, [games]."""
        wanted, first = self._wanted, self._wanted.burn_in
        columns: dict[str, npt.NDArray[Any]] = {
            name: self._buffers[name][:, first:] for name in ("reward", "terminated", "truncated")
        }
        target = rescale(
            n_step_targets(
                columns["reward"],
                unscale(self._value[:, first:]),
                columns["terminated"],
                columns["truncated"],
                n_step=wanted.n_step,
                discount=wanted.discount,
            )
        )
        known = ~columns["truncated"]
        error = np.abs(self._chosen[:, first:-1] - target) * known
        mean = error.sum(axis=1) / known.sum(axis=1).clip(min=1)
        share = wanted.max_error_share
        priorities = share * error.max(axis=1) + (1.0 - share) * mean + PRIORITY_FLOOR
        return np.asarray(priorities, np.float64)

    def _new_buffers(self) -> Batch:
        return {
            spec.name: np.zeros((self._games, *spec.shape), spec.dtype)
            for spec in self.signature.columns
        }


def n_step_targets(
    reward: Float,
    value: Float,
    terminated: npt.NDArray[np.bool_],
    truncated: npt.NDArray[np.bool_],
    *,
    n_step: int,
    discount: float,
) -> Float:
    """What `learner.r2d2.n_step_targets` says, in numpy.

    With G^0_t = V_t: G^k_t = r_t + gamma G^(k-1)_(t+1), or r_t where the episode terminated by step
    t; V_t at the end of the sequence and where the episode was truncated by step t.

    Args:
        reward: [B, T].
        value: V_t, [B, T + 1].
        terminated: [B, T].
        truncated: [B, T].
        n_step: n.
        discount: gamma.
    """
    result = value
    for _ in range(n_step):
        step = reward + discount * np.where(terminated, 0.0, result[:, 1:])
        result = np.concatenate([np.where(truncated, value[:, :-1], step), value[:, -1:]], axis=1)
    return np.asarray(result[:, :-1], np.float32)
