"""Names that are in use follow the registry."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from mazemesh.errors import NotFound, Unavailable
from services.model.inference.pointers import IDLE_SECONDS, Pointers
from services.model.registry.policy import Event, State, Version
from tests.unit.model.inference.fake_runner import moved, version


class World:
    """A registry, and what was loaded; `held` keeps loads until it is set."""

    def __init__(self) -> None:
        self.now = 0.0
        self.versions = {"race": version(1)}
        self.lookups = 0
        self.prepared: list[int] = []
        self.held: asyncio.Event | None = None
        self.failing = False
        self.pointers = Pointers(self.resolve, self.prepare, lambda: self.now)

    async def resolve(self, policy: str) -> Version:
        self.lookups += 1
        if policy not in self.versions:
            raise NotFound(policy)
        return self.versions[policy]

    async def prepare(self, one: Version) -> None:
        if self.held is not None:
            await self.held.wait()
        if self.failing:
            raise Unavailable("no process")
        self.prepared.append(one.number)

    def number(self, policy: str = "race") -> int:
        pointer = self.pointers.get(policy)
        return 0 if pointer is None else pointer.version.number

    def move(self, number: int) -> None:
        self.versions["race"] = version(number)
        self.pointers.take([moved(number, 10 + number)])


@pytest.fixture
def world() -> World:
    return World()


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_name_is_looked_up_once(world: World) -> None:
    assert world.number() == 0
    assert await world.pointers.find("race") == version(1)
    assert (world.number(), world.lookups) == (1, 1)
    with pytest.raises(NotFound):
        await world.pointers.find("nobody")


async def test_the_pointer_is_set_when_the_next_version_is_loaded(world: World) -> None:
    await world.pointers.find("race")
    world.held = asyncio.Event()
    world.move(2)
    await turns()
    assert world.number() == 1
    world.move(3)  # while 2 is being loaded
    await turns()
    world.held.set()
    await turns()
    assert (world.number(), world.prepared[-1], world.pointers.swaps >= 1) == (3, 3, True)


async def test_of_many_moves_the_last_counts(world: World) -> None:
    await world.pointers.find("race")
    for number in (2, 3, 2, 5, 4):
        world.move(number)
    await turns()
    assert world.number() == 4


async def test_what_moves_while_it_is_read_is_read_again(world: World) -> None:
    reading = asyncio.Event()

    async def slow(policy: str) -> Version:
        found = await world.resolve(policy)
        if not reading.is_set():
            reading.set()
            world.move(2)
        return found

    world.pointers = Pointers(slow, world.prepare, lambda: world.now)
    assert (await world.pointers.find("race")).number == 2
    assert world.number() == 2


async def test_a_name_that_nobody_asks_for_is_not_followed(world: World) -> None:
    await world.pointers.find("race")
    world.now = IDLE_SECONDS + 1
    world.move(2)
    await turns()
    assert world.prepared == []
    assert world.number() == 0


async def test_a_version_that_is_ready_no_more_answers_nobody(world: World) -> None:
    world.versions["race:1"] = version(1)
    await world.pointers.find("race:1")
    await world.pointers.find("race")
    world.pointers.take([Event(20, replace(version(1), state=State.RETIRED))])
    assert (world.number(), world.number("race:1")) == (0, 0)


async def test_what_cannot_be_loaded_is_left_to_the_next_call(world: World) -> None:
    await world.pointers.find("race")
    world.failing = True
    world.move(2)
    await turns()
    assert world.number() == 0
    assert (await world.pointers.find("race")).number == 2


async def test_missed_changes_are_looked_up(world: World) -> None:
    await world.pointers.find("race")
    world.pointers.forget_all()
    assert world.number() == 0
    await world.pointers.close()
