"""Solo: one player looks for the exit.

Each step costs 1 / step_limit, reaching the exit gives +1 and ends the episode (terminated, score
1). When the steps run out the episode is truncated, score 0.
"""

from __future__ import annotations

from collections.abc import Callable

from mazemesh.games.mazes.game import MazeGame


def _load_step() -> Callable[..., int]:
    from mazemesh.games.mazes.rules.solo_step import step

    return step


SOLO = MazeGame(
    name="solo",
    version=1,
    summary="One player looks for the exit; every step costs.",
    min_seats=1,
    max_seats=1,
    default_seats=1,
    may_stay=False,
    load_step=_load_step,
    is_plain=True,
)
