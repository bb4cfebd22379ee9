"""What a step will look at, fetched while earlier games are stepped.

Thousands of games are more than a cache holds, and where a player stands decides which lines of it
are needed: no processor guesses that.
"""

from __future__ import annotations

from mazemesh.games.mazes.kernels.compiling import part
from mazemesh.games.mazes.kernels.state import Parameters, State, cell_of, plane_index
from mazemesh.games.mazes.kernels.words import prefetch

_AHEAD = 4
"""Games: as long as memory takes."""


@part
def fetch_step(p: Parameters, s: State, game: int) -> None:
    """Fetch what `move` and what follows it need of a later game."""
    later = game + _AHEAD
    if later >= s.active.size:
        return
    for seat in range(p.seats):
        cell = cell_of(p, s, later, seat)
        row, column = s.position[later, seat, 0], s.position[later, seat, 1]
        prefetch(s.visited, (later * p.seats + seat) * p.plane + plane_index(row, column, p))
        prefetch(s.distance, later * p.height * p.width + cell)
        prefetch(s.passages, later * p.height * p.width + cell)
