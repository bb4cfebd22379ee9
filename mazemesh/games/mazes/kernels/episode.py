"""How an episode begins and ends, the same in every game."""

from __future__ import annotations

from mazemesh.games.mazes.kernels.compiling import kernel, part
from mazemesh.games.mazes.kernels.making.places import draw_starts
from mazemesh.games.mazes.kernels.seeing.observe import observe
from mazemesh.games.mazes.kernels.state import IndexArray, Parameters, State, plane_index


@kernel
def reset(p: Parameters, s: State, games: IndexArray) -> None:
    """Begin episodes whose mazes are drawn."""
    for game in games:
        first = draw_starts(s.distance[game], s.order[game], p.seats, s.rng[game])
        for seat in range(p.seats):
            place = (seat + s.rotation[game]) % p.seats
            seat_player(p, s, game, seat, s.order[game, first + place])
        start_episode(s, game)
        observe(p, s, game)


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
def close_episode(p: Parameters, s: State, game: int, ended: int, autoreset: bool) -> int:
    """End the episode where the rules say so; return the number of games that ended in this step.

    `ended` is the number before. Under autoreset the game already has the next episode's name.
    """
    if not (s.terminated[game] or s.truncated[game]):
        return ended
    size = p.seats * p.observation_size if p.observed else 0
    for index in range(game * size, (game + 1) * size):
        s.final_observation[index] = s.observation[index]
    for seat in range(p.seats):
        for action in range(s.action_mask.shape[2]):
            s.final_action_mask[game, seat, action] = s.action_mask[game, seat, action]
    s.active[game] = False
    if autoreset:
        s.episode[game] += 1
    s.ended[ended] = game
    return ended + 1
