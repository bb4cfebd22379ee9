"""Shadows: what is shown to them, and what is kept from them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mazemesh.errors import FailedPrecondition
from services.model.experiments.calls.routes import Route
from services.model.experiments.calls.shadow import MOST_CALLS, Shadow
from services.model.experiments.calls.tallies import Tallies
from services.model.experiments.experiment import Kind
from services.model.experiments.judging.figures import Figures
from services.model.inference.calls import Asked, Sessions
from services.model.inference.layout import MOST_ROWS
from tests.unit.model.experiments.calls.fake_inference import FakeInference, asked
from tests.unit.model.experiments.simulated import experiment

ROUTE = Route.of(experiment(Kind.SHADOW, weights=(1.0, 1.0)))


class HeardTallies(Tallies):
    """Tells when a call is counted."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    def count(self, *arguments: Any, **named: Any) -> None:
        super().count(*arguments, **named)
        self.heard.set()


class World:
    def __init__(self) -> None:
        self.first, self.inference = FakeInference(), FakeInference()
        self.tallies = HeardTallies()
        self.shadow = Shadow(self.inference, self.tallies, lambda: self.inference.now)

    @property
    def counted(self) -> Figures:
        return self.tallies.totals.get("try", {}).get(1, Figures())

    async def offer(self, call: Asked) -> None:
        call.policy = "race:37"
        self.shadow.offer(ROUTE, call, await self.first.infer(call))

    @asynccontextmanager
    async def runs(self) -> AsyncIterator[None]:
        running = asyncio.create_task(self.shadow.run())
        yield
        running.cancel()

    async def until(self, calls: int) -> None:
        async with asyncio.timeout(60):
            while self.counted.calls < calls:
                self.tallies.heard.clear()
                await self.tallies.heard.wait()


async def test_calls_are_run_together_and_compared() -> None:
    world = World()
    for first in range(10):
        await world.offer(asked(3, first=first))
    async with world.runs():
        await world.until(10)
    (batch,) = world.inference.calls
    assert (batch.policy, batch.rows, batch.choosing.temperature) == ("race:41", 30, 0.0)
    assert (world.counted.compared, world.counted.agreeing) == (30, 30)
    assert world.counted.errors == world.counted.dropped == 0


async def test_answers_that_differ_are_counted() -> None:
    world = World()
    route = Route.of(experiment(Kind.SHADOW, weights=(1.0, 1.0), versions=(37, 40)))
    call = asked(10, policy="race:37")
    world.shadow.offer(route, call, await world.first.infer(call))
    async with world.runs():
        await world.until(1)
    assert (world.counted.compared, world.counted.agreeing) == (10, 0)


async def test_what_it_cannot_run_shows_one_by_one() -> None:
    world = World()
    world.inference.failing["race:41"] = FailedPrecondition("it cannot be run")
    for _ in range(3):
        await world.offer(asked())
    async with world.runs():
        await world.until(3)
    assert (world.counted.calls, world.counted.errors) == (3, 3)
    assert len(world.inference.calls) == 4


async def test_what_it_cannot_keep_up_with_is_dropped() -> None:
    world = World()
    for _ in range(MOST_CALLS + 7):
        await world.offer(asked())
    assert world.counted.dropped == 7
    await world.offer(asked(sessions=Sessions("me", ("a",))))
    assert world.counted.dropped == 8


async def test_no_batch_is_larger_than_a_call_may_be() -> None:
    world = World()
    for _ in range(40):
        await world.offer(asked(200))
    async with world.runs():
        await world.until(40)
    assert [one.rows for one in world.inference.calls] == [4000, 4000]
    assert all(one.rows <= MOST_ROWS for one in world.inference.calls)
