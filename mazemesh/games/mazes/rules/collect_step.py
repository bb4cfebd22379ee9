"""The compiled step of collect; see `mazemesh.games.mazes.rules.collect`."""

from __future__ import annotations

from mazemesh.games.mazes.kernels.acting import act
from mazemesh.games.mazes.kernels.compiling import kernel, part
from mazemesh.games.mazes.kernels.episode import (
    add_up,
    begin_step,
    close_episode,
    seat_player,
    start_episode,
)
from mazemesh.games.mazes.kernels.making.places import draw_starts
from mazemesh.games.mazes.kernels.moves import move
from mazemesh.games.mazes.kernels.seeing.observe import (
    OWN_PLANES,
    copy_plane,
    finish_view,
    own_vectors,
    write_mask,
    write_surroundings,
)
from mazemesh.games.mazes.kernels.shaping import remember_potentials, shape
from mazemesh.games.mazes.kernels.state import IndexArray, Int8Array, Parameters, State, cell_of
from mazemesh.games.mazes.kernels.things import (
    Things,
    clear_things,
    item_index,
    items_left,
    measure_items,
    pick_up,
    scatter,
)


@kernel
def reset(p: Parameters, s: State, t: Things, games: IndexArray) -> None:
    """Begin episodes whose mazes are drawn."""
    for game in games:
        first = draw_starts(s.distance[game], s.order[game], p.seats, s.rng[game])
        for seat in range(p.seats):
            place = (seat + s.rotation[game]) % p.seats
            seat_player(p, s, game, seat, s.order[game, first + place])
        clear_things(p, t, game)
        goal = s.exit[game, 0] * p.width + s.exit[game, 1]
        t.items[item_index(p, game, goal)] = 255
        scatter(p, s, t, game, p.items - 1)
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
        act(p, s, game, actions)
        remember_potentials(p, s, game)
        move(p, s, game)
        s.steps[game] += 1
        _gather(p, s, t, game)
        _settle(p, s, t, game)
        shape(p, s, game)
        add_up(p, s, game)
        _observe(p, s, t, game)
        ended = close_episode(p, s, game, ended, autoreset)
    return ended


@part
def _gather(p: Parameters, s: State, t: Things, game: int) -> None:
    """Give gems to those who stepped on them, and what they are worth to all."""
    found = 0
    for seat in range(p.seats):
        if pick_up(p, s, t, game, seat):
            found += 1
            s.reward[game, seat] = 1.0
    if found == 0:
        return
    for seat in range(p.seats):
        own = float(s.reward[game, seat])
        s.reward[game, seat] = (own - (found - own) / (p.seats - 1)) / p.items
    if items_left(p, t, game) > 0:
        measure_items(p, s, t, game)


@part
def _settle(p: Parameters, s: State, t: Things, game: int) -> None:
    """Write flags and scores."""
    s.terminated[game] = items_left(p, t, game) == 0
    s.truncated[game] = not s.terminated[game] and s.steps[game] == p.step_limit
    if not (s.terminated[game] or s.truncated[game]):
        return
    most, count = 0, 0
    for seat in range(p.seats):
        if t.tally[game, seat] > most:
            most, count = t.tally[game, seat], 0
        count += t.tally[game, seat] == most
    for seat in range(p.seats):
        s.score[game, seat] = 1.0 / count if t.tally[game, seat] == most else 0.0


@part
def _observe(p: Parameters, s: State, t: Things, game: int) -> None:
    left = items_left(p, t, game)
    for seat in range(p.seats):
        write_surroundings(p, s, game, seat)
        copy_plane(p, s, game, seat, OWN_PLANES, t.items)
        here = cell_of(p, s, game, seat)
        target = t.nearest[game, here] if left > 0 else here
        finish_view(p, s, game, seat, target // p.width, target % p.width)
        most = 0
        for other in range(p.seats):
            if other != seat:
                most = max(most, t.tally[game, other])
        own = own_vectors(p, game, seat)
        s.observation[own] = t.tally[game, seat] * 255 // p.items
        s.observation[own + 1] = most * 255 // p.items
        write_mask(p, s, game, seat)
