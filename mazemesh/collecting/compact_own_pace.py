"""Unrolls of their own pace of games of one observation and one number, filled by one kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.collecting.own_pace import OwnPaceUnrollCollector
from mazemesh.collecting.step import OVER, Consequence, Decision, Experience
from mazemesh.policy.kernels import record_own_pace


class CompactOwnPaceCollector(OwnPaceUnrollCollector):
    """As its base, which scatters each column by itself, in less time.

    Rows are the same bit for bit, but for the last digit of log-probabilities.
    """

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of the games whose students moved; unrolls once there are enough."""
        at, buffers = self._at, self._buffers
        status = np.ascontiguousarray(consequence.status)
        first = np.flatnonzero((at == 0) & (status != OVER))
        if len(first):
            self._version[first] = decision.policy_version
            if "state" in buffers:
                buffers["state"][first] = decision.state[first]
        full = record_own_pace(
            at,
            _bytes(decision.observation, 1),
            np.ascontiguousarray(decision.action_mask),
            np.ascontiguousarray(decision.action),
            np.ascontiguousarray(decision.logits),
            np.ascontiguousarray(consequence.reward),
            status,
            np.ascontiguousarray(consequence.success),
            np.ascontiguousarray(decision.opponent),
            _bytes(buffers["observation"], 2),
            *(buffers[name] for name in _WRITTEN),
            buffers.get("opponent", _NOBODY),
        )
        ended = consequence.truncated_games
        if len(ended):
            buffers["bootstrap_value"][ended, at[ended] - 1] = consequence.final_value
        if not full:
            return None
        self._finish(np.flatnonzero(at == self._length), consequence)
        return self._flush()


def _bytes(array: npt.NDArray[Any], lead: int) -> npt.NDArray[np.uint8]:
    """The array as bytes [..., row], of `lead` axes before."""
    return np.ascontiguousarray(array).reshape(*array.shape[:lead], -1).view(np.uint8)


_NOBODY = np.zeros((0, 0), np.uint64)

_WRITTEN = (
    "action_mask",
    "action",
    "behaviour_log_probability",
    "reward",
    "terminated",
    "truncated",
    "success",
    "bootstrap_value",
)
"""Columns in the order in which the kernel takes them, after observations."""
