"""What a batch of unrolls tells of the episodes that ended in it."""

from __future__ import annotations

import numpy as np

from learner.loop.ports import Columns


def episode_statistics(columns: Columns, *, winnable: bool) -> dict[str, float]:
    """Reward, length and success of training episodes, actions drawn from the policy.

    An episode may have begun in an earlier batch, so reward and length are those of the whole batch
    by the number of episodes that ended in it: right on average while the policy changes slowly.

    Args:
        columns: Of `unroll_signature`; of others nothing is told, since drawing by priority does
            not draw episodes alike.
        winnable: Whether the game can be won: of others no success is told.

    Returns:
        episode_reward (with shaping), episode_steps, and episode_success where it is known: the
        share of which the game told success. Empty when no episode ended.
    """
    if "success" not in columns:
        return {}
    reward = np.asarray(columns["reward"], np.float32)
    terminated = np.asarray(columns["terminated"]) != 0
    ended = int(terminated.sum()) + int((np.asarray(columns["truncated"]) != 0).sum())
    if not ended:
        return {}
    found = {
        "episode_reward": float(reward.sum(dtype=np.float64)) / ended,
        "episode_steps": reward.size / ended,
    }
    if winnable:
        found["episode_success"] = int((np.asarray(columns["success"]) != 0).sum()) / ended
    return found
