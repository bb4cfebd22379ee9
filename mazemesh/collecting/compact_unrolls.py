"""Unrolls of games of one observation and one number, put together step by step by one kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.collecting.step import Batch, Consequence, Decision, Experience
from mazemesh.collecting.unrolls import UnrollCollector
from mazemesh.policy.kernels import record


class CompactUnrollCollector(UnrollCollector):
    """As its base, which keeps the steps' arrays and stacks them, in less time.

    Rows are the same bit for bit, but for the last digit of log-probabilities.
    """

    def clear(self) -> None:
        """Forgets unfinished unrolls, after the games were lost."""
        super().clear()
        self._at = 0
        self._columns_so_far: Batch = {}

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of all games; the finished unrolls at every `length`-th step."""
        if self._at == 0:
            self._begin(decision)
        columns, at = self._columns_so_far, self._at
        seen = self._bytes(columns["observation"], 2)
        record(
            at,
            self._bytes(decision.observation, 1),
            np.ascontiguousarray(decision.action_mask),
            decision.action,
            np.ascontiguousarray(decision.logits),
            np.ascontiguousarray(consequence.reward),
            np.ascontiguousarray(consequence.status),
            np.ascontiguousarray(consequence.success),
            seen,
            *(columns[name] for name in _WRITTEN),
        )
        if self._opponents:
            columns["opponent"][:, at] = decision.opponent
        if len(consequence.truncated_games):
            self._bootstrap[consequence.truncated_games, at] = consequence.final_value
        self._at = at + 1
        if self._at < self._length:
            return None
        columns |= {
            "bootstrap_value": self._bootstrap.copy(),
            "last_observation": consequence.observation.copy(),
            "last_action_mask": consequence.action_mask.copy(),
            "state": self._state,
        }
        rows = {name: columns[name] for name in self.signature.names}
        self.clear()
        return Experience(rows, None, np.full(self._games, self._version, np.int64))

    def _begin(self, decision: Decision) -> None:
        self._version, self._state = decision.policy_version, decision.state
        lead = self._games, self._length
        self._columns_so_far = {
            "observation": np.empty(
                (*lead, *decision.observation.shape[1:]), decision.observation.dtype
            ),
            "action_mask": np.empty((*lead, decision.action_mask.shape[1]), np.uint8),
            "action": np.empty(lead, np.int8),
            "behaviour_log_probability": np.empty(lead, np.float32),
            "reward": np.empty(lead, np.float32),
            "terminated": np.empty(lead, np.bool_),
            "truncated": np.empty(lead, np.bool_),
            "success": np.empty(lead, np.bool_),
        }
        if self._opponents:
            self._columns_so_far["opponent"] = np.empty(lead, np.uint64)

    def _bytes(self, array: npt.NDArray[Any], lead: int) -> npt.NDArray[np.uint8]:
        flat = np.ascontiguousarray(array).reshape(*array.shape[:lead], -1)
        return flat.view(np.uint8)


_WRITTEN = (
    "action_mask",
    "action",
    "behaviour_log_probability",
    "reward",
    "terminated",
    "truncated",
    "success",
)
"""Columns in the order in which the kernel takes them, after observations."""
