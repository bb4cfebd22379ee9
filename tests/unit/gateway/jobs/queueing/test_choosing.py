"""Whose turn it is."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.jobs.nouns.job import Job, State
from services.gateway.jobs.nouns.work import Training
from services.gateway.jobs.queueing.choosing import Bounds, chosen


def job(number: int, owner: str = "ann", priority: int = 5) -> Job:
    work = Training("race", "ppo", f"p{number}")
    return Job(f"job-{number}", owner, work, priority=priority, number=number)


def numbers(waiting: list[Job], live: list[Job], **bounds: int) -> list[int]:
    return [one.number for one in chosen(waiting, live, Bounds(**bounds))]


def test_the_highest_priority_and_then_the_first() -> None:
    waiting = [job(1), job(2, priority=7), job(3, priority=7)]
    assert numbers(waiting, [], running=2) == [2, 3]


def test_who_has_less_comes_first() -> None:
    waiting = [job(1), job(2), job(3, "ben")]
    assert numbers(waiting, [job(9)], running=2) == [3]
    assert numbers(waiting, [], running=3, running_per_key=3) == [1, 3, 2]


def test_who_is_at_the_bound_holds_nobody_up() -> None:
    waiting = [job(1, priority=9), job(2, "ben", 1)]
    assert numbers(waiting, [job(8)], running=3, running_per_key=1) == [2]


jobs = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=12).map(
    lambda rows: [job(number, owner, rank) for number, (owner, rank) in enumerate(rows, 1)]
)


@given(jobs, jobs, st.integers(0, 6), st.integers(1, 4))
def test_bounds_hold_and_no_place_is_wasted(
    waiting: list[Job], live: list[Job], running: int, per_key: int
) -> None:
    live = [replace(one, state=State.RUNNING) for one in live]
    started = chosen(waiting, live, Bounds(running, per_key))
    assert len({one.job_id for one in started}) == len(started)
    count = {owner: sum(one.owner == owner for one in live) for owner in "abc"}
    assert len(started) <= max(0, running - len(live))
    for one in started:
        count[one.owner] += 1
        assert count[one.owner] <= per_key
    left = [one for one in waiting if one not in started and count[one.owner] < per_key]
    assert not left or len(live) + len(started) >= running
