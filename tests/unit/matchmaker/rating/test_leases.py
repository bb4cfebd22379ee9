"""Leases against a model of what may be true of them."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mazemesh.errors import FailedPrecondition, NotFound, Reason
from mazemesh.games import GameSettings
from services.matchmaker.rating.leases import (
    Match,
    State,
    Terms,
    completed,
    failed,
    withdrawn,
)
from services.matchmaker.store import RATING, LeaderStore, LeaseStore
from tests.unit.matchmaker.memory_stores import MemoryLeases

T = TypeVar("T")

LEASE = 120.0
ATTEMPTS = 3
TERMS = Terms(LEASE, ATTEMPTS)


def match(number: int, *, game: str = "race", now: float = 0.0) -> Match:
    pair = ("bot/random", "race:1")
    return Match(f"match-{number}", game, game, GameSettings(), pair, number, now)


class Book:
    """What a store does at each request, one after the other."""

    def __init__(
        self,
        store: LeaseStore | None = None,
        run: Callable[[Coroutine[Any, Any, T]], T] | None = None,
    ) -> None:
        self.store = store or MemoryLeases()
        self.run: Callable[[Coroutine[Any, Any, Any]], Any] = run or at_once
        self.abandoned: list[Match] = []

    def add(self, one: Match) -> Match:
        fence = self.run(self.leaders.hold(RATING, "me", 1e9))
        assert self.run(self.store.add([one], fence))
        return one

    @property
    def leaders(self) -> LeaderStore:
        assert isinstance(self.store, MemoryLeases)
        return self.store.leaders

    def issue(self, worker: str, limit: int, now: float, game: str = "") -> list[Match]:
        issued = self.run(self.store.issue(worker, limit, TERMS, now, game))
        self.abandoned += issued.abandoned
        return list(issued.leased)

    def complete(self, match_id: str, fence: int, worker: str, now: float) -> Match | None:
        return self._change(match_id, lambda one: completed(one, fence, worker, now))

    def fail(self, match_id: str, fence: int, worker: str, now: float) -> Match | None:
        return self._change(match_id, lambda one: failed(one, fence, worker, TERMS, now))

    def withdraw(self, match_id: str, fence: int) -> Match | None:
        return self._change(match_id, lambda one: withdrawn(one, fence))

    def get(self, match_id: str) -> Match:
        found: list[Match] = []

        def look(one: Match) -> None:
            found.append(one)

        self._change(match_id, look)
        return found[-1]

    def prune(self, before: float) -> None:
        self.run(self.store.prune(before))

    def live(self) -> list[str]:
        seen = self.run(self.store.look(1e18))
        return [one.match_id for one in seen]

    def _change(self, match_id: str, change: Callable[[Match], Match | None]) -> Match | None:
        changed: Match | None = self.run(self.store.change(match_id, change))
        return changed


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waits")


def book_of(count: int) -> Book:
    book = Book()
    for number in range(count):
        book.add(match(number, now=float(number)))
    return book


def test_the_oldest_is_issued_first_and_nothing_twice() -> None:
    book = book_of(3)
    assert [one.match_id for one in book.issue("a", 2, 10.0)] == ["match-0", "match-1"]
    assert [one.match_id for one in book.issue("b", 2, 10.0)] == ["match-2"]
    assert book.issue("c", 2, 10.0) == []


def test_an_expired_lease_comes_before_new_ones_under_a_higher_fence() -> None:
    book = book_of(3)
    book.issue("a", 3, 0.0)
    book.complete("match-0", 1, "a", 1.0)
    book.add(match(9, now=-5.0))
    again = book.issue("b", 3, LEASE)
    assert [(one.match_id, one.fence) for one in again] == [
        ("match-1", 2),
        ("match-2", 2),
        ("match-9", 1),
    ]


def test_an_expired_lease_comes_even_before_older_matches() -> None:
    book = book_of(1)
    book.add(match(1, game="solo", now=1.0))
    book.issue("a", 1, 1.0, "solo")
    again = book.issue("b", 2, 1.0 + LEASE)
    assert [one.match_id for one in again] == ["match-1", "match-0"]


def test_who_comes_too_late_is_refused() -> None:
    book = book_of(1)
    book.issue("slow", 1, 0.0)
    book.issue("quick", 1, LEASE + 1)
    with pytest.raises(FailedPrecondition, match=r"fence: 1 is not the present one.*2"):
        book.complete("match-0", 1, "slow", LEASE + 2)
    with pytest.raises(FailedPrecondition, match="fence: 1"):
        book.fail("match-0", 1, "slow", LEASE + 2)
    done = book.complete("match-0", 2, "quick", LEASE + 3)
    assert done is not None
    assert done.state is State.COMPLETED


def test_late_but_before_anybody_else_counts() -> None:
    book = book_of(1)
    book.issue("slow", 1, 0.0)
    assert book.complete("match-0", 1, "slow", 10 * LEASE) is not None


def test_completing_twice_changes_nothing() -> None:
    book = book_of(1)
    book.issue("a", 1, 0.0)
    assert book.complete("match-0", 1, "a", 1.0) is not None
    assert book.complete("match-0", 1, "a", 2.0) is None
    assert book.fail("match-0", 1, "a", 2.0) is None
    assert book.get("match-0").end_time == 1.0


def test_an_unknown_match_is_not_found() -> None:
    with pytest.raises(NotFound, match="'nowhere'"):
        book_of(0).complete("nowhere", 1, "a", 0.0)


def test_who_holds_no_lease_of_a_match_cannot_end_it() -> None:
    book = book_of(1)
    (given,) = book.issue("holder", 1, 0.0)
    for end in (book.complete, book.fail):
        with pytest.raises(FailedPrecondition, match="worker_id: 'stranger'") as caught:
            end("match-0", 1, "stranger", 1.0)
        assert caught.value.reason == Reason.LEASE_NOT_HELD
    assert book.get("match-0") == given
    assert book.complete("match-0", 1, "holder", 1.0) is not None


def test_a_queued_match_cannot_be_completed() -> None:
    book = book_of(1)
    with pytest.raises(FailedPrecondition, match="queued"):
        book.complete("match-0", 0, "", 0.0)


def test_after_so_many_failures_a_match_is_abandoned() -> None:
    book = book_of(1)
    for attempt in range(1, ATTEMPTS + 1):
        (given,) = book.issue("a", 1, 0.0)
        assert given.attempts == attempt
        changed = book.fail("match-0", given.fence, "a", 0.0)
    assert changed is not None
    assert changed.state is State.ABANDONED
    assert book.issue("a", 1, 0.0) == []
    with pytest.raises(FailedPrecondition, match="abandoned after 3 attempts"):
        book.complete("match-0", ATTEMPTS, "a", 0.0)


def test_after_so_many_lost_leases_a_match_is_abandoned() -> None:
    book = book_of(1)
    for attempt in range(ATTEMPTS):
        assert book.issue("a", 1, attempt * LEASE)
    assert book.abandoned == []
    assert book.issue("a", 1, ATTEMPTS * LEASE) == []
    assert [one.match_id for one in book.abandoned] == ["match-0"]


def test_a_withdrawn_lease_costs_no_attempt_but_a_fence() -> None:
    book = book_of(1)
    book.issue("a", 1, 0.0)
    back = book.withdraw("match-0", 1)
    assert back is not None
    assert (back.state, back.attempts) == (State.QUEUED, 0)
    (again,) = book.issue("a", 1, 0.0)
    assert (again.fence, again.attempts) == (2, 1)
    assert book.withdraw("match-0", 1) is None


def test_a_worker_may_ask_for_one_game() -> None:
    book = book_of(1)
    book.add(match(7, game="solo"))
    assert [one.game for one in book.issue("a", 5, 0.0, "solo")] == ["solo"]


def test_ended_matches_are_forgotten_live_ones_never() -> None:
    book = book_of(3)
    book.issue("a", 2, 0.0)
    book.complete("match-0", 1, "a", 5.0)
    book.complete("match-1", 1, "a", 50.0)
    book.prune(10.0)
    with pytest.raises(NotFound):
        book.get("match-0")
    assert book.get("match-1").end_time == 50.0
    book.prune(1e9)
    with pytest.raises(NotFound):
        book.get("match-1")
    assert book.live() == ["match-2"]


class Leases(RuleBasedStateMachine):
    """Workers that come, go and come back late."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.book = self.make_book()
        self.rows: dict[str, Match] = {}  # what the store should hold
        self.handed_out: set[tuple[str, int]] = set()
        self.completed: set[str] = set()
        self.added = 0

    def make_book(self) -> Book:
        return Book()

    def note(self, changed: list[Match]) -> None:
        self.rows.update((one.match_id, one) for one in changed)

    @rule(count=st.integers(1, 4))
    def add(self, count: int) -> None:
        for _ in range(count):
            self.note([self.book.add(match(self.added, now=self.now))])
            self.added += 1

    @rule(limit=st.integers(1, 5))
    def issue(self, limit: int) -> None:
        self.book.abandoned.clear()
        held = {
            one.match_id
            for one in self.rows.values()
            if one.state is State.LEASED and one.expire_time > self.now
        }
        given = self.book.issue("worker", limit, self.now)
        self.note([*self.book.abandoned, *given])
        for one in given:
            assert one.match_id not in held
            assert one.match_id not in self.completed
            assert (one.match_id, one.fence) not in self.handed_out
            before = [fence for match_id, fence in self.handed_out if match_id == one.match_id]
            assert all(fence < one.fence for fence in before)
            self.handed_out.add((one.match_id, one.fence))

    @rule(seconds=st.sampled_from([1.0, LEASE / 2, LEASE, 2 * LEASE]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data(), failed=st.booleans(), worker=st.sampled_from(["worker", "stranger"]))
    def come_back(self, data: st.DataObject, *, failed: bool, worker: str) -> None:
        match_id, fence = data.draw(st.sampled_from(sorted(self.handed_out)))
        before = self.rows[match_id]
        end = self.book.fail if failed else self.book.complete
        try:
            changed = end(match_id, fence, worker, self.now)
        except FailedPrecondition:
            over = before.state in (State.ABANDONED, State.QUEUED)
            assert fence != before.fence or over or worker == "stranger"
            return
        assert fence == before.fence
        assert worker == "worker"
        if changed is not None:
            self.note([changed])
            if not failed:
                assert match_id not in self.completed
                self.completed.add(match_id)

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        match_id, fence = data.draw(st.sampled_from(sorted(self.handed_out)))
        before = self.rows[match_id]
        changed = self.book.withdraw(match_id, fence)
        assert (changed is None) == (before.fence != fence or before.state is not State.LEASED)
        if changed is not None:
            self.note([changed])

    @invariant()
    def nothing_is_lost(self) -> None:
        assert len(self.rows) == self.added
        for one in self.rows.values():
            assert self.book.get(one.match_id) == one
        states = {match_id: one.state for match_id, one in self.rows.items()}
        waiting = {one for one in states if states[one] in (State.QUEUED, State.LEASED)}
        assert set(self.book.live()) == waiting
        assert {one for one in states if states[one] is State.COMPLETED} == self.completed


TestLeases = Leases.TestCase
TestLeases.settings = hypothesis_settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_rows_of_ended_matches_say_when() -> None:
    book = book_of(1)
    (given,) = book.issue("a", 1, 3.0)
    done = book.complete("match-0", 1, "a", 7.0)
    assert done == replace(given, state=State.COMPLETED, end_time=7.0)
