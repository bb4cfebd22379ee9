"""Coop-keys: 2..8 players pick up all keys, then all walk out through the exit. One shared reward.

One key more than there are players lies on random cells, fewer where they do not fit. Who steps on
a key has it. Once nobody misses a key the exit is open: who then stands on it or steps on it has
left. One who has left stays away and hinders nobody; staying is its only legal action.

Every step costs each player 1 / step_limit; each of the K keys found and of the n players that
leave gives every player 1 / (K + n). The episode is terminated when all have left (score 1 for all)
and truncated when the steps run out (score 0). Among players that have not left
`mazemesh.games.mazes.kernels.moves` tells who gives way.

A seat's target is the nearest key by walking distance, and the exit once there is none. Own vector
`keys_left`: keys that nobody has, as keys * 255 // K.
"""

from __future__ import annotations

from collections.abc import Callable

from mazemesh.games.mazes.game import MazeGame
from mazemesh.games.settings import MAX_SEATS, GameSettings
from mazemesh.games.spec import PLANES


def _keys(settings: GameSettings) -> int:
    free = settings.width * settings.height - settings.seats - 1
    return min(settings.seats + 1, free)


def _one_team(seats: int) -> tuple[int, ...]:
    return (0,) * seats


def _load_step() -> Callable[..., int]:
    from mazemesh.games.mazes.rules.coop_keys_step import step

    return step


def _load_reset() -> Callable[..., None]:
    from mazemesh.games.mazes.rules.coop_keys_step import reset

    return reset


COOP_KEYS = MazeGame(
    name="coop-keys",
    version=1,
    summary="Two to eight players find all keys together, then leave by the exit.",
    min_seats=2,
    max_seats=MAX_SEATS,
    default_seats=2,
    may_stay=True,
    load_step=_load_step,
    load_reset=_load_reset,
    planes=(*PLANES, "keys"),
    overview=("exit", "keys"),
    vectors=(("keys_left", 1),),
    teams=_one_team,
    items=_keys,
    has_things=True,
)
