"""Cuts the student's play into unrolls where seats are done before their games are.

From then until its game ends a seat makes no move, and what it is shown belongs to nobody. Such
steps are left out: an unroll goes from the last step of an episode straight to the first one of the
next, as it does everywhere. So games come to their unrolls' ends at different times, and rows that
belong to no move never exist, for any loss to be careful of.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.collecting import global_state
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
from mazemesh.policy.deciding import Deciding
from mazemesh.policy.heads import ActionDistribution
from mazemesh.wire.tensors import Signature


class OwnPaceUnrollCollector:
    """As `unrolls.UnrollCollector`, with unrolls that each game fills at its own pace.

    Those that are full wait for each other until there are enough.

    Args:
        games: B, or as many rows as there are seats that are collected from.
        signature: Of the unrolls (`mazemesh.experience.unroll_signature`).
        shown: Observations and actions of the game.
        ready: How many are enough; 0: as many as games.
    """

    def __init__(
        self,
        games: int,
        signature: Signature,
        shown: Shown,
        ready: int = 0,
        distribution: ActionDistribution = "clipped",
    ) -> None:
        self.signature = signature
        self._shown, self._deciding = shown, Deciding(shown.action, distribution)
        self._games, self._ready = games, ready or games
        self._length = next(one.shape[0] for one in signature.columns if one.name == "reward")
        self.clear()

    def clear(self) -> None:
        """Forgets unfinished unrolls, after the games were lost."""
        self._at = np.zeros(self._games, np.intp)
        self._version = np.zeros(self._games, np.int64)
        self._buffers: Batch = {
            column.name: self._shown.buffer(column, self._games)
            for column in self.signature.columns
        }
        self._logits: npt.NDArray[np.float32] | None = None
        self._parts: list[Batch] = []
        self._versions: list[npt.NDArray[np.int64]] = []

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of the games whose students moved; unrolls once there are enough."""
        moved = np.flatnonzero(consequence.status != OVER)
        at, buffers = self._at[moved], self._buffers
        places, length = moved * self._length + at, self._length
        first = moved[at == 0]
        self._version[first] = decision.policy_version
        if "state" in buffers:
            buffers["state"][first] = decision.state[first]
        for name, column in self._steps(decision, consequence).items():
            if name in buffers:
                buffer = buffers[name]
                steps = buffer.reshape(len(buffer) * length, *buffer.shape[2:])
                steps[places] = column.take(moved, axis=0)
        if self._logits is None:
            width = decision.logits.shape[1]
            self._logits = np.zeros((self._games, length, width), np.float32)
        self._logits.reshape(self._games * length, -1)[places] = decision.logits[moved]
        self._at[moved] += 1
        full = np.flatnonzero(self._at == self._length)
        if len(full):
            self._finish(full, consequence)
        return self._flush()

    def _steps(self, decision: Decision, consequence: Consequence) -> Batch:
        """What a step adds to each column that has time, [B, ...], but for what unrolls add."""
        bootstrap = np.zeros(self._games, np.float32)
        bootstrap[consequence.truncated_games] = consequence.final_value
        return {
            **self._shown.observations(decision.observation),
            **self._shown.action_masks(decision.action_mask),
            **self._shown.actions(decision.action),
            "reward": consequence.reward,
            "terminated": consequence.status == TERMINATED,
            "truncated": consequence.status == TRUNCATED,
            "success": consequence.success,
            "bootstrap_value": bootstrap,
            "opponent": decision.opponent,
            **global_state.columns(decision.global_state),
        }

    def _finish(self, full: npt.NDArray[np.intp], last: Consequence) -> None:
        part = {name: column[full] for name, column in self._buffers.items()}
        part |= self._shown.observations(last.observation[full], "last_")
        part |= self._shown.action_masks(last.action_mask[full], "last_")
        if last.global_state.size:
            part |= global_state.columns(last.global_state[full], "last_")
        if self._logits is not None:
            part["logits"] = self._logits[full]
        self._parts.append(part)
        self._versions.append(self._version[full])
        self._at[full] = 0

    def _flush(self) -> Experience | None:
        if sum(map(len, self._versions)) < self._ready:
            return None
        columns = {
            name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]
        }
        if "logits" in columns:
            columns["behaviour_log_probability"] = self._log_probability(columns)
        columns = {name: columns[name] for name in self.signature.names}
        versions = np.concatenate(self._versions)
        self._parts, self._versions = [], []
        return Experience(columns, None, versions)

    def _log_probability(self, columns: Batch) -> npt.NDArray[np.float32]:
        """Of the actions of unrolls [n, length]; for all at once it takes a fraction."""
        logits: npt.NDArray[Any] = columns["logits"]
        steps = logits.shape[0] * logits.shape[1]
        actions = {
            name: column.reshape(steps, *column.shape[2:])
            for name, column in columns.items()
            if name.partition(".")[0] == "action"
        }
        flat = self._deciding.log_probability(logits.reshape(steps, -1), actions)
        return flat.reshape(logits.shape[:2])
