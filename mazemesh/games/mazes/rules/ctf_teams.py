"""Teams, bases and flags of capture the flag, compiled; see `mazemesh.games.mazes.rules.ctf`."""

from __future__ import annotations

from mazemesh.games.mazes.kernels.compiling import part
from mazemesh.games.mazes.kernels.state import Parameters, State
from mazemesh.games.mazes.kernels.things import Things


@part
def team_of(s: State, game: int, seat: int) -> int:
    """Return a seat's team, 0 or 1, which is its layer."""
    return int(s.layer[game, seat])


@part
def carrier_of(p: Parameters, s: State, t: Things, game: int, team: int) -> int:
    """Return the seat of a team that carries the other's flag, or -1."""
    for seat in range(p.seats):
        if t.tally[game, seat] > 0 and team_of(s, game, seat) == team:
            return seat
    return -1


@part
def base_row(s: State, t: Things, game: int, team: int) -> int:
    """Return the row of a team's base."""
    return int(s.exit[game, 0] if team == 0 else t.base[game, 0])


@part
def base_column(s: State, t: Things, game: int, team: int) -> int:
    """Return the column of a team's base."""
    return int(s.exit[game, 1] if team == 0 else t.base[game, 1])


@part
def steps_to_base(s: State, t: Things, game: int, team: int, cell: int) -> int:
    """Return the walking distance from a cell to a team's base."""
    return int(s.distance[game, cell] if team == 0 else t.base_distance[game, cell])
