"""How an episode begins and ends, the same in every game."""

from __future__ import annotations

import numpy as np

from mazemesh.games.kernels.compiling import kernel, part, routine
from mazemesh.games.kernels.maze import carve
from mazemesh.games.kernels.observe import observe
from mazemesh.games.kernels.philox import below, start_rng
from mazemesh.games.kernels.places import draw_starts, measure
from mazemesh.games.kernels.state import (
    IndexArray,
    Parameters,
    State,
    plane_index,
)


@kernel
def reset(p: Parameters, s: State, games: IndexArray) -> None:
    """Begin the episodes that `seed`, `game_id`, `episode` and `rotation` of the games name."""
    for game in games:
        clear_report(s, game)
        begin_episode(p, s, game)


@part
def clear_report(s: State, game: int) -> None:
    """Forget what the last step reported; all that is left is the first observation."""
    s.reward[game] = 0.0
    s.taken[game] = 0
    s.score[game] = 0.0
    s.episode_return[game] = 0.0
    s.episode_steps[game] = 0
    s.terminated[game] = False
    s.truncated[game] = False


@routine
def begin_episode(p: Parameters, s: State, game: int) -> None:
    """Draw maze, exit and start places, and write the first observation."""
    draw_maze(p, s, game)
    first = draw_starts(s.distance[game], s.first, p.seats, s.rng)
    for seat in range(p.seats):
        seat_player(p, s, game, seat, s.first[first + (seat + s.rotation[game]) % p.seats])
    start_episode(s, game)
    observe(p, s, game)


@part
def draw_maze(p: Parameters, s: State, game: int) -> None:
    """Draw maze and exit; `first` then lists the cells by their distance to the exit."""
    start_rng(s.rng, s.seed[game], np.uint64(s.game_id[game]), np.uint64(s.episode[game]))
    carve(
        s.passages[game], s.sides, p.height, p.width, p.generator, p.loops, s.rng, s.first, s.second
    )
    _draw_planes(p, s, game)
    goal = below(s.rng, p.height * p.width)
    s.exit[game, 0], s.exit[game, 1] = goal // p.width, goal % p.width
    measure(s.passages[game], p.width, goal, s.distance[game], s.first)
    s.eccentricity[game] = s.distance[game, s.first[p.height * p.width - 1]]


@part
def seat_player(p: Parameters, s: State, game: int, seat: int, cell: int) -> None:
    """Put a player on a cell, and let begin whoever is to play the seat."""
    row, column = cell // p.width, cell % p.width
    s.position[game, seat, 0], s.position[game, seat, 1] = row, column
    s.heading[game, seat] = 0
    s.controller[game, seat] = s.next_controller[game, seat]
    own = (game * p.seats + seat) * p.plane
    s.visited[own : own + p.plane] = 0
    s.visited[own + plane_index(row, column, p)] = 64


@part
def start_episode(s: State, game: int) -> None:
    """Let the game run from step 0."""
    s.steps[game] = 0
    s.active[game] = True


@part
def _draw_planes(p: Parameters, s: State, game: int) -> None:
    begin = game * p.plane
    s.east[begin : begin + p.plane] = 0
    s.south[begin : begin + p.plane] = 0
    for row in range(p.height):
        for column in range(p.width):
            passages = s.passages[game, row * p.width + column]
            index = begin + plane_index(row, column, p)
            s.east[index] = 255 if passages & 2 else 0
            s.south[index] = 255 if passages & 4 else 0


@part
def begin_step(p: Parameters, s: State, game: int) -> bool:
    """Clear what the last step reported; return whether the game still runs."""
    for seat in range(p.seats):
        s.reward[game, seat] = 0.0
        s.score[game, seat] = 0.0
        if s.steps[game] == 0:
            s.episode_return[game, seat] = 0.0
    s.terminated[game] = False
    s.truncated[game] = False
    return bool(s.active[game])


@part
def add_up(p: Parameters, s: State, game: int) -> None:
    """Count the step and add its rewards to the returns."""
    s.episode_steps[game] = s.steps[game]
    for seat in range(p.seats):
        s.episode_return[game, seat] += s.reward[game, seat]


@part
def close_episode(p: Parameters, s: State, game: int, autoreset: bool) -> bool:
    """End the episode where the rules say so; return whether the next one is to begin."""
    if not (s.terminated[game] or s.truncated[game]):
        return False
    size = p.seats * p.observation_size
    for index in range(game * size, (game + 1) * size):
        s.final_observation[index] = s.observation[index]
    for seat in range(p.seats):
        for action in range(s.action_mask.shape[2]):
            s.final_action_mask[game, seat, action] = s.action_mask[game, seat, action]
    s.active[game] = False
    if autoreset:
        s.episode[game] += 1
    return autoreset
