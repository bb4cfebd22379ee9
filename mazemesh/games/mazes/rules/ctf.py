"""Capture the flag: two teams of one to four. Zero-sum.

Even start places belong to the first team, odd ones to the second; so a seat's team mates stay the
same in all rotations. The first team's base is where the exit of other games is, the second's as
far from it as the maze allows. A team starts on the cells nearest to its base, where its flag is.

In every step, after the moves:

1. A carrier that meets an opponent who has moved loses the flag, which is back at its base at once.
   To meet is to stand on one cell or to have passed through each other; who waits tags nobody.
2. Who stands on the other team's base while that team's flag is there takes it.
3. A carrier on its own base has captured the flag: its team has won, each of it gets +1 (score 1)
   and each of the other team -1 (score 0). If both teams do so in one step it is a draw: rewards 0,
   scores 1/2.

A capture terminates the episode; when the steps run out it is truncated, a draw. Within a team
`mazemesh.games.mazes.kernels.moves` tells who gives way; opponents do not hinder each other.

A carrier's target is its own base, everybody else's the other team's. Own vectors: `flags`, 255
where the player carries a flag, a team mate does, and an opponent does; `own_flag_compass`, like
`compass` towards the own flag.
"""

from __future__ import annotations

from collections.abc import Callable

from mazemesh.games.mazes.game import MazeGame
from mazemesh.games.settings import MAX_SEATS
from mazemesh.games.spec import SHARED_PLANES


def _even_and_odd(seats: int) -> tuple[int, ...]:
    return tuple(place % 2 for place in range(seats))


def _names(seats: int) -> tuple[str, ...]:
    return tuple(f"{('first', 'second')[place % 2]}-{place // 2 + 1}" for place in range(seats))


def _load_step() -> Callable[..., int]:
    from mazemesh.games.mazes.rules.ctf_step import step

    return step


def _load_reset() -> Callable[..., None]:
    from mazemesh.games.mazes.rules.ctf_step import reset

    return reset


CTF = MazeGame(
    name="ctf",
    version=1,
    summary="Two teams of one to four; the first to bring home the other's flag wins.",
    min_seats=2,
    max_seats=MAX_SEATS,
    default_seats=2,
    may_stay=True,
    load_step=_load_step,
    load_reset=_load_reset,
    planes=(*SHARED_PLANES, "allies", "own_flag", "enemy_flag"),
    overview=("base_0", "base_1", "flag_0", "flag_1"),
    vectors=(("flags", 3), ("own_flag_compass", 4)),
    binary=frozenset({"flags"}),
    seats_multiple=2,
    teams=_even_and_odd,
    agents=_names,
    has_things=True,
)
