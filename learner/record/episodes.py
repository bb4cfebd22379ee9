"""What batches of unrolls tell of the episodes that ended in them."""

from __future__ import annotations

import numpy as np

from learner.ports import Columns


class EpisodeFigures:
    """Reward, length and success of training episodes, actions drawn from the policy.

    An episode may have begun many batches before the one that it ends in, and all games of an
    actor may end theirs in the same batch. So reward and steps are counted until an episode has
    ended, and then shared among those that did: right on average while the policy changes slowly.
    """

    def __init__(self, *, winnable: bool) -> None:
        """`winnable`: whether the game can be won; of others no success is told."""
        self._winnable = winnable
        self._empty()

    def add(self, columns: Columns) -> None:
        """Counts a batch.

        Args:
            columns: Of `unroll_signature`; others are not counted, since drawing by priority does
                not draw episodes alike.
        """
        if "success" not in columns:
            return
        reward = np.asarray(columns["reward"], np.float32)
        self._reward += float(reward.sum(dtype=np.float64))
        self._steps += reward.size
        self._ended += int((np.asarray(columns["terminated"]) != 0).sum())
        self._ended += int((np.asarray(columns["truncated"]) != 0).sum())
        self._won += int((np.asarray(columns["success"]) != 0).sum())

    def take(self) -> dict[str, float]:
        """What has been counted since episodes were last told of, and counts anew.

        Returns:
            episode_reward (with shaping), episode_steps, and episode_success where it is known: the
            share of which the game told success. Empty, and counted on, when no episode ended.
        """
        ended = self._ended
        if not ended:
            return {}
        found = {"episode_reward": self._reward / ended, "episode_steps": self._steps / ended}
        if self._winnable:
            found["episode_success"] = self._won / ended
        self._empty()
        return found

    def _empty(self) -> None:
        self._reward, self._steps, self._ended, self._won = 0.0, 0, 0, 0
