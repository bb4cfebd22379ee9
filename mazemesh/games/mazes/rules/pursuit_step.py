"""The compiled step of pursuit; see `mazemesh.games.mazes.rules.pursuit`."""

from __future__ import annotations

import numpy as np

from mazemesh.games.mazes.kernels.acting import downhill, seeks, take
from mazemesh.games.mazes.kernels.compiling import kernel, part
from mazemesh.games.mazes.kernels.episode import (
    add_up,
    begin_step,
    close_episode,
    seat_player,
    start_episode,
)
from mazemesh.games.mazes.kernels.making.maze import neighbour
from mazemesh.games.mazes.kernels.making.places import draw_starts, measure, measure_from
from mazemesh.games.mazes.kernels.moves import have_met, move
from mazemesh.games.mazes.kernels.seeing.observe import (
    OWN_PLANES,
    finish_view,
    mark,
    write_mask,
    write_surroundings,
)
from mazemesh.games.mazes.kernels.shaping import term
from mazemesh.games.mazes.kernels.state import IndexArray, Int8Array, Parameters, State, cell_of
from mazemesh.games.mazes.kernels.things import Things

_EVADER, _HUNTER = 0, 1
"""Layers."""


@kernel
def reset(p: Parameters, s: State, t: Things, games: IndexArray) -> None:
    """Begin episodes whose mazes are drawn."""
    for game in games:
        # The first of the places by distance is always the exit itself.
        evader = s.order[game, 0]
        first = draw_starts(s.distance[game], s.order[game], p.seats - 1, s.rng[game])
        for seat in range(p.seats):
            place = (seat + s.rotation[game]) % p.seats
            cell = evader if place == 0 else s.order[game, first + place - 1]
            seat_player(p, s, game, seat, cell)
            s.layer[game, seat] = _EVADER if place == 0 else _HUNTER
        start_episode(s, game)
        _observe(p, s, game)


@kernel
def step(p: Parameters, s: State, t: Things, actions: Int8Array, autoreset: bool) -> int:
    """Play one step of all active games with `actions` [games, seats]; return how many ended."""
    ended = 0
    for game in range(s.active.size):
        if not begin_step(p, s, game):
            continue
        _act(p, s, t, game, actions)
        before = _potential(p, s, game)
        move(p, s, game)
        s.steps[game] += 1
        _settle(p, s, game)
        _track(p, s, game)
        _shape(p, s, game, before)
        add_up(p, s, game)
        _observe(p, s, game)
        ended = close_episode(p, s, game, ended, autoreset)
    return ended


@part
def _evader(p: Parameters, s: State, game: int) -> int:
    """Return the evader's seat, which is the one at place 0."""
    return int((p.seats - s.rotation[game]) % p.seats)


@part
def _track(p: Parameters, s: State, game: int) -> None:
    """Measure distances to the evader, if anybody needs them."""
    needed = p.shaping > 0.0
    for seat in range(p.seats):
        if s.layer[game, seat] == _HUNTER and seeks(s, game, seat):
            needed = True
    if needed:
        cell = cell_of(p, s, game, _evader(p, s, game))
        measure(s.passages[game], p.width, cell, s.distance[game], s.first)


@part
def _act(p: Parameters, s: State, t: Things, game: int, actions: Int8Array) -> None:
    for seat in range(p.seats):
        choices = 0
        if seeks(s, game, seat):
            if s.layer[game, seat] == _HUNTER:
                choices = downhill(p, s, game, seat, s.distance)
            else:
                choices = _away(p, s, t, game, seat)
        take(p, s, game, seat, actions, choices)


@part
def _away(p: Parameters, s: State, t: Things, game: int, seat: int) -> int:
    """Return the directions to where hunters have farthest to walk; none to stay."""
    hunters = 0
    for other in range(p.seats):
        if other != seat:
            s.first[hunters] = cell_of(p, s, game, other)
            hunters += 1
    measure_from(s.passages[game], p.width, hunters, t.flight[0], s.first)
    cell = cell_of(p, s, game, seat)
    passages = int(np.int64(s.passages[game, cell]))
    farthest = t.flight[0, cell]
    choices = 0
    for direction in range(4):
        if passages >> direction & 1:
            distance = t.flight[0, neighbour(cell, direction, p.width)]
            if distance > farthest:
                farthest = distance
                choices = 0
            if distance == farthest:
                choices |= 1 << direction
    return choices


@part
def _settle(p: Parameters, s: State, game: int) -> None:
    """Write flags, rewards and scores."""
    evader = _evader(p, s, game)
    caught = False
    for seat in range(p.seats):
        if seat != evader and have_met(p, s, game, seat, evader):
            caught = True
    if not caught and s.steps[game] < p.step_limit:
        return
    s.terminated[game] = True
    for seat in range(p.seats):
        won = (seat == evader) != caught
        share = 1.0 if seat == evader else 1.0 / (p.seats - 1)
        s.reward[game, seat] = share if won else -share
        s.score[game, seat] = won


@part
def _potential(p: Parameters, s: State, game: int) -> float:
    """The hunters': minus the least distance to the evader, as a share of the greatest at first."""
    if p.shaping == 0.0:
        return 0.0
    least = 1 << 20
    for seat in range(p.seats):
        if s.layer[game, seat] == _HUNTER:
            least = min(least, s.distance[game, cell_of(p, s, game, seat)])
    return float(-least / s.eccentricity[game])


@part
def _shape(p: Parameters, s: State, game: int, before: float) -> None:
    """Share the hunters' shaping term among them; the evader gets its opposite."""
    if p.shaping == 0.0:
        return
    gain = term(p, s, game, before, _potential(p, s, game))
    for seat in range(p.seats):
        if s.layer[game, seat] == _HUNTER:
            s.reward[game, seat] += gain / (p.seats - 1)
        else:
            s.reward[game, seat] -= gain


@part
def _observe(p: Parameters, s: State, game: int) -> None:
    evader = _evader(p, s, game)
    row, column = s.position[game, evader, 0], s.position[game, evader, 1]
    for seat in range(p.seats):
        begin = write_surroundings(p, s, game, seat)
        plane = begin + OWN_PLANES * p.window * p.window
        mark(p, s, game, seat, plane, row, column, 255)
        if seat == evader:
            hunter = _nearest_hunter(p, s, game, evader)
            hunter_row, hunter_column = s.position[game, hunter, 0], s.position[game, hunter, 1]
            finish_view(p, s, game, seat, hunter_row, hunter_column)
        else:
            finish_view(p, s, game, seat, row, column)
        write_mask(p, s, game, seat)


@part
def _nearest_hunter(p: Parameters, s: State, game: int, evader: int) -> int:
    """Return the hunter nearest to the evader by rows plus columns, the first by start place."""
    least, nearest = 1 << 20, 0
    for place in range(1, p.seats):
        seat = (evader + place) % p.seats
        down = s.position[game, seat, 0] - s.position[game, evader, 0]
        right = s.position[game, seat, 1] - s.position[game, evader, 1]
        if abs(down) + abs(right) < least:
            least, nearest = abs(down) + abs(right), seat
    return int(nearest)
