"""Parties, teams and persons in a queue; compiled and plain agree."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.games import GameSettings
from services.matchmaker.lobby.grouping import compiled, groups, put_together
from services.matchmaker.lobby.seating import balanced, unit
from services.matchmaker.lobby.tickets import Ticket, Window, Wish, accept

WINDOW = Window(start=100.0, step=50.0, step_seconds=5.0, ceiling=300.0)
NOW = 1000.0
TEAMS = {4: (0, 1, 0, 1), 6: (0, 1, 0, 1, 0, 1), 8: (0, 1, 2, 3, 0, 1, 2, 3), 3: (), 5: ()}


def ticket(
    name: str, rating: float, waited: float, size: int, *, party: int = 0, person: str = ""
) -> Ticket:
    wish = Wish(
        f"player/{name}",
        "ctf",
        "ctf",
        GameSettings(),
        size,
        rated=False,
        max_wait=60.0,
        party=tuple(f"player/{name}-{one}" for one in range(party)),
        teams=TEAMS[size],
        person=person,
    )
    return Ticket(name, f"request-{name}", wish, rating, NOW - waited)


ROWS = st.lists(
    st.tuples(
        st.sampled_from([900.0, 1000.0, 1050.0, 1200.0, 1000.5]) | st.floats(800, 1400),
        st.sampled_from([0.0, 1.0, 6.0, 30.0]),
        st.integers(0, 2),
        st.sampled_from(["", "", "", "x", "y"]),
    ),
    max_size=40,
)


def queue(rows: list[tuple[float, float, int, str]], size: int) -> list[Ticket]:
    teams = TEAMS[size]
    most = len(teams) // len(set(teams)) if teams else 1
    return [
        ticket(f"{at:02}", rating, waited, size, party=min(party, most - 1), person=person)
        for at, (rating, waited, party, person) in enumerate(rows)
    ]


@given(ROWS, st.sampled_from(sorted(TEAMS)))
@settings(deadline=None)
def test_groups_fill_a_match_of_whole_parties_who_all_accept_each_other(
    rows: list[tuple[float, float, int, str]], size: int
) -> None:
    tickets = queue(rows, size)
    found = groups(tickets, WINDOW, NOW)
    seen = Counter(one.ticket_id for group in found for one in group)
    assert max(seen.values(), default=0) <= 1
    for group in found:
        assert sum(len(one.wish.players) for one in group) == size
        for index, first in enumerate(group):
            assert all(accept(first, other, WINDOW, NOW) for other in group[index + 1 :])
        room = sorted(Counter(TEAMS[size]).values()) or [size]
        assert len(balanced([unit(one) for one in group], room)) == len(room)
        assert group[0].since == min(one.since for one in group)


@given(ROWS, st.sampled_from(sorted(TEAMS)))
@settings(deadline=None)
def test_compiled_and_plain_agree(rows: list[tuple[float, float, int, str]], size: int) -> None:
    ready = sorted(queue(rows, size), key=lambda one: (one.since, one.ticket_id))
    if ready:
        kernel = compiled()
        assert put_together(ready, WINDOW, NOW, kernel) == put_together(ready, WINDOW, NOW, None)


@given(ROWS)
@settings(deadline=None)
def test_the_oldest_is_served_whenever_it_can_be(
    rows: list[tuple[float, float, int, str]],
) -> None:
    tickets = [
        replace(one, wish=replace(one.wish, size=2, teams=(), party=())) for one in queue(rows, 3)
    ]
    found = groups(tickets, WINDOW, NOW)
    seated = {one.ticket_id for group in found for one in group}
    for first in tickets:
        for other in tickets:
            if first is not other and {first.ticket_id, other.ticket_id}.isdisjoint(seated):
                assert not accept(first, other, WINDOW, NOW)


def test_nobody_starves_while_others_come_and_go() -> None:
    """Someone at the edge waits until its window reaches the crowd, and then not any longer."""
    lonely = ticket("lonely", 1290.0, 0.0, 3)
    lonely = replace(lonely, wish=replace(lonely.wish, size=2))
    for second in range(60):
        now = NOW + second
        crowd = [
            replace(ticket(f"{second}-{at}", 1000.0 + at, 0.0, 3), since=now) for at in range(9)
        ]
        crowd = [replace(one, wish=replace(one.wish, size=2)) for one in crowd]
        found = groups([lonely, *crowd], WINDOW, now)
        if any(lonely in group for group in found):
            pytest.fail("a newcomer was dragged into a window that is not its own")
        # One of the crowd of that age waits with it: nobody else was near when it came.
    mate = replace(ticket("mate", 1000.0, 0.0, 3), since=NOW + 25)
    mate = replace(mate, wish=replace(mate.wish, size=2))
    found = groups([lonely, mate], WINDOW, NOW + 60.0)
    assert [[one.ticket_id for one in group] for group in found] == [["lonely", "mate"]]


def test_two_tickets_of_a_person_never_meet() -> None:
    tickets = [
        ticket("a", 1000.0, 9.0, 3, person="ann"),
        ticket("b", 1000.0, 8.0, 3, person="ann"),
        ticket("c", 1020.0, 7.0, 3),
    ]
    pairs = [replace(one, wish=replace(one.wish, size=2)) for one in tickets]
    assert [[one.ticket_id for one in group] for group in groups(pairs, WINDOW, NOW)] == [
        ["a", "c"]
    ]


def test_a_party_that_fills_the_game_plays_at_once() -> None:
    whole = ticket("a", 1000.0, 0.0, 4, party=1)
    both = replace(whole, wish=replace(whole.wish, size=2, teams=(0, 0)))
    assert groups([both], WINDOW, NOW) == [[both]]
