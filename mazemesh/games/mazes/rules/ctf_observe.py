"""Observations of capture the flag, compiled; see `mazemesh.games.mazes.rules.ctf`."""

from __future__ import annotations

from mazemesh.games.mazes.kernels.compiling import part
from mazemesh.games.mazes.kernels.seeing.observe import (
    OWN_PLANES,
    finish_view,
    mark,
    own_vectors,
    write_compass,
    write_mask,
    write_surroundings,
)
from mazemesh.games.mazes.kernels.state import Parameters, State
from mazemesh.games.mazes.kernels.things import Things
from mazemesh.games.mazes.rules.ctf_teams import base_column, base_row, carrier_of, team_of

_ALLIES, _OWN_FLAG, _ENEMY_FLAG = OWN_PLANES, OWN_PLANES + 1, OWN_PLANES + 2


@part
def observe_flags(p: Parameters, s: State, t: Things, game: int) -> None:
    """Write what every seat sees, and the action masks."""
    area = p.window * p.window
    for seat in range(p.seats):
        begin = write_surroundings(p, s, game, seat)
        team = team_of(s, game, seat)
        for other in range(p.seats):
            if other != seat and team_of(s, game, other) == team:
                row, column = s.position[game, other, 0], s.position[game, other, 1]
                mark(p, s, game, seat, begin + _ALLIES * area, row, column, 255)
        enemy_row = _flag_row(p, s, t, game, 1 - team)
        enemy_column = _flag_column(p, s, t, game, 1 - team)
        mark(p, s, game, seat, begin + _ENEMY_FLAG * area, enemy_row, enemy_column, 255)
        row, column = _flag_row(p, s, t, game, team), _flag_column(p, s, t, game, team)
        mark(p, s, game, seat, begin + _OWN_FLAG * area, row, column, 255)
        goal = team if t.tally[game, seat] > 0 else 1 - team
        finish_view(p, s, game, seat, base_row(s, t, game, goal), base_column(s, t, game, goal))
        own = own_vectors(p, game, seat)
        carrier = carrier_of(p, s, t, game, team)
        s.observation[own] = 255 if carrier == seat else 0
        s.observation[own + 1] = 255 if carrier >= 0 and carrier != seat else 0
        s.observation[own + 2] = 255 if carrier_of(p, s, t, game, 1 - team) >= 0 else 0
        write_compass(p, s, game, seat, own + 3, row, column)
        write_mask(p, s, game, seat)


@part
def _flag_row(p: Parameters, s: State, t: Things, game: int, team: int) -> int:
    """Return in which row a team's flag is."""
    carrier = carrier_of(p, s, t, game, 1 - team)
    return int(s.position[game, carrier, 0] if carrier >= 0 else base_row(s, t, game, team))


@part
def _flag_column(p: Parameters, s: State, t: Things, game: int, team: int) -> int:
    """Return in which column a team's flag is."""
    carrier = carrier_of(p, s, t, game, 1 - team)
    return int(s.position[game, carrier, 1] if carrier >= 0 else base_column(s, t, game, team))
