"""The compiled step of race; see `mazemesh.games.mazes.rules.race`."""

from __future__ import annotations

from mazemesh.games.mazes.kernels.acting import act
from mazemesh.games.mazes.kernels.compiling import kernel, part
from mazemesh.games.mazes.kernels.episode import add_up, begin_step, close_episode
from mazemesh.games.mazes.kernels.fetching import fetch_step
from mazemesh.games.mazes.kernels.moves import move
from mazemesh.games.mazes.kernels.seeing.observe import observe
from mazemesh.games.mazes.kernels.shaping import remember_potentials, shape
from mazemesh.games.mazes.kernels.state import Int8Array, Parameters, State, cell_of


@kernel
def step(p: Parameters, s: State, actions: Int8Array, autoreset: bool) -> int:
    """Play one step of all active games with `actions` [games, seats]; return how many ended."""
    ended = 0
    for game in range(s.active.size):
        fetch_step(p, s, game)
        if not begin_step(p, s, game):
            continue
        act(p, s, game, actions)
        remember_potentials(p, s, game)
        move(p, s, game)
        s.steps[game] += 1
        _settle(p, s, game)
        shape(p, s, game)
        add_up(p, s, game)
        observe(p, s, game)
        ended = close_episode(p, s, game, ended, autoreset)
    return ended


@part
def _settle(p: Parameters, s: State, game: int) -> None:
    """Write flags, rewards and scores. At most one player stands on the exit."""
    winner = -1
    for seat in range(p.seats):
        if s.distance[game, cell_of(p, s, game, seat)] == 0:
            winner = seat
    if winner >= 0:
        s.terminated[game] = True
        for seat in range(p.seats):
            s.reward[game, seat] = 1.0 if seat == winner else -1.0 / (p.seats - 1)
            s.score[game, seat] = 1.0 if seat == winner else 0.0
    elif s.steps[game] == p.step_limit:
        s.truncated[game] = True
        for seat in range(p.seats):
            s.score[game, seat] = 1.0 / p.seats
