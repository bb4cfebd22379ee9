import asyncio
import time

import pytest
from limits.aio.storage import MemoryStorage
from limits.errors import StorageError

from mazemesh.errors import ResourceExhausted
from services._harness.access.pace.limiting import Limiter, Limits, Meter

LIMITS = Limits(calls=40, kib=100, streams=2, waiting=3)


def limiter(storage: MemoryStorage | None = None, limits: Limits = LIMITS) -> Limiter:
    return Limiter("key", limits, storage or MemoryStorage(), time.monotonic)


async def calls(of: Limiter, name: str, count: int) -> int:
    """How many were let in."""
    meter, let_in = of.meter(name), 0
    for _ in range(count):
        try:
            if not of.at_once(meter):
                await of.take(meter)
        except ResourceExhausted:
            continue
        let_in += 1
    return let_in


async def until_refused(of: Limiter, meter: Meter, size: int = 0) -> None:
    """Calls of so many bytes, more than any window has."""
    for _ in range(200):
        if not of.at_once(meter):
            await of.take(meter)
        meter.bytes += size


async def test_calls_beyond_the_window_are_refused_with_a_time() -> None:
    one = limiter()
    meter = one.meter("a")
    with pytest.raises(ResourceExhausted, match="more than 40 calls") as caught:
        await until_refused(one, meter)
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 1
    assert await calls(one, "b", 10) == 10


async def test_instances_share_a_window() -> None:
    storage = MemoryStorage()
    first, second = limiter(storage), limiter(storage)
    began = time.monotonic()
    let_in = sum(await asyncio.gather(calls(first, "a", 60), calls(second, "a", 60)))
    windows = int(time.monotonic() - began) + 2
    assert let_in <= 40 * windows + 4


async def test_bytes_count_too() -> None:
    one = limiter()
    meter = one.meter("a")
    await one.take(meter)
    meter.bytes += 99 << 10
    await one.take(meter)
    meter.bytes += 99 << 10
    with pytest.raises(ResourceExhausted):
        await until_refused(one, meter, 99 << 10)


async def test_streams_and_calls_under_way_are_bounded() -> None:
    one = limiter()
    meter = one.meter("a")
    for _ in range(2):
        one.enter(meter, stream=True)
    for _ in range(3):
        one.enter(meter, stream=False)
    with pytest.raises(ResourceExhausted, match="2 streams are open"):
        one.enter(meter, stream=True)
    with pytest.raises(ResourceExhausted, match="3 calls are under way"):
        one.enter(meter, stream=False)
    one.leave(meter, stream=True)
    one.enter(meter, stream=True)


class Away(MemoryStorage):
    """A storage whose server does not answer."""

    async def incr(self, *_: object, **__: object) -> int:
        raise StorageError(ConnectionError("away"))


async def test_without_the_shared_storage_an_instance_counts_for_itself() -> None:
    one = limiter(Away())
    assert await calls(one, "a", 20) == 20
    with pytest.raises(ResourceExhausted):
        await until_refused(one, one.meter("a"))


async def test_meters_of_who_is_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    from services._harness.access.pace import limiting

    monkeypatch.setattr(limiting, "_MOST_METERS", 100)
    one = limiter()
    kept = one.meter("0")
    one.enter(kept, stream=True)
    for number in range(1_000):
        one.meter(str(number))
    assert len(one._meters) <= 101
    assert one.meter("0") is kept
