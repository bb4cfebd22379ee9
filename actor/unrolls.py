"""Cuts the student's play into unrolls of fixed length."""

from __future__ import annotations

import numpy as np

from actor.step import TERMINATED, TRUNCATED, Batch, Consequence, Decision, Experience
from mazemesh.experience import unroll_signature
from mazemesh.tensors import Signature


class UnrollCollector:
    """Collects B games' steps into one batch of B unrolls every `length` steps.

    Unrolls run on over episode ends, so no game waits for another's end and every row is full.
    """

    def __init__(
        self,
        games: int,
        length: int,
        observation_size: int,
        num_actions: int,
        observation_dtype: str = "uint8",
        state_size: int = 0,
        *,
        opponents: bool = False,
    ) -> None:
        self.signature: Signature = unroll_signature(
            length,
            observation_size,
            num_actions,
            observation_dtype,
            state_size,
            opponents=opponents,
        )
        self._games = games
        self._length = length
        self.clear()

    def clear(self) -> None:
        """Forgets unfinished unrolls, after the games were lost."""
        self._time = 0
        self._buffers: Batch = {
            spec.name: np.zeros((self._games, *spec.shape), spec.dtype)
            for spec in self.signature.columns
        }
        self._version = -1

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of all games; the finished unrolls at every `length`-th step."""
        at, buffers = self._time, self._buffers
        if at == 0:
            self._version = decision.policy_version
            if "state" in buffers:
                buffers["state"][:] = decision.state
        buffers["observation"][:, at] = decision.observation
        buffers["action_mask"][:, at] = decision.action_mask
        buffers["action"][:, at] = decision.action
        buffers["behaviour_log_probability"][:, at] = decision.log_probability
        buffers["reward"][:, at] = consequence.reward
        buffers["terminated"][:, at] = consequence.status == TERMINATED
        buffers["truncated"][:, at] = consequence.status == TRUNCATED
        buffers["bootstrap_value"][consequence.truncated_games, at] = consequence.final_value
        if "opponent" in buffers:
            buffers["opponent"][:, at] = decision.opponent
        self._time += 1
        if self._time < self._length:
            return None
        buffers["last_observation"][:] = consequence.observation
        buffers["last_action_mask"][:] = consequence.action_mask
        versions = np.full(self._games, self._version, np.int64)
        # The buffers go to the sender; the next unrolls get new ones.
        self.clear()
        return Experience(buffers, None, versions)
