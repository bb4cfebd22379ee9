"""Who is in a batch, and when it is run."""

from __future__ import annotations

import asyncio

import pytest

from mazemesh.errors import DeadlineExceeded
from services.model.inference.batching import MOST_BATCH_BYTES, Queue, Waiting
from services.model.inference.calls import USUAL


def waiting(
    rows: int = 1, came: float = 0.0, deadline: float = 1e9, size_bytes: int = 10
) -> Waiting:
    done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    return Waiting(rows, [b""], USUAL, deadline, came, size_bytes, done)  # type: ignore[arg-type]


async def test_a_lone_caller_never_waits() -> None:
    queue = Queue(256, budget=1.0)
    assert queue.pause(0.0) is None
    for now in (0.0, 5.0):
        queue.put(waiting(came=now))
        assert queue.pause(now) == 0.0
        assert len(queue.take(now)) == 1


async def test_half_of_those_who_called_lately_are_waited_for_within_the_budget() -> None:
    queue = Queue(256, budget=1.0)
    for _ in range(8):
        queue.put(waiting())
    assert len(queue.take(0.0)) == 8
    for count in range(1, 4):
        queue.put(waiting(came=10.0))
        assert queue.pause(10.25) == pytest.approx(0.75), count
    assert queue.pause(11.5) == 0.0
    queue.put(waiting(came=10.5))
    assert queue.pause(10.5) == 0.0


async def test_callers_who_stay_away_are_forgotten() -> None:
    queue = Queue(256, budget=1.0)
    for _ in range(64):
        queue.put(waiting())
    queue.take(0.0)
    for _ in range(20):
        queue.put(waiting())
        queue.take(0.0)
    queue.put(waiting())
    assert queue.pause(0.0) == 0.0


async def test_a_batch_has_so_many_rows_and_bytes_of_several_callers() -> None:
    queue = Queue(10, budget=0.0)
    for rows in (4, 4, 4, 4000, 1):
        queue.put(waiting(rows))
    assert [one.rows for one in queue.take(0.0)] == [4, 4]
    assert [one.rows for one in queue.take(0.0)] == [4]
    assert [one.rows for one in queue.take(0.0)] == [4000]
    queue.put(waiting(1, size_bytes=MOST_BATCH_BYTES))
    assert [one.rows for one in queue.take(0.0)] == [1]
    assert len(queue) == 1


async def test_rows_whose_caller_waits_no_more_are_not_run() -> None:
    queue = Queue(256, budget=0.0)
    late, gone, there = waiting(deadline=3.0), waiting(), waiting(deadline=9.0)
    for one in (late, gone, there):
        queue.put(one)
    gone.done.cancel()
    assert queue.take(5.0) == [there]
    with pytest.raises(DeadlineExceeded):
        late.done.result()
    assert queue.expired == 1
    assert queue.take(5.0) == []


async def test_those_that_failed_together_are_run_alone() -> None:
    queue = Queue(256, budget=0.0)
    batch = [waiting(1), waiting(2)]
    queue.put(waiting(3))
    queue.put_back(batch)
    assert [[one.rows for one in queue.take(0.0)] for _ in range(3)] == [[1], [2], [3]]


async def test_all_are_told_when_there_will_be_no_answer() -> None:
    queue = Queue(256, budget=0.0)
    alone, other = waiting(), waiting()
    queue.put_back([alone])
    queue.put(other)
    queue.fail(ValueError("over"))
    for one in (alone, other):
        with pytest.raises(ValueError, match="over"):
            one.done.result()
    assert len(queue) == 0
