import time
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.games import GameSettings
from services.matchmaker.lobby.grouping import groups
from services.matchmaker.lobby.tickets import (
    Ticket,
    TicketState,
    Window,
    Wish,
    accept,
    can_play,
    expired,
    wants_bot,
)

WINDOW = Window(start=100.0, step=50.0, step_seconds=5.0, ceiling=300.0)
NOW = 1000.0


def ticket(
    name: str,
    rating: float = 1000.0,
    waited: float = 0.0,
    *,
    size: int = 2,
    bot_after: float | None = None,
    gone_since: float | None = None,
) -> Ticket:
    wish = Wish(f"player/{name}", "race", "race", GameSettings(), size, False, 60.0, bot_after)
    return Ticket(name, f"request-{name}", wish, rating, NOW - waited, gone_since=gone_since)


TICKETS = st.lists(st.tuples(st.floats(0, 2000), st.floats(0, 60)), max_size=20).map(
    lambda rows: [ticket(str(index), rating, waited) for index, (rating, waited) in enumerate(rows)]
)


def names(found: list[list[Ticket]]) -> list[list[str]]:
    return [[one.ticket_id for one in group] for group in found]


def test_the_window_widens_in_steps_up_to_the_ceiling() -> None:
    assert [WINDOW.after(waited) for waited in (0, 4.9, 5, 12, 20, 1000)] == [
        100.0,
        100.0,
        150.0,
        200.0,
        300.0,
        300.0,
    ]
    assert WINDOW.next_change(12.0) == pytest.approx(3.0)
    assert WINDOW.next_change(20.0) is None


@given(TICKETS)
def test_accepting_is_symmetric(tickets: list[Ticket]) -> None:
    for first in tickets:
        for second in tickets:
            assert accept(first, second, WINDOW, NOW) == accept(second, first, WINDOW, NOW)


def test_a_newcomer_is_not_dragged_into_a_wide_window() -> None:
    old, new = ticket("old", 1000.0, waited=60.0), ticket("new", 1250.0)
    assert groups([old, new], WINDOW, NOW) == []
    both = [old, replace(new, since=NOW - 59)]
    assert names(groups(both, WINDOW, NOW)) == [["old", "new"]]


def test_the_oldest_chooses_first_and_takes_the_nearest() -> None:
    tickets = [
        ticket("young", 1010.0, waited=1),
        ticket("oldest", 1000.0, waited=9),
        ticket("near", 1005.0, waited=2),
        ticket("far", 1090.0, waited=5),
    ]
    assert names(groups(tickets, WINDOW, NOW)) == [["oldest", "near"], ["far", "young"]]


def test_of_two_equally_near_the_older_is_taken() -> None:
    tickets = [ticket("a", 1000.0, 9), ticket("b", 1050.0, 1), ticket("c", 950.0, 2)]
    assert names(groups(tickets, WINDOW, NOW)) == [["a", "c"]]


def test_the_oldest_alone_does_not_block_the_others() -> None:
    tickets = [ticket("lonely", 5000.0, 50), ticket("a", 1000.0), ticket("b", 1000.0)]
    assert names(groups(tickets, WINDOW, NOW)) == [["a", "b"]]


@given(TICKETS)
def test_pairs_are_within_both_windows_and_nobody_is_in_two(tickets: list[Ticket]) -> None:
    found = groups(tickets, WINDOW, NOW)
    together = [one.ticket_id for group in found for one in group]
    assert len(together) == len(set(together))
    for first, second in found:
        assert accept(first, second, WINDOW, NOW)
        assert first.since <= second.since
    alone = [one for one in tickets if one.ticket_id not in together]
    for index, first in enumerate(alone):
        for second in alone[index + 1 :]:
            assert not accept(first, second, WINDOW, NOW)


@given(TICKETS, st.randoms())
def test_the_order_of_the_store_does_not_matter(tickets: list[Ticket], rng: Random) -> None:
    shuffled = list(tickets)
    rng.shuffle(shuffled)
    assert names(groups(tickets, WINDOW, NOW)) == names(groups(shuffled, WINDOW, NOW))


def test_a_table_of_four_needs_four_who_all_accept_each_other() -> None:
    four = [ticket(str(index), 1000.0 + 30 * index, size=4) for index in range(4)]
    assert len(groups(four, WINDOW, NOW)[0]) == 4
    spread = [ticket(str(index), 1000.0 + 60 * index, size=4) for index in range(4)]
    assert groups(spread, WINDOW, NOW) == []


