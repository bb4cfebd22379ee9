"""Cuts the student's play into unrolls of fixed length."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.collecting import global_state
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import TERMINATED, TRUNCATED, Batch, Consequence, Decision, Experience
from mazemesh.experience import unroll_signature, with_global_state
from mazemesh.games.spaces import Space
from mazemesh.policy.deciding import Deciding
from mazemesh.policy.heads import ActionDistribution
from mazemesh.wire.tensors import Signature


class UnrollCollector:
    """Collects B games' steps into one batch of B unrolls every `length` steps.

    Unrolls run on over episode ends, so no game waits for another's end and every row is full.
    """

    def __init__(
        self,
        games: int,
        length: int,
        shown: Shown,
        state_size: int = 0,
        *,
        opponents: bool = False,
        distribution: ActionDistribution = "clipped",
        state_space: Space | None = None,
    ) -> None:
        """Of `games` rows.

        `distribution` is what continuous actions are drawn from, `state_space` what is told of the
        whole game, if that is wanted.
        """
        spaces = shown.observation, shown.action
        plain = unroll_signature(length, *spaces, state_size=state_size, opponents=opponents)
        if state_space is not None:
            plain = with_global_state(plain, length, state_space)
        self._with_state = state_space is not None
        self.signature: Signature = shown.signature(plain)
        self._shown, self._deciding = shown, Deciding(shown.action, distribution)
        self._games = games
        self._length = length
        self._opponents = opponents
        self._bootstrap = np.zeros((games, length), np.float32)
        self.clear()

    def clear(self) -> None:
        """Forgets unfinished unrolls, after the games were lost."""
        self._steps: defaultdict[str, list[npt.NDArray[Any]]] = defaultdict(list)
        self._bootstrap[:] = 0.0

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of all games; the finished unrolls at every `length`-th step.

        Until then the steps' own arrays are kept as they are: what can be done for all of them at
        once then takes a fraction of what it takes step by step.
        """
        steps = self._steps
        if not steps["status"]:
            self._version, self._state = decision.policy_version, decision.state
        steps["observation"].append(decision.observation)
        steps["action_mask"].append(decision.action_mask)
        steps["action"].append(decision.action)
        steps["logits"].append(decision.logits)
        if self._opponents:
            steps["opponent"].append(decision.opponent)
        if self._with_state:
            steps["global_state"].append(decision.global_state)
        steps["reward"].append(consequence.reward)
        # A view would keep a whole message of the server.
        steps["status"].append(consequence.status.copy())
        steps["success"].append(consequence.success)
        at = len(steps["status"])
        if len(consequence.truncated_games):
            self._bootstrap[consequence.truncated_games, at - 1] = consequence.final_value
        if at < self._length:
            return None
        columns = self._columns(consequence)
        self.clear()
        return Experience(columns, None, np.full(self._games, self._version, np.int64))

    def _columns(self, last: Consequence) -> Batch:
        """The rows [games, ...] of the signature from steps [length][games, ...]."""
        steps = {name: np.stack(arrays, axis=1) for name, arrays in self._steps.items()}
        logits, action, status = steps["logits"], steps["action"], steps["status"]
        shown, flat = self._shown, logits.reshape(-1, logits.shape[2])
        actions = shown.actions(action)
        each = {name: column.reshape(-1, *column.shape[2:]) for name, column in actions.items()}
        chosen = self._deciding.log_probability(flat, each)
        all_columns: Batch = {
            **steps,
            **shown.observations(steps["observation"]),
            **shown.action_masks(steps["action_mask"]),
            **actions,
            "behaviour_log_probability": chosen.reshape(action.shape),
            "terminated": status == TERMINATED,
            "truncated": status == TRUNCATED,
            "bootstrap_value": self._bootstrap.copy(),
            **shown.observations(last.observation.copy(), "last_"),
            **shown.action_masks(last.action_mask.copy(), "last_"),
            "state": self._state,
        }
        if self._with_state:
            all_columns |= global_state.columns(steps["global_state"])
            all_columns |= global_state.columns(last.global_state.copy(), "last_")
        return {name: all_columns[name] for name in self.signature.names}
