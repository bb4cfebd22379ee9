"""The compiled step of capture the flag; see `mazemesh.games.mazes.rules.ctf`."""

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
from mazemesh.games.mazes.kernels.making.places import measure
from mazemesh.games.mazes.kernels.moves import have_met, move
from mazemesh.games.mazes.kernels.shaping import term
from mazemesh.games.mazes.kernels.state import (
    IndexArray,
    Int8Array,
    IntArray,
    Parameters,
    State,
    cell_of,
)
from mazemesh.games.mazes.kernels.things import Things, clear_things
from mazemesh.games.mazes.rules.ctf_observe import observe_flags
from mazemesh.games.mazes.rules.ctf_teams import carrier_of, steps_to_base, team_of


@kernel
def reset(p: Parameters, s: State, t: Things, games: IndexArray) -> None:
    """Begin episodes whose mazes are drawn."""
    for game in games:
        base = int(s.order[game, p.height * p.width - 1])
        t.base[game, 0], t.base[game, 1] = base // p.width, base % p.width
        measure(s.passages[game], p.width, base, t.base_distance[game], s.second)
        # A place's cell is kept in `target` until all are known, so that no cell is given twice.
        near_first, near_second = 0, 0
        for place in range(p.seats):
            if place % 2 == 0:
                near_first = _next_free(s, s.order[game], near_first, place)
                s.target[place] = s.order[game, near_first]
            else:
                near_second = _next_free(s, s.second, near_second, place)
                s.target[place] = s.second[near_second]
        clear_things(p, t, game)
        for seat in range(p.seats):
            place = (seat + s.rotation[game]) % p.seats
            seat_player(p, s, game, seat, s.target[place])
            s.layer[game, seat] = place % 2
        start_episode(s, game)
        observe_flags(p, s, t, game)


@kernel
def step(p: Parameters, s: State, t: Things, actions: Int8Array, autoreset: bool) -> int:
    """Play one step of all active games with `actions` [games, seats]; return how many ended."""
    ended = 0
    for game in range(s.active.size):
        if not begin_step(p, s, game):
            continue
        _act(p, s, t, game, actions)
        first, second = _potential(p, s, t, game, 0), _potential(p, s, t, game, 1)
        move(p, s, game)
        s.steps[game] += 1
        _tag(p, s, t, game)
        _take_flags(p, s, t, game)
        _settle(p, s, t, game)
        _shape(p, s, t, game, first, second)
        add_up(p, s, game)
        observe_flags(p, s, t, game)
        ended = close_episode(p, s, game, ended, autoreset)
    return ended


@part
def _next_free(s: State, cells: IntArray, index: int, places: int) -> int:
    """Return the first index from `index` on whose cell none of the first places has."""
    place = 0
    while place < places:
        if s.target[place] == cells[index]:
            index += 1
            place = 0
        else:
            place += 1
    return index


@part
def _act(p: Parameters, s: State, t: Things, game: int, actions: Int8Array) -> None:
    for seat in range(p.seats):
        choices = 0
        if seeks(s, game, seat):
            # The base of the first team is where `distance` leads.
            if (team_of(s, game, seat) == 0) == (t.tally[game, seat] > 0):
                choices = downhill(p, s, game, seat, s.distance)
            else:
                choices = downhill(p, s, game, seat, t.base_distance)
        take(p, s, game, seat, actions, choices)


@part
def _tag(p: Parameters, s: State, t: Things, game: int) -> None:
    """Let carriers lose their flags who met an opponent that moved; both may."""
    for seat in range(p.seats):
        t.dropped[seat] = False
        if t.tally[game, seat] > 0:
            for other in range(p.seats):
                opposed = team_of(s, game, other) != team_of(s, game, seat)
                if opposed and s.moving[other] and have_met(p, s, game, seat, other):
                    t.dropped[seat] = True
    for seat in range(p.seats):
        if t.dropped[seat]:
            t.tally[game, seat] = 0


@part
def _take_flags(p: Parameters, s: State, t: Things, game: int) -> None:
    for seat in range(p.seats):
        team = team_of(s, game, seat)
        free = carrier_of(p, s, t, game, team) < 0
        if free and steps_to_base(s, t, game, 1 - team, cell_of(p, s, game, seat)) == 0:
            t.tally[game, seat] = 1


@part
def _settle(p: Parameters, s: State, t: Things, game: int) -> None:
    """Write flags, rewards and scores."""
    first, second = _has_captured(p, s, t, game, 0), _has_captured(p, s, t, game, 1)
    s.terminated[game] = first or second
    s.truncated[game] = not s.terminated[game] and s.steps[game] == p.step_limit
    if not (s.terminated[game] or s.truncated[game]):
        return
    lead = int(first) - int(second)
    for seat in range(p.seats):
        reward = lead if team_of(s, game, seat) == 0 else -lead
        s.reward[game, seat] = reward
        s.score[game, seat] = 0.5 + 0.5 * reward


@part
def _has_captured(p: Parameters, s: State, t: Things, game: int, team: int) -> bool:
    carrier = carrier_of(p, s, t, game, team)
    if carrier < 0:
        return False
    return bool(steps_to_base(s, t, game, team, cell_of(p, s, game, carrier)) == 0)


@part
def _potential(p: Parameters, s: State, t: Things, game: int, team: int) -> float:
    """Minus the way that a team has left at best, as a share of there and back."""
    if p.shaping == 0.0:
        return 0.0
    carrier = carrier_of(p, s, t, game, team)
    if carrier >= 0:
        way = int(steps_to_base(s, t, game, team, cell_of(p, s, game, carrier)))
    else:
        way = 1 << 20
        for seat in range(p.seats):
            if team_of(s, game, seat) == team:
                there = steps_to_base(s, t, game, 1 - team, cell_of(p, s, game, seat))
                way = min(way, int(there))
        way += s.eccentricity[game]
    return float(-way / (2 * s.eccentricity[game]))


@part
def _shape(p: Parameters, s: State, t: Things, game: int, first: float, second: float) -> None:
    """Give each team its own shaping term less the other's; the potentials before are given."""
    if p.shaping == 0.0:
        return
    gain = term(p, s, game, first, _potential(p, s, t, game, 0))
    gain -= term(p, s, game, second, _potential(p, s, t, game, 1))
    for seat in range(p.seats):
        s.reward[game, seat] += gain if team_of(s, game, seat) == 0 else -gain
