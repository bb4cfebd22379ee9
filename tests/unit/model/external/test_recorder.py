"""What waits for Replay, and who waits for a learner."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from mazemesh.collecting.step import Experience
from mazemesh.episode_totals import EpisodeTotals
from mazemesh.errors import InvalidArgument
from services.model.external.recorder import PATIENCE, Recorder


class Table:
    """Takes batches while it has room."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.episodes: list[EpisodeTotals | None] = []
        self.room = asyncio.Event()
        self.room.set()
        self.refusal: Exception | None = None

    async def write(self, experience: Experience) -> None:
        await self.room.wait()
        if self.refusal is not None:
            raise self.refusal
        self.batches.append(np.asarray(experience.columns["x"]).tolist())
        self.episodes.append(experience.episodes)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def rows(*values: int) -> Experience:
    return Experience({"x": np.array(values)}, None, np.ones(len(values), np.int64))


async def until(recorder: Recorder, written: int) -> None:
    async with asyncio.timeout(60):
        while recorder.rows < written:
            ticket = recorder.changed.ticket()
            if recorder.rows < written:
                await ticket.wait()
                await asyncio.sleep(0)


async def test_rows_go_in_order_as_large_batches_as_may_be() -> None:
    table = Table()
    table.room.clear()
    recorder = Recorder("pole", table.write, 3, Clock())
    running = asyncio.create_task(recorder.run())
    for one in (rows(1), rows(2, 3), rows(4, 5, 6, 7), rows(8)):
        recorder.put(one)
    table.room.set()
    await until(recorder, 8)
    assert table.batches == [[1, 2, 3], [4, 5, 6], [7, 8]]
    assert recorder.idle
    running.cancel()


async def test_episodes_go_with_their_rows_each_once() -> None:
    table = Table()
    table.room.clear()
    recorder = Recorder("pole", table.write, 3, Clock())
    running = asyncio.create_task(recorder.run())
    one, other = EpisodeTotals(1, 2.0, 3, 1), EpisodeTotals(2, -5.0, 7, 0)
    recorder.put(replace(rows(1), episodes=one))
    recorder.put(replace(rows(2, 3, 4, 5), episodes=other))
    recorder.put(rows(6, 7))
    table.room.set()
    await until(recorder, 7)
    assert table.batches == [[1, 2, 3], [4, 5, 6], [7]]
    assert table.episodes == [EpisodeTotals(3, -3.0, 10, 1), None, None]
    running.cancel()


async def test_agents_wait_while_what_was_played_does() -> None:
    table, clock = Table(), Clock()
    table.room.clear()
    recorder = Recorder("pole", table.write, 2, clock)
    running = asyncio.create_task(recorder.run())
    assert recorder.reason() == ""
    recorder.put(rows(1))
    await asyncio.sleep(0)
    assert recorder.reason() == ""
    clock.now = 1.0  # it takes long
    assert "1 rows wait for room" in recorder.reason()
    waiting = asyncio.create_task(recorder.ready())
    await asyncio.sleep(0)
    assert not waiting.done()
    table.room.set()
    await asyncio.wait_for(waiting, 60)
    assert recorder.reason() == ""
    running.cancel()


async def test_what_replay_says_is_the_reason() -> None:
    table, clock, said = Table(), Clock(), [""]
    table.room.clear()
    recorder = Recorder("pole", table.write, 2, clock, trouble=lambda: said[0])
    running = asyncio.create_task(recorder.run())
    recorder.put(rows(1))
    await asyncio.sleep(0)
    clock.now = 1.0
    said[0] = "failed to connect to 127.0.0.1:1"
    assert recorder.reason() == "1 rows of pole wait for Replay: failed to connect to 127.0.0.1:1"
    running.cancel()


async def test_nobody_waits_for_ever_and_what_is_dropped_is_counted() -> None:
    table, clock = Table(), Clock()
    table.room.clear()
    recorder = Recorder("pole", table.write, 2, clock)
    running = asyncio.create_task(recorder.run())
    for one in range(4):
        recorder.put(rows(one))
    await asyncio.sleep(0)
    assert recorder.reason()
    waiting = asyncio.create_task(recorder.ready())
    await asyncio.sleep(0)
    clock.now = PATIENCE + 1
    recorder.changed.notify()
    await asyncio.wait_for(waiting, 60)
    recorder.put(rows(9, 9, 9))
    assert (recorder.reason(), recorder.left_out) == ("", 3)
    table.room.set()
    await until(recorder, 4)
    recorder.put(rows(5))
    await until(recorder, 5)
    assert recorder.left_out == 3
    running.cancel()


async def test_no_more_batches_than_may_be_are_played_by_one_version() -> None:
    table = Table()
    recorder = Recorder("pole", table.write, 2, Clock(), batch_rows=2, batches_ahead=1)
    recorder.newest(1)
    running = asyncio.create_task(recorder.run())
    recorder.put(rows(1))
    await until(recorder, 1)
    assert recorder.reason() == ""
    recorder.put(rows(2))
    await until(recorder, 2)
    assert "has not learned" in recorder.reason()
    waiting = asyncio.create_task(recorder.ready())
    recorder.newest(2)
    await asyncio.wait_for(waiting, 60)
    assert recorder.reason() == ""
    running.cancel()


async def test_a_refusal_ends_it() -> None:
    table = Table()
    table.refusal = InvalidArgument("another signature")
    recorder = Recorder("pole", table.write, 2, Clock())
    recorder.put(rows(1))
    with pytest.raises(InvalidArgument):
        await recorder.run()
    recorder.put(rows(2))
    assert (recorder.error, recorder.left_out) == (table.refusal, 2)
