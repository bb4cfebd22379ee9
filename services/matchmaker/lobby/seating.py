"""Who sits where in a match of the lobby: parties in one team, teams of about the same strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from services.matchmaker.lobby.tickets import Seat, Ticket
from services.matchmaker.setup import CreatedMatch

_MOST_WAYS = 1000
"""Ways to deal tickets to teams that are looked at one by one; where there are more, the strongest
choose first and exchanges mend it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Who sits in one team: the players of a ticket, or a bot; `rating` is each one's."""

    names: tuple[str, ...]
    rating: float


def unit(ticket: Ticket) -> Unit:
    """A ticket's players."""
    return Unit(ticket.wish.players, ticket.rating)


def participants(
    units: Sequence[Unit], teams: Sequence[int], rng: np.random.Generator
) -> list[str]:
    """Names by seat.

    The places within a team, and which side has which team of equal size, are drawn. Where each
    plays for itself (`teams` is empty) so are all places.

    Args:
        units: Who plays; together as many names as there are seats.
        teams: Team of each seat.
        rng: Draws.
    """
    if len(set(teams)) < 2:
        order = rng.permutation([index for index, one in enumerate(units) for _ in one.names])
        left = [list(one.names) for one in units]
        return [left[index].pop() for index in order]
    numbers = sorted(set(teams))
    # Whichever team is named first has the first choice, so that must not always be the same one.
    numbers = [numbers[index] for index in rng.permutation(len(numbers))]
    room = [list(teams).count(number) for number in numbers]
    shuffled = [units[index] for index in rng.permutation(len(units))]
    by_team = balanced(shuffled, room)
    seats: dict[int, list[str]] = {}
    for number, members in zip(numbers, by_team, strict=True):
        names = [name for one in members for name in one.names]
        seats[number] = [names[index] for index in rng.permutation(len(names))]
    return [seats[number].pop() for number in teams]


def balanced(units: Sequence[Unit], room: Sequence[int]) -> list[list[Unit]]:
    """Units by team, so that the mean ratings of the teams differ as little as can be.

    The best way of all where there are few; otherwise the largest, then strongest, come first to
    the weakest team that has room, and pairs of equal size are exchanged while that helps.

    Raises:
        ValueError: there is no room for units as large as these.
    """
    ways = len(room) ** len(units)
    return _best(units, room) if ways <= _MOST_WAYS else _mended(_dealt(units, room))


def spread(teams: Sequence[Sequence[Unit]]) -> float:
    """Between the best and the worst mean rating of teams."""
    means = [
        sum(one.rating * len(one.names) for one in team) / sum(len(one.names) for one in team)
        for team in teams
    ]
    return max(means) - min(means)


def _best(units: Sequence[Unit], room: Sequence[int]) -> list[list[Unit]]:
    sizes = [len(one.names) for one in units]
    found: tuple[float, list[list[Unit]]] | None = None
    for way in product(range(len(room)), repeat=len(units)):
        left = list(room)
        for size, team in zip(sizes, way, strict=True):
            left[team] -= size
        if any(left):
            continue
        teams: list[list[Unit]] = [[] for _ in room]
        for one, team in zip(units, way, strict=True):
            teams[team].append(one)
        apart = spread(teams)
        if found is None or apart < found[0]:
            found = apart, teams
    if found is None:
        raise ValueError(f"units of {sizes} do not fill teams of {list(room)}")
    return found[1]


def _dealt(units: Sequence[Unit], room: Sequence[int]) -> list[list[Unit]]:
    teams: list[list[Unit]] = [[] for _ in room]
    left = list(room)
    for one in sorted(units, key=lambda one: (-len(one.names), -one.rating)):
        size = len(one.names)
        fitting = [team for team in range(len(room)) if left[team] >= size]
        if not fitting:
            raise ValueError(f"no team of {list(room)} has room for {size} more")
        # Parties go where they leave least room over; who is alone goes to the weakest.
        team = min(fitting, key=lambda at: (left[at] if size > 1 else 0, _strength(teams[at])))
        teams[team].append(one)
        left[team] -= size
    if any(left):
        raise ValueError(f"the units do not fill teams of {list(room)}")
    return teams


def _strength(team: Sequence[Unit]) -> float:
    return sum(one.rating * len(one.names) for one in team)


def _mended(teams: list[list[Unit]]) -> list[list[Unit]]:
    better = True
    while better:
        better = False
        for first, second in product(range(len(teams)), repeat=2):
            for one, other in product(range(len(teams[first])), range(len(teams[second]))):
                mine, yours = teams[first][one], teams[second][other]
                if first >= second or len(mine.names) != len(yours.names):
                    continue
                before = spread(teams)
                teams[first][one], teams[second][other] = yours, mine
                if spread(teams) < before - 1e-9:
                    better = True
                else:
                    teams[first][one], teams[second][other] = mine, yours
    return teams


def seats_of(created: CreatedMatch, names: Sequence[str], ticket: Ticket) -> tuple[Seat, ...]:
    """Where a ticket's players sit: in a time trial each has a game of its own."""
    return tuple(_seat(created, names, player) for player in ticket.wish.players)


def _seat(created: CreatedMatch, names: Sequence[str], player: str) -> Seat:
    index = names.index(player)
    for game in created.games:
        for seat, participant in enumerate(game.seat_participants):
            if participant == index:
                return Seat(
                    created.match_id,
                    game.game_id,
                    game.seat_tokens[seat],
                    seat,
                    tuple(names),
                    created.game_address,
                )
    raise RuntimeError(f"Game made no seat for {player!r} in match {created.match_id}")
