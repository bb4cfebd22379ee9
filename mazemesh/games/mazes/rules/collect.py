"""Collect: 2..8 players gather gems, most gems win. Zero-sum by the difference.

One gem lies where the exit of other games is, equally far from all start places where the maze
allows; the others lie on random cells. There are about one to twelve cells, an odd number where
they fit, so that two players seldom draw. Who steps on a gem has it: of G gems among n players each
gives +1 / G to its finder and -1 / (G * (n - 1)) to each other. The episode is terminated with the
last gem and truncated when the steps run out; either way those with the most gems share the score
of 1. Moves are simultaneous; `mazemesh.games.mazes.kernels.moves` tells who gives way.

A seat's target is the nearest gem by walking distance. Own vector `tally`: own gems and the best
other player's, as gems * 255 // G.
"""

from __future__ import annotations

from collections.abc import Callable

from mazemesh.games.mazes.game import MazeGame
from mazemesh.games.settings import MAX_SEATS, GameSettings
from mazemesh.games.spec import SHARED_PLANES

_CELLS_PER_GEM = 12
_FEWEST_GEMS = 3


def _gems(settings: GameSettings) -> int:
    cells = settings.width * settings.height
    return min(max(_FEWEST_GEMS, cells // _CELLS_PER_GEM) | 1, cells - settings.seats)


def _load_step() -> Callable[..., int]:
    from mazemesh.games.mazes.rules.collect_step import step

    return step


def _load_reset() -> Callable[..., None]:
    from mazemesh.games.mazes.rules.collect_step import reset

    return reset


COLLECT = MazeGame(
    name="collect",
    version=1,
    summary="Two to eight players gather gems; most gems win.",
    min_seats=2,
    max_seats=MAX_SEATS,
    default_seats=2,
    may_stay=True,
    load_step=_load_step,
    load_reset=_load_reset,
    planes=(*SHARED_PLANES, "gems"),
    overview=("gems",),
    vectors=(("tally", 2),),
    items=_gems,
    has_things=True,
)
