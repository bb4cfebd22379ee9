"""Race: 2..8 players, the first at the exit wins. Zero-sum.

The winner gets +1, each of the n - 1 others -1 / (n - 1), and the episode is terminated (score 1
and 0). When the steps run out the episode is truncated, a draw: rewards 0, scores 1 / n.
Moves are simultaneous; `mazemesh.games.mazes.kernels.moves` tells who gives way.
"""

from __future__ import annotations

from collections.abc import Callable

from mazemesh.games.mazes.game import MazeGame
from mazemesh.games.settings import MAX_SEATS


def _load_step() -> Callable[..., int]:
    from mazemesh.games.mazes.rules.race_step import step

    return step


RACE = MazeGame(
    name="race",
    version=1,
    summary="Two to eight players; the first at the exit wins.",
    min_seats=2,
    max_seats=MAX_SEATS,
    default_seats=2,
    may_stay=True,
    load_step=_load_step,
    is_plain=True,
)
