"""The compiled step of coop-keys; see `mazemesh.games.mazes.rules.coop_keys`."""

from __future__ import annotations

from mazemesh.games.mazes.kernels.acting import downhill, seeks, take
from mazemesh.games.mazes.kernels.compiling import kernel, part
from mazemesh.games.mazes.kernels.episode import (
    add_up,
    begin_step,
    close_episode,
    seat_player,
    start_episode,
)
from mazemesh.games.mazes.kernels.making.places import draw_starts, measure
from mazemesh.games.mazes.kernels.moves import move
from mazemesh.games.mazes.kernels.seeing.observe import (
    OWN_PLANES,
    PLAYERS,
    copy_plane,
    finish_view,
    mark,
    own_vectors,
    write_mask,
    write_surroundings,
)
from mazemesh.games.mazes.kernels.shaping import remember_potentials, shape_together
from mazemesh.games.mazes.kernels.state import IndexArray, Int8Array, Parameters, State, cell_of
from mazemesh.games.mazes.kernels.things import (
    Things,
    clear_things,
    items_left,
    measure_items,
    pick_up,
    scatter,
)

_HERE = 0
"""Layer of players that have not left; each of the others has a layer of its own."""


@kernel
def reset(p: Parameters, s: State, t: Things, games: IndexArray) -> None:
    """Begin episodes whose mazes are drawn."""
    for game in games:
        first = draw_starts(s.distance[game], s.order[game], p.seats, s.rng[game])
        for seat in range(p.seats):
            place = (seat + s.rotation[game]) % p.seats
            seat_player(p, s, game, seat, s.order[game, first + place])
            s.layer[game, seat] = _HERE
        clear_things(p, t, game)
        scatter(p, s, t, game, p.items)
        measure_items(p, s, t, game)
        start_episode(s, game)
        _observe(p, s, t, game)


@kernel
def step(p: Parameters, s: State, t: Things, actions: Int8Array, autoreset: bool) -> int:
    """Play one step of all active games with `actions` [games, seats]; return how many ended."""
    ended = 0
    for game in range(s.active.size):
        if not begin_step(p, s, game):
            continue
        _act(p, s, game, actions)
        remember_potentials(p, s, game)
        move(p, s, game)
        s.steps[game] += 1
        _settle(p, s, t, game)
        shape_together(p, s, game)
        add_up(p, s, game)
        _observe(p, s, t, game)
        ended = close_episode(p, s, game, ended, autoreset)
    return ended


@part
def _act(p: Parameters, s: State, game: int, actions: Int8Array) -> None:
    for seat in range(p.seats):
        choices = 0
        if seeks(s, game, seat):
            choices = downhill(p, s, game, seat, s.distance)
        take(p, s, game, seat, actions, choices)
        if s.layer[game, seat] != _HERE:
            s.taken[game, seat] = 0


@part
def _settle(p: Parameters, s: State, t: Things, game: int) -> None:
    """Find keys, let players leave, and write flags, rewards and scores."""
    found = 0
    for seat in range(p.seats):
        found += pick_up(p, s, t, game, seat)
    left = items_left(p, t, game)
    if found > 0:
        _aim(p, s, t, game, left)
    gone, leaving = 0, 0
    if left == 0:
        for seat in range(p.seats):
            if s.layer[game, seat] == _HERE and s.distance[game, cell_of(p, s, game, seat)] == 0:
                s.layer[game, seat] = seat + 1
                leaving += 1
            gone += s.layer[game, seat] != _HERE
    s.terminated[game] = gone == p.seats
    s.truncated[game] = gone < p.seats and s.steps[game] == p.step_limit
    reward = (found + leaving) / (p.items + p.seats) - 1.0 / p.step_limit
    for seat in range(p.seats):
        s.reward[game, seat] = reward
        s.score[game, seat] = s.terminated[game]


@part
def _aim(p: Parameters, s: State, t: Things, game: int, left: int) -> None:
    """Measure distances to what is looked for now."""
    if left > 0:
        measure_items(p, s, t, game)
    else:
        goal = s.exit[game, 0] * p.width + s.exit[game, 1]
        measure(s.passages[game], p.width, goal, s.distance[game], s.first)


@part
def _observe(p: Parameters, s: State, t: Things, game: int) -> None:
    left = items_left(p, t, game)
    area = p.window * p.window
    row, column = s.exit[game, 0], s.exit[game, 1]
    for seat in range(p.seats):
        begin = write_surroundings(p, s, game, seat)
        if left == 0:
            # Those at the open exit have left.
            mark(p, s, game, seat, begin + PLAYERS * area, row, column, 0)
        mark(p, s, game, seat, begin + OWN_PLANES * area, row, column, 255)
        copy_plane(p, s, game, seat, OWN_PLANES + 1, t.items)
        if left > 0:
            target = t.nearest[game, cell_of(p, s, game, seat)]
            finish_view(p, s, game, seat, target // p.width, target % p.width)
        else:
            finish_view(p, s, game, seat, row, column)
        s.observation[own_vectors(p, game, seat)] = left * 255 // p.items
        write_mask(p, s, game, seat)
        if s.layer[game, seat] != _HERE:
            s.action_mask[game, seat, 1:] = 0
