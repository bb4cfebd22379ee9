"""What happened to the student's seats in one step of a batch of games."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.collecting.global_state import NOT_TOLD
from mazemesh.episode_totals import EpisodeTotals

RUNNING, TERMINATED, TRUNCATED, OVER = 0, 1, 2, 3
"""Values of `GamesStep.status` and `seat_status` in game.proto."""

Batch = dict[str, npt.NDArray[np.generic]]


def _no_state() -> npt.NDArray[np.float32]:
    return np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class Decision:
    """What the student saw and did, in B games: the first half of a step.

    Attributes:
        observation: [B, ...]; of several leaves a record (`mazemesh.collecting.shown`).
        action_mask: uint8 [B, A]; of several leaves the masks of all, [B, M].
        action: int8 [B]; of other actions than one number a record [B].
        logits: float32 [B, A], what the policy answered (Q-values, for a Q-network); of other
            actions what all heads answered, [B, W] (`mazemesh.policy.heads`).
        policy_version: Version that acted.
        state: float32 [B, S], what the policy remembered before it; S = 0 without memory.
        opponent: uint64 [B], whom it meets (`mazemesh.experience.policy_digest`); 0 for nobody.
        global_state: [B, ...], what was told of the whole game (see `global_state.py`);
            without elements where nothing is.
    """

    observation: npt.NDArray[Any]
    action_mask: npt.NDArray[np.uint8]
    action: npt.NDArray[Any]
    logits: npt.NDArray[np.float32]
    policy_version: int
    state: npt.NDArray[np.float32]
    opponent: npt.NDArray[np.uint64]
    global_state: npt.NDArray[Any] = field(default_factory=lambda: NOT_TOLD)

    @property
    def action_value(self) -> npt.NDArray[np.float32]:
        """float32 [B], the logit of the action (its Q-value, for a Q-network): of one number."""
        chosen: npt.NDArray[np.float32] = self.logits[np.arange(len(self.action)), self.action]
        return chosen


@dataclass(frozen=True)
class Consequence:
    """What came of a decision: the second half of a step.

    Attributes:
        reward: float32 [B].
        status: uint8 [B], of the student's seat, as in game.proto. OVER: the seat was done before,
            and its game is not; what is here of the step is nobody's move.
        observation: [B, ...], to act on next (of the next episode where one ended).
        action_mask: uint8 [B, A].
        value: float32 [B], of `observation`.
        success: bool [B], the step ended the game and the student did what it is about.
        truncated_games: Indices [m] of the games where this step truncated the student's episode.
        final_observation: [m, ...], their last observations.
        final_action_mask: uint8 [m, A].
        final_value: float32 [m].
        state: float32 [B, S], what the policy remembers with `observation`; of one without memory
            it need not be told.
        final_state: float32 [m, S], and with `final_observation`.
        global_state: [B, ...], what is told of the whole game with `observation`.
    """

    reward: npt.NDArray[np.float32]
    status: npt.NDArray[np.uint8]
    observation: npt.NDArray[Any]
    action_mask: npt.NDArray[np.uint8]
    value: npt.NDArray[np.float32]
    success: npt.NDArray[np.bool_]
    truncated_games: npt.NDArray[np.intp]
    final_observation: npt.NDArray[Any]
    final_action_mask: npt.NDArray[np.uint8]
    final_value: npt.NDArray[np.float32]
    state: npt.NDArray[np.float32] = field(default_factory=_no_state)
    final_state: npt.NDArray[np.float32] = field(default_factory=_no_state)
    global_state: npt.NDArray[Any] = field(default_factory=lambda: NOT_TOLD)


@dataclass(frozen=True)
class Experience:
    """Rows for a Replay table.

    Attributes:
        columns: By name, [rows, ...].
        priorities: float64 [rows], or None where the table does not use them.
        policy_versions: int64 [rows].
        episodes: Of those that ended since the experience before; None where none did, or where
            the rows tell by themselves.
    """

    columns: Batch
    priorities: npt.NDArray[np.float64] | None
    policy_versions: npt.NDArray[np.int64]
    episodes: EpisodeTotals | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.policy_versions)

    def pieces(self, most: int) -> Iterator[Experience]:
        """Itself in order, cut to at most `most` rows each; uncut where `most` is 0."""
        if not 0 < most < self.rows:
            yield self
            return
        for start in range(0, self.rows, most):
            yield self.part(start, start + most)

    def part(self, start: int, end: int) -> Experience:
        """Its rows from `start` to before `end`; the episodes are with the first of them."""
        cut = slice(start, end)
        return Experience(
            {name: column[cut] for name, column in self.columns.items()},
            None if self.priorities is None else self.priorities[cut],
            self.policy_versions[cut],
            None if start else self.episodes,
        )
