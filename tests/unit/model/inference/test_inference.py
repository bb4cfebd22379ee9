"""Calls become batches, and batches answers, with a runner that is no process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from mazemesh.errors import FailedPrecondition, InvalidArgument, ResourceExhausted
from services.model.inference.batching import Queue
from services.model.inference.calls import Asked
from services.model.inference.inference import Batch, Inference, Limits
from services.model.inference.layout import Given
from services.model.inference.models import Models
from services.model.inference.pointers import Pointers
from services.model.inference.sessions import Remembering
from services.model.registry.policy import Version
from services.model.stores.memory_sessions import MemorySessions
from tests.unit.model.inference.fake_runner import MEBIBYTE, FakeRunner, file_of, moved, version


class World:
    def __init__(self) -> None:
        self.runner = FakeRunner()
        self.latest = 1
        self.told: list[Batch] = []
        clock = asyncio.get_running_loop().time
        models = Models(
            [self.runner],
            file_of,
            most_bytes=4 * MEBIBYTE,
            new_queue=lambda: Queue(256, 0.0),
            ban_seconds=300.0,
            clock=clock,
        )
        self.inference = Inference(
            models,
            Pointers(self.resolve, models.load, clock),
            Remembering(MemorySessions(10, 1000, 60.0, clock)),
            Limits(calls=8, size_bytes=1000),
            clock,
            self.told.append,
        )

    async def resolve(self, policy: str) -> Version:
        return version(self.latest)

    async def ask(self, row: int = 0, rows: int = 1, size_bytes: int = 1) -> tuple[int, float]:
        """The version that served, and the value of the first row."""
        given = [Given("observation", "uint8", bytes([row]) * rows)]
        answer = await self.inference.infer(Asked("race", rows, given, size_bytes=size_bytes))
        values = np.frombuffer(answer.column(0), np.float32)
        assert len(values) == rows
        return answer.version.number, float(values[0])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.inference.close()


async def test_those_who_ask_together_are_one_batch(world: World) -> None:
    assert await asyncio.gather(*(world.ask(rows=n) for n in (1, 2, 3))) == [(1, 1.0)] * 3
    assert world.runner.batches == [6]
    (batch,) = world.told
    assert (batch.calls, batch.rows) == (3, 6)
    ((name, number, served),) = world.inference.figures.all()
    assert (name, number, served.calls, served.rows, served.batches) == ("race", 1, 3, 6, 1)


async def test_one_callers_bad_rows_fail_it_alone(world: World) -> None:
    found = await asyncio.gather(*map(world.ask, (1, 255, 2)), return_exceptions=True)
    assert [found[0], found[2]] == [(1, 1.0)] * 2
    assert isinstance(found[1], FailedPrecondition)
    assert "race:1 cannot be run on these rows: 255 is too much" in str(found[1])


async def test_what_waits_has_bounds(world: World) -> None:
    await world.ask()
    world.runner.hold = asyncio.Event()
    calls = [asyncio.create_task(world.ask()) for _ in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(ResourceExhausted, match="8 calls") as told:
        await world.ask()
    assert told.value.retry_after
    world.runner.hold.set()
    assert await asyncio.gather(*calls) == [(1, 1.0)] * 8
    with pytest.raises(ResourceExhausted, match="at most 8 and 1000"):
        await world.ask(size_bytes=1001)
    assert (world.inference.calls, world.inference.size_bytes, world.inference.refused) == (0, 0, 2)


async def test_a_caller_who_goes_leaves_nothing(world: World) -> None:
    await world.ask()
    world.runner.hold = asyncio.Event()
    first = asyncio.create_task(world.ask())
    await asyncio.sleep(0.01)
    gone = asyncio.create_task(world.ask(rows=5))
    await asyncio.sleep(0)
    gone.cancel()
    world.runner.hold.set()
    assert await first == (1, 1.0)
    with pytest.raises(asyncio.CancelledError):
        await gone
    await world.ask()
    assert world.runner.batches == [1, 1, 1]
    assert (world.inference.calls, world.inference.expired) == (0, 1)


async def test_calls_are_made_again_when_the_process_ends(world: World) -> None:
    await world.ask()
    world.runner.hold = asyncio.Event()
    calls = [asyncio.create_task(world.ask()) for _ in range(4)]
    await asyncio.sleep(0.01)
    world.runner.end()
    assert await asyncio.gather(*calls) == [(1, 1.0)] * 4
    assert world.runner.life == 2


async def test_a_file_that_ends_each_process_is_refused(world: World) -> None:
    world.runner.fatal_runs = 2
    found = await asyncio.gather(*(world.ask() for _ in range(3)), return_exceptions=True)
    assert {str(one) for one in found} == {
        "race:1 is not run for another 300 s: it ended the process that ran it"
    }
    assert world.runner.life == 0
    world.latest = 2
    world.inference.take([moved(2, 12)])
    world.inference.pointers.forget_all()
    assert await world.ask() == (2, 2.0)


async def test_calls_go_on_while_a_name_moves(world: World) -> None:
    await world.ask()
    world.latest = 2
    world.inference.take([moved(2, 12)])
    served = [await world.ask() for _ in range(50)]
    assert served[0] == (1, 1.0)
    assert served[-1] == (2, 2.0)
    assert sorted(served) == served


async def test_what_is_no_call(world: World) -> None:
    with pytest.raises(InvalidArgument, match="has no 'observation'"):
        await world.inference.infer(Asked("race", 1, []))
    assert world.inference.calls == 0
