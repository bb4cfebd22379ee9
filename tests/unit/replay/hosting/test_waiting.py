import asyncio
import time

import numpy as np
import pytest

from mazemesh.errors import (
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from services.replay.hosting.hosted_table import HostedTable
from services.replay.hosting.shared_insert import insert_into_all
from services.replay.hosting.waiting import Room, WaitLine
from services.replay.table.operations import Batch
from services.replay.table.spec import LimiterSpec, TableSpec
from services.replay.table.table import Inserted, Table
from tests.replay_tables import ListLog, batch, indices_of, prioritized, queue


def host(definition: TableSpec) -> HostedTable:
    return HostedTable(Table(definition, np.random.default_rng(1)), ListLog())


async def standing(hosted: HostedTable, inserts: int = 0, samples: int = 0) -> None:
    """Returns when so many calls wait."""
    while (len(hosted.inserting), len(hosted.sampling)) != (inserts, samples):  # noqa: ASYNC110
        await asyncio.sleep(0)


async def test_every_mutation_wakes_who_it_helps():
    hosted = host(queue(4))
    sample = asyncio.create_task(hosted.sample(2, None))
    await standing(hosted, samples=1)
    await hosted.insert(batch([0]), None)
    await standing(hosted, samples=1)
    await hosted.insert(batch([1, 2, 3]), None)
    assert indices_of(await sample) == [0, 1]
    insert = asyncio.create_task(hosted.insert(batch([4, 5, 6]), None))
    await standing(hosted, inserts=1)
    await hosted.sample(1, None)
    assert not (await insert).duplicate
    # Rows that are too old leave, and that makes room as well.
    full = asyncio.create_task(hosted.insert(batch([7, 8], policy_versions=[5, 5]), None))
    await standing(hosted, inserts=1)
    newest = await hosted.sample(2, 1.0, min_policy_version=5)
    assert indices_of(newest) == [7, 8]
    await full


async def test_calls_are_served_in_the_order_of_their_arrival():
    hosted = host(queue(8))
    finished: list[int] = []

    async def take(number: int, count: int) -> None:
        sample = await hosted.sample(count, None)
        finished.append(number)
        served.extend(indices_of(sample))

    served: list[int] = []
    tasks = []
    for number, count in enumerate([3, 1, 2]):
        tasks.append(asyncio.create_task(take(number, count)))
        await standing(hosted, samples=number + 1)
    # Enough for the second and the third, but they came later.
    await hosted.insert(batch([0, 1]), None)
    assert finished == []
    await hosted.insert(batch([2, 3, 4, 5]), None)
    await asyncio.gather(*tasks)
    assert finished == [0, 1, 2]
    assert served == [0, 1, 2, 3, 4, 5]


async def test_who_comes_late_does_not_overtake():
    hosted = host(queue(4))
    await hosted.insert(batch([0, 1, 2]), None)
    first = asyncio.create_task(hosted.insert(batch([3, 4]), None))
    await standing(hosted, inserts=1)
    with pytest.raises(DeadlineExceeded):
        await hosted.insert(batch([9]), 0.0)
    await hosted.sample(1, None)
    await first
    assert hosted.table.size == 4


async def test_a_cancelled_call_changes_nothing_and_lets_the_next_one_through():
    hosted = host(queue(4))
    gone = asyncio.create_task(hosted.sample(2, None))
    await standing(hosted, samples=1)
    stays = asyncio.create_task(hosted.sample(1, None))
    await standing(hosted, samples=2)
    await hosted.insert(batch([0, 1]), None)
    # Cancelled after it was woken and before it could run.
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert indices_of(await stays) == [0]
    assert hosted.table.limiter.samples == 1
    assert len(hosted.sampling) == 0


async def test_a_timeout_uses_no_budget_and_tells_the_state():
    hosted = host(prioritized(limiter=LimiterSpec(2, 1.0, 0.0, 4.0)))
    await hosted.insert(batch([0]), None)
    with pytest.raises(DeadlineExceeded, match=r"size 1 \(sampling needs 2\), diff 1 in \[0, 4\]"):
        await hosted.sample(2, 0.01)
    assert hosted.table.limiter.samples == 0
    assert len(await asyncio.wait_for(_insert_then_sample(hosted), 5)) == 2
    await hosted.insert(batch([2, 3, 4, 5]), None)
    with pytest.raises(DeadlineExceeded, match="nothing was inserted: size 6"):
        await hosted.insert(batch([6, 7]), 0.01)
    assert hosted.table.size == 6
    assert hosted.inserting.waited_seconds >= 0.01
    assert hosted.sampling.waited_seconds >= 0.01
    assert (len(hosted.inserting), len(hosted.sampling)) == (0, 0)


async def _insert_then_sample(hosted: HostedTable) -> list[int]:
    await hosted.insert(batch([1]), None)
    return indices_of(await hosted.sample(2, None))


async def test_closing_ends_all_waiting_and_what_comes_later():
    hosted = host(queue(2))
    waiting = [asyncio.create_task(hosted.sample(1, None)) for _ in range(3)]
    await standing(hosted, samples=3)
    hosted.close(Unavailable("stopping"))
    for task in waiting:
        with pytest.raises(Unavailable, match="stopping"):
            await task
    with pytest.raises(Unavailable, match="stopping"):
        await hosted.insert(batch([0]), None)
    assert hosted.table.size == 0


async def test_a_duplicate_does_not_wait_in_line():
    hosted = host(queue(2))
    await hosted.insert(batch([0, 1], writer_id="w"), None)
    blocked = asyncio.create_task(hosted.insert(batch([2]), None))
    await standing(hosted, inserts=1)
    assert (await hosted.insert(batch([0, 1], writer_id="w"), None)).duplicate
    blocked.cancel()


async def test_a_batch_that_comes_twice_while_it_waits_is_inserted_once():
    hosted = host(queue(2))
    await hosted.insert(batch([0, 1]), None)
    twice = [
        asyncio.create_task(hosted.insert(batch([2, 3], writer_id="w"), None)) for _ in range(2)
    ]
    await standing(hosted, inserts=2)
    await hosted.sample(2, None)
    answers = await asyncio.gather(*twice)
    assert [answer.duplicate for answer in answers] == [False, True]
    np.testing.assert_array_equal(answers[0].keys, answers[1].keys)
    assert hosted.table.size == 2


async def test_an_error_of_the_attempt_goes_to_its_caller_alone():
    hosted = host(queue(2))
    await hosted.insert(batch([0, 1]), None)
    good = asyncio.create_task(hosted.insert(batch([2]), None))
    await standing(hosted, inserts=1)
    bad = asyncio.create_task(hosted.insert(batch([3, 4, 5]), None))
    last = asyncio.create_task(hosted.insert(batch([6]), None))
    await standing(hosted, inserts=3)
    await hosted.sample(2, None)
    await good
    with pytest.raises(InvalidArgument):
        await bad
    await last
    assert indices_of(await hosted.sample(2, None)) == [2, 6]


async def test_the_line_tells_who_has_waited_for_how_long():
    now = 100.0
    line = WaitLine(lambda: now, Room("here"))
    open_: list[int] = []
    task = asyncio.create_task(line.enter(lambda: open_ or None, None))
    while not len(line):  # noqa: ASYNC110
        await asyncio.sleep(0)
    now = 103.0
    assert line.oldest_since == 100.0
    assert line.waited_seconds == 3.0
    open_.append(1)
    line.wake()
    assert await task == [1]
    now = 200.0
    assert line.oldest_since is None
    assert line.waited_seconds == 3.0


async def test_a_thousand_waiting_calls_cost_little():
    hosted = host(queue(16))
    tasks = [asyncio.create_task(hosted.sample(1, None)) for _ in range(1000)]
    await standing(hosted, samples=1000)
    started = time.process_time()
    for start in range(0, 1000, 10):
        await hosted.insert(batch(range(start, start + 10)), None)
    served = [index for task in tasks for index in indices_of(await task)]
    assert served == list(range(1000))
    assert time.process_time() - started < 15.0


async def test_a_call_that_leaves_does_not_take_another_ones_wake_up_along():
    queue_, full = host(queue(4)), host(queue(2))
    await full.insert(batch([0, 1]), None)

    def insert(index: int, patience: float | None) -> asyncio.Task[list[Inserted]]:
        new = batch([index], writer_id=f"w{index}")
        targets = [(queue_, new), (full, new)]
        return asyncio.create_task(insert_into_all(targets, patience))

    gone, stays = insert(2, None), insert(3, None)
    await standing(queue_, inserts=2)
    gone.cancel()
    await asyncio.wait({gone})
    await standing(queue_, inserts=1)
    # Both waited in the line of the first table for the second, which now has room.
    await full.sample(1, None)
    assert len(await asyncio.wait_for(stays, 10)) == 2


async def test_a_table_that_has_the_batch_is_not_asked_whether_its_disk_is_full():
    first, second = host(queue(4)), host(queue(4))
    new = batch([1], writer_id="w")
    await second.insert(new, None)
    second.log.trouble = ResourceExhausted("the disk is full")
    inserted = await insert_into_all([(first, new), (second, new)], None)
    assert [each.duplicate for each in inserted] == [False, True]


async def test_an_insert_that_waits_for_a_table_that_is_deleted_inserts_nothing():
    first, second = host(queue(4)), host(queue(1))
    await second.insert(batch([0]), None)
    new = batch([1], writer_id="w")
    waiting = asyncio.create_task(insert_into_all([(first, new), (second, new)], None))
    await standing(first, inserts=1)
    second.close(NotFound("table 'second' was deleted"))
    with pytest.raises(NotFound, match="'second' was deleted"):
        await asyncio.wait_for(waiting, 10)
    assert first.table.size == 0
    with pytest.raises(NotFound, match="'second' was deleted"):
        await second.insert(batch([0]), None)


async def test_waiting_inserts_are_bounded_in_number_and_bytes():
    size = batch([0]).held_bytes
    room = Room("at all tables", most_calls=8, most_bytes=16 * size)
    full = HostedTable(Table(queue(1), np.random.default_rng(1)), ListLog(), room)
    await full.insert(batch([0]), None)
    waiting = [asyncio.create_task(full.insert(batch([i]), None)) for i in (1, 2)]
    await standing(full, inserts=2)
    with pytest.raises(
        ResourceExhausted, match=r"2 calls with \d+ bytes wait to insert into table"
    ):
        await full.insert(batch([3]), None)
    # Other tables have room, and what need not wait goes on.
    other = HostedTable(Table(queue(1), np.random.default_rng(1)), ListLog(), room)
    await other.insert(batch([0]), None)
    large = asyncio.create_task(other.insert(batch([0], writer_id="large" * 1000), None))
    await standing(other, inserts=1)
    with pytest.raises(ResourceExhausted, match="try again later"):
        await other.insert(Batch("w", 1, 1, [bytes(8), bytes(4 * size)]), None)
    assert indices_of(await full.sample(1, None)) == [0]
    await waiting[0]
    again = asyncio.create_task(full.insert(batch([3]), None))
    await standing(full, inserts=2)
    for task in (*waiting, large, again):
        task.cancel()
    await asyncio.wait({*waiting, large, again})
    assert (room.calls, room.bytes) == (0, 0)