def test_who_does_not_listen_or_does_not_wait_is_passed_over() -> None:
    tickets = [ticket("a"), ticket("gone", gone_since=NOW - 1), ticket("b")]
    tickets.append(replace(ticket("c"), state=TicketState.MATCHING))
    assert names(groups(tickets, WINDOW, NOW)) == [["a", "b"]]


def test_expiry_by_time_and_by_a_broken_stream() -> None:
    assert not expired(ticket("a", waited=59.9), 10.0, NOW)
    assert expired(ticket("a", waited=60.0), 10.0, NOW)
    assert not expired(ticket("a", waited=20.0, gone_since=NOW - 9.9), 10.0, NOW)
    assert expired(ticket("a", waited=20.0, gone_since=NOW - 10.0), 10.0, NOW)
    matched = replace(ticket("a", waited=99.0), state=TicketState.MATCHED)
    assert not expired(matched, 10.0, NOW)


def test_a_bot_is_wanted_only_after_the_time_and_only_if_asked_for() -> None:
    assert not wants_bot(ticket("a", waited=50.0), NOW)
    assert not wants_bot(ticket("a", waited=4.0, bot_after=5.0), NOW)
    assert wants_bot(ticket("a", waited=5.0, bot_after=5.0), NOW)
    assert wants_bot(ticket("a", bot_after=0.0), NOW)
    assert not wants_bot(ticket("a", bot_after=0.0, gone_since=NOW), NOW)


def plain_groups(waiting: Sequence[Ticket], window: Window, now: float) -> list[list[Ticket]]:
    """`groups` as it is meant, whatever the time."""
    ready = sorted(
        (ticket for ticket in waiting if can_play(ticket)),
        key=lambda one: (one.since, one.ticket_id),
    )
    found = []
    while ready:
        group = _group_for(ready[0], ready[1:], window, now)
        if group is None:
            del ready[0]
            continue
        found.append(group)
        ready = [ticket for ticket in ready if ticket not in group]
    return found


def _group_for(
    oldest: Ticket, others: Sequence[Ticket], window: Window, now: float
) -> list[Ticket] | None:
    group = [oldest]
    # `others` is in order of age and sorting is stable: of two equally near the older comes first.
    for other in sorted(others, key=lambda one: abs(one.rating - oldest.rating)):
        if all(accept(member, other, window, now) for member in group):
            group.append(other)
        if len(group) == oldest.wish.size:
            return group
    return None


@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.integers(0, 8000).map(lambda quarters: quarters / 4.0),
                st.sampled_from([900.0, 1000.0, 1050.0, 1200.0]),
            ),
            st.sampled_from([0.0, 1.0, 6.0, 30.0]),
            st.booleans(),
        ),
        max_size=40,
    ),
    st.sampled_from([2, 3, 4]),
)
def test_groups_are_those_that_looking_at_everybody_would_find(
    rows: list[tuple[float, float, bool]], size: int
) -> None:
    tickets = [
        ticket(f"{index:02}", rating, waited, size=size, gone_since=NOW if gone else None)
        for index, (rating, waited, gone) in enumerate(rows)
    ]
    found = [sorted(group) for group in names(groups(tickets, WINDOW, NOW))]
    assert found == [sorted(group) for group in names(plain_groups(tickets, WINDOW, NOW))]


CROWDS = {
    "far apart": [(number * 301.0, 60.0) for number in range(10_000)],
    "just too far": [(number * 101.0, 0.0) for number in range(10_000)],
    "all of one rating": [(1000.0, 0.0) for _ in range(10_000)],
    "wide windows beside a crowd": [
        *((1000.0 + number, 60.0) for number in range(0, 300, 3)),
        *((1400.0 + number / 100.0, 0.0) for number in range(9_900)),
    ],
}


@pytest.mark.parametrize("size", [2, 8])
@pytest.mark.parametrize("crowd", CROWDS)
def test_ten_thousand_tickets_are_looked_at_in_a_moment(crowd: str, size: int) -> None:
    tickets = [
        ticket(f"{index:05}", rating, waited, size=size)
        for index, (rating, waited) in enumerate(CROWDS[crowd])
    ]
    began = time.thread_time()
    groups(tickets, WINDOW, NOW)
    assert time.thread_time() - began < 1.0  # some 0.05 s; each with each takes minutes
