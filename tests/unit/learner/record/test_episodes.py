"""Statistics of training episodes, against cases counted by hand."""

from __future__ import annotations

import numpy as np

from learner.record.episodes import episode_statistics


def columns(  # type: ignore[no-untyped-def]
    reward: list[list[float]],
    terminated: list[list[int]],
    truncated: list[list[int]],
    success: list[list[int]] | None = None,
):
    return {
        "reward": np.array(reward, np.float32),
        "terminated": np.array(terminated, np.uint8),
        "truncated": np.array(truncated, np.uint8),
        "success": np.array(success or np.zeros_like(reward), np.uint8),
        "behaviour_log_probability": np.zeros_like(reward, np.float32),
    }


def test_counted_by_hand() -> None:
    # Two games of four steps: one won after two steps, one lost after three though its last reward
    # is positive, as in collect or under shaping, one out of time.
    batch = columns(
        [[0.5, 1.0, 0.0, 0.25], [0.0, -1.0, 0.25, 0.0]],
        [[0, 1, 0, 0], [0, 0, 1, 0]],
        [[0, 0, 0, 1], [0, 0, 0, 0]],
        [[0, 1, 0, 0], [0, 0, 0, 0]],
    )
    found = episode_statistics(batch, winnable=True)
    assert found == {"episode_reward": 1 / 3, "episode_steps": 8 / 3, "episode_success": 1 / 3}
    assert "episode_success" not in episode_statistics(batch, winnable=False)


def test_nothing_ended_tells_nothing() -> None:
    assert episode_statistics(columns([[1.0]], [[0]], [[0]]), winnable=True) == {}


def test_rows_drawn_by_priority_tell_nothing() -> None:
    assert episode_statistics({"n_step_return": np.ones(3)}, winnable=True) == {}
    sequence = columns([[1.0]], [[1]], [[0]])
    del sequence["success"]
    assert episode_statistics(sequence, winnable=True) == {}
