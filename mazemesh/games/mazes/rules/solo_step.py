"""The compiled step of solo; see `mazemesh.games.mazes.rules.solo`."""

from __future__ import annotations

from mazemesh.games.mazes.kernels.acting import act
from mazemesh.games.mazes.kernels.compiling import kernel
from mazemesh.games.mazes.kernels.episode import add_up, begin_step, close_episode
from mazemesh.games.mazes.kernels.fetching import fetch_step
from mazemesh.games.mazes.kernels.moves import move
from mazemesh.games.mazes.kernels.seeing.observe import observe
from mazemesh.games.mazes.kernels.shaping import remember_potentials, shape
from mazemesh.games.mazes.kernels.state import Int8Array, Parameters, State, cell_of


@kernel
def step(p: Parameters, s: State, actions: Int8Array, autoreset: bool) -> int:
    """Play one step of all active games with `actions` [games, 1]; return how many ended."""
    ended = 0
    for game in range(s.active.size):
        fetch_step(p, s, game)
        if not begin_step(p, s, game):
            continue
        act(p, s, game, actions)
        remember_potentials(p, s, game)
        move(p, s, game)
        s.steps[game] += 1
        solved = s.distance[game, cell_of(p, s, game, 0)] == 0
        s.terminated[game] = solved
        s.truncated[game] = not solved and s.steps[game] == p.step_limit
        s.score[game, 0] = solved
        s.reward[game, 0] = (1.0 if solved else 0.0) - 1.0 / p.step_limit
        shape(p, s, game)
        add_up(p, s, game)
        observe(p, s, game)
        ended = close_episode(p, s, game, ended, autoreset)
    return ended
