"""Statistics of training episodes, against cases counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from learner.record.episodes import EpisodesOfUnrolls


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


def told(batch: Any, *, winnable: bool = True) -> dict[str, float]:
    """Of one batch alone."""
    figures = EpisodesOfUnrolls(winnable=winnable)
    figures.add(batch)
    return figures.take()


def test_counted_by_hand() -> None:
    # Two games of four steps: one won after two steps, one lost after three though its last reward
    # is positive, as in collect or under shaping, one out of time.
    batch = columns(
        [[0.5, 1.0, 0.0, 0.25], [0.0, -1.0, 0.25, 0.0]],
        [[0, 1, 0, 0], [0, 0, 1, 0]],
        [[0, 0, 0, 1], [0, 0, 0, 0]],
        [[0, 1, 0, 0], [0, 0, 0, 0]],
    )
    found = told(batch)
    assert found == {"episode_reward": 1 / 3, "episode_steps": 8 / 3, "episode_success": 1 / 3}
    assert "episode_success" not in told(batch, winnable=False)


def test_episodes_longer_than_a_batch_are_whole() -> None:
    # Two games side by side: nothing of them ends for three batches, and both end in the fourth.
    figures = EpisodesOfUnrolls(winnable=False)
    for _ in range(3):
        figures.add(columns([[-1.0, -1.0], [-1.0, -1.0]], [[0, 0], [0, 0]], [[0, 0], [0, 0]]))
        assert figures.take() == {}
    figures.add(columns([[-1.0, 5.0], [-1.0, -1.0]], [[0, 1], [0, 0]], [[0, 0], [0, 1]]))
    assert figures.take() == {"episode_reward": -5.0, "episode_steps": 8.0}
    assert figures.take() == {}


def test_nothing_ended_tells_nothing() -> None:
    assert told(columns([[1.0]], [[0]], [[0]])) == {}


def test_rows_drawn_by_priority_tell_nothing() -> None:
    assert told({"n_step_return": np.ones(3)}) == {}
    sequence = columns([[1.0]], [[1]], [[0]])
    del sequence["success"]
    assert told(sequence) == {}
