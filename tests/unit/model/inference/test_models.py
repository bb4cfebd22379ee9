"""Versions that come and go."""

from __future__ import annotations

import asyncio

import pytest

from mazemesh.errors import FailedPrecondition, ResourceExhausted, Unavailable
from services.model.inference.batching import Queue
from services.model.inference.calls import RunFailed, RunnerEnded, RunTooLong
from services.model.inference.models import Models, key_of
from tests.unit.model.inference.fake_runner import MEBIBYTE, FakeRunner, file_of, version


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def runner() -> FakeRunner:
    return FakeRunner()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def models(runner: FakeRunner, clock: Clock) -> Models:
    return Models(
        [runner],
        file_of,
        most_bytes=3 * MEBIBYTE,
        new_queue=lambda: Queue(256, 0.0),
        ban_seconds=300.0,
        clock=clock,
    )


async def test_many_who_ask_at_once_have_it_loaded_once(models: Models, runner: FakeRunner) -> None:
    found = await asyncio.gather(*(models.load(version()) for _ in range(5)))
    assert len({id(one) for one in found}) == models.counts.loads == len(runner.loaded) == 1
    # The same file under another name.
    assert await models.load(version(name="other", sha256="race-1")) is found[0]


async def test_the_longest_unused_goes(models: Models, runner: FakeRunner) -> None:
    for number in (1, 2, 3):
        await models.load(version(number))
    assert models.get(key_of(version(1))) is not None
    await models.load(version(4))
    assert [models.get(key_of(version(n))) is not None for n in (1, 2, 3, 4)] == [
        True,
        False,
        True,
        True,
    ]
    assert (models.counts.evictions, runner.unloaded, models.memory.used_bytes) == (
        1,
        1,
        3 * MEBIBYTE,
    )


async def test_one_that_is_busy_answers_first(models: Models, runner: FakeRunner) -> None:
    for number in (1, 2, 3):
        (await models.load(version(number))).running = True
    oldest = models.get(key_of(version(1)))
    assert oldest is not None
    models.get(key_of(version(2)))
    models.get(key_of(version(3)))
    loading = asyncio.create_task(models.load(version(4)))
    for _ in range(20):
        await asyncio.sleep(0)
    assert oldest.is_leaving
    assert models.get(key_of(version(1))) is None
    assert len(models) == 2  # no more than it needs
    assert not loading.done()
    oldest.running = False
    models.leave(oldest)
    assert (await loading).key == key_of(version(4))
    assert len(runner.loaded) == 3


async def test_what_does_not_fit_at_all_is_refused(models: Models) -> None:
    with pytest.raises(ResourceExhausted, match="race:1100000 needs about 3300000"):
        await models.load(version(1_100_000))
    assert models.memory.used_bytes == 0
    assert models.counts.failed_loads == 1


async def test_what_cannot_be_loaded_takes_no_room(models: Models, runner: FakeRunner) -> None:
    runner.failing_loads = [RunFailed("no operator Foo")]
    with pytest.raises(FailedPrecondition, match="race:1 cannot be loaded: no operator Foo"):
        await models.load(version())
    assert models.memory.used_bytes == 0
    assert (await models.load(version())).key == key_of(version())


async def test_a_process_that_ends_once_is_started_again(
    models: Models, runner: FakeRunner
) -> None:
    before = await models.load(version(1))
    runner.failing_loads = [RunnerEnded(is_blamed=False)]
    await models.load(version(2))
    assert runner.life == 2
    assert models.get(key_of(version(1))) is None
    assert before.is_gone
    assert (await models.load(version(1))).life == 2


async def test_a_file_that_ends_processes_is_not_run_for_a_while(
    models: Models, runner: FakeRunner, clock: Clock
) -> None:
    runner.failing_loads = [RunnerEnded(is_blamed=True)] * 2
    with pytest.raises(FailedPrecondition, match="not run for another 300 s: it ended"):
        await models.load(version())
    clock.now = 299.0
    with pytest.raises(FailedPrecondition, match="another 1 s"):
        await models.load(version())
    await models.load(version(2))
    clock.now = 301.0
    await models.load(version())
    assert models.counts.banned == 1


async def test_processes_that_end_without_reason(models: Models, runner: FakeRunner) -> None:
    runner.failing_loads = [RunnerEnded(is_blamed=False)] * 2
    with pytest.raises(Unavailable):
        await models.load(version())
    runner.failing_loads = [RunTooLong("it took more than 60 s")]
    with pytest.raises(FailedPrecondition, match="took more than 60 s"):
        await models.load(version())
    assert models.memory.used_bytes == 0
