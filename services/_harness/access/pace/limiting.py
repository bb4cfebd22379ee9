"""How much each key, and each address, may ask for: calls, bytes, streams.

The windows are those of the library `limits`, in memory or in a Redis that all instances share.
They are taken in pieces: of a thousand calls a second, the windows are asked for fifty at a time,
so most calls cost less than a microsecond and no question to Redis.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from mazemesh.errors import ResourceExhausted
from services._harness.access.pace.turns import Line

_PIECES: Final = 20
"""Into which the calls of a second are cut."""

_PATIENCE: Final = 0.25
"""Seconds that a call over the limit waits, for a new window or to be refused: a caller that asks
again at once is slowed down by it, whatever it thinks of the time that it is told."""

_MOST_METERS: Final = 20_000
_ASK_SECONDS: Final = 0.5
_KIB: Final = 1024

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one key or address may take.

    Attributes:
        calls: A second.
        kib: Received, a second.
        streams: Open at once.
        waiting: Calls under way at once that are no streams.
    """

    calls: int
    kib: int
    streams: int
    waiting: int


class Meter:
    """What one key or address has taken."""

    __slots__ = ("bytes", "calls", "line", "lock", "name", "streams", "until", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.line = Line()
        self.lock = asyncio.Lock()
        self.calls = 0
        """That are left of the piece that was taken, good `until`."""
        self.until = 0.0
        self.bytes = 0
        """Received since the last piece."""
        self.streams = self.waiting = 0


class Limiter:
    """Takes from the windows of keys or of addresses, all under the same limits.

    Args:
        kind: What is limited, for messages and as the windows' prefix: `key` or `address`.
        limits: Of each.
        storage: Where the windows are.
        clock: Seconds that only go up.
    """

    def __init__(
        self, kind: str, limits: Limits, storage: Storage, clock: Callable[[], float]
    ) -> None:
        self._kind, self._limits, self._clock = kind, limits, clock
        self._shared = FixedWindowRateLimiter(storage)
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._strategy = self._shared
        self._calls = RateLimitItemPerSecond(max(_PIECES, limits.calls), namespace="mazemesh-calls")
        self._kib = RateLimitItemPerSecond(max(1, limits.kib), namespace="mazemesh-kib")
        self._piece = max(1, self._calls.amount // _PIECES)
        self._piece_bytes = max(1, limits.kib // _PIECES) * _KIB
        self._meters: OrderedDict[str, Meter] = OrderedDict()

    def meter(self, name: str) -> Meter:
        """That of a key or address; those that were not seen for long are forgotten."""
        meter = self._meters.get(name)
        if meter is None:
            meter = self._meters[name] = Meter(name)
            if len(self._meters) > _MOST_METERS:
                self._forget()
        return meter

    def enter(self, meter: Meter, *, stream: bool) -> None:
        """Counts a call until it `leave`s.

        Raises:
            ResourceExhausted: too many are under way.
        """
        if stream:
            if meter.streams >= self._limits.streams:
                raise self._too_many(f"{meter.streams} streams are open", "close some", 1.0)
            meter.streams += 1
        else:
            if meter.waiting >= self._limits.waiting:
                raise self._too_many(f"{meter.waiting} calls are under way", "await some", 1.0)
            meter.waiting += 1

    def leave(self, meter: Meter, *, stream: bool) -> None:
        """A call that had entered has ended."""
        if stream:
            meter.streams -= 1
        else:
            meter.waiting -= 1

    def at_once(self, meter: Meter) -> bool:
        """Takes one call of the piece that is left; False when there is none, see `take`."""
        if meter.calls > 0 and meter.bytes < self._piece_bytes and self._clock() < meter.until:
            meter.calls -= 1
            return True
        return False

    async def take(self, meter: Meter) -> None:
        """Takes one call, out of a new piece where none is left.

        Raises:
            ResourceExhausted: the window is empty, and the next one further off than a moment.
        """
        until = self._clock() + _PATIENCE
        async with meter.lock:
            if self.at_once(meter):
                return
            while (left := await self._piece_of(meter)) > 0:
                patience = until - self._clock()
                if patience <= 0:
                    raise self._too_many(
                        f"more than {self._limits.calls} calls or {self._limits.kib} KiB came "
                        "within a second",
                        "ask less often",
                        left,
                    )
                await asyncio.sleep(min(left, patience))
            meter.calls = self._piece - 1
            meter.until = self._clock() + 1.0

    async def _piece_of(self, meter: Meter) -> float:
        """Takes a piece; seconds until the next window where that was not to be had, else 0."""
        name = f"{self._kind}:{meter.name}"
        kib, meter.bytes = divmod(meter.bytes, _KIB)
        for item, cost in ((self._kib, min(kib, self._kib.amount)), (self._calls, self._piece)):
            if cost and not await self._hit(item, name, cost):
                if item is self._kib:
                    meter.bytes += kib * _KIB
                return await self._left(item, name)
        return 0.0

    async def _hit(self, item: RateLimitItemPerSecond, name: str, cost: int) -> bool:
        if self._strategy is self._shared:
            try:
                return await asyncio.wait_for(self._shared.hit(item, name, cost=cost), _ASK_SECONDS)
            except (StorageError, OSError, TimeoutError) as error:
                _log.warning("limits are this instance's own for now", reason=str(error))
                self._strategy = self._own
                asyncio.get_running_loop().call_later(10.0, self._share_again)
        return await self._own.hit(item, name, cost=cost)

    def _share_again(self) -> None:
        self._strategy = self._shared

    async def _left(self, item: RateLimitItemPerSecond, name: str) -> float:
        try:
            stats = await self._strategy.get_window_stats(item, name)
        except (StorageError, OSError):
            return 1.0
        return min(1.0, max(0.005, stats.reset_time - time.time()))

    def _too_many(self, what: str, instead: str, later: float) -> ResourceExhausted:
        return ResourceExhausted(
            f"{what} with this {self._kind}, which is the most; {instead}",
            retry_after=round(later, 3),
        )

    def _forget(self) -> None:
        for name, meter in list(self._meters.items())[: _MOST_METERS // 10]:
            if not (meter.streams or meter.waiting or meter.line.waiting):
                del self._meters[name]


def storage_at(redis_url: str | None) -> Storage:
    """Windows in Redis where there is one, else in memory."""
    if not redis_url:
        return MemoryStorage()
    storage = storage_from_string(
        f"async+{redis_url}", implementation="redispy", wrap_exceptions=True
    )
    assert isinstance(storage, Storage)
    return storage
