"""Policies that learn from agents of simulators: found by what their newest version says."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final, Protocol

import numpy as np

from mazemesh.collecting.step import Experience
from mazemesh.errors import FailedPrecondition, MazemeshError, ResourceExhausted
from mazemesh.experience import most_write_rows
from services.model.external.recorder import Recorder
from services.model.external.trainee import Method, Trainee
from services.model.registry.policy import Version

MOST: Final = 64
"""Policies that learn at once."""

AGAIN_SECONDS: Final = 10.0
"""After which a table that has refused rows is tried again."""

_READ: Final = 256
_WRITE_ROWS: Final = 256
_WRITE_BYTES: Final = 16 * 1024 * 1024


class Writer(Protocol):
    """Writes into one table of Replay."""

    @property
    def trouble(self) -> str:
        """Why the write that waits was not taken so far; empty while it may wait for room."""
        ...

    async def write(self, experience: Experience) -> None:
        """Stores a batch, once, however long that takes.

        Raises:
            MazemeshError: it never will.
        """
        ...

    async def close(self) -> None:
        """Ends a write that waits."""
        ...


NewWriter = Callable[[Method, int], Awaitable[Writer]]
"""A writer of what a method collects of policies with so large a state."""


class Trainees:
    """Those there are.

    Args:
        read: What a version says of collecting; None where nobody can learn from simulators by it.
        new_writer: Opens a table.
        most_bytes: Of what all of them hold.
        clock: Seconds, rising.
        rng: Source of draws.
    """

    def __init__(
        self,
        read: Callable[[bytes], Method | None],
        new_writer: NewWriter,
        most_bytes: int,
        clock: Callable[[], float],
        rng: np.random.Generator,
    ) -> None:
        self._read, self._new_writer, self._clock, self._rng = read, new_writer, clock, rng
        self.most_bytes = most_bytes
        self._known: OrderedDict[bytes, Method | None] = OrderedDict()
        self._there: OrderedDict[str, Trainee] = OrderedDict()
        self._going: list[Trainee] = []
        self._making: dict[str, asyncio.Lock] = {}
        self._writers: dict[Trainee, tuple[Writer, asyncio.Task[None]]] = {}
        self._rows = self._left_out = 0
        self.agent_bytes = 0
        """Of what agents hold by themselves, noted by whoever has them."""

    @property
    def all(self) -> list[Trainee]:
        """Also those that have no newest version any more, while something is left to do."""
        return [*self._there.values(), *self._going]

    @property
    def rows(self) -> int:
        """That were written."""
        return self._rows + sum(one.recorder.rows for one in self.all)

    @property
    def left_out(self) -> int:
        """Rows that were dropped."""
        return self._left_out + sum(one.recorder.left_out for one in self.all)

    def left_out_of(self, names: Iterable[str]) -> int:
        """Rows that were dropped, of some policies that learn now."""
        there = (self._there.get(name) for name in names)
        return sum(one.recorder.left_out for one in there if one is not None)

    @property
    def room(self) -> int:
        """Bytes that are left."""
        return self.most_bytes - self.agent_bytes - sum(one.size_bytes for one in self.all)

    def note(self, name: str, version: int) -> None:
        """The newest version of a policy in use acts from now on."""
        there = self._there.get(name)
        if there is not None:
            there.recorder.newest(version)

    def method(self, version: Version) -> Method | None:
        """How a version collects; None where nobody can learn from simulators by it.

        Raises:
            InvalidArgument: what it says is wrong.
        """
        collection = version.collection
        if collection not in self._known:
            self._known[collection] = self._read(collection)
            if len(self._known) > _READ:
                self._known.popitem(last=False)
        return self._known[collection]

    async def of(self, version: Version, state_size: int) -> Trainee:
        """Who learns by a version that can be learned by.

        Raises:
            ResourceExhausted: there are too many.
            FailedPrecondition: its table has refused rows just now.
            MazemeshError: its table cannot be written to.
        """
        lock = self._making.setdefault(version.name, asyncio.Lock())
        async with lock:
            there = self._there.get(version.name)
            if there is not None:
                is_same = (there.collection, there.state_size) == (version.collection, state_size)
                if is_same and there.recorder.refused_since(self._clock() - AGAIN_SECONDS):
                    raise FailedPrecondition(
                        f"{version.name} learns nothing from agents of simulators: Replay has "
                        f"refused what was played: {there.recorder.error}"
                    )
                if is_same and there.recorder.error is None:
                    there.recorder.newest(version.number)
                    self._there.move_to_end(version.name)
                    if self._going:
                        await self._sweep()
                    return there
                self._going.append(self._there.pop(version.name))
            await self._sweep()
            made = await self._make(version, state_size)
            made.recorder.newest(version.number)
            self._there[version.name] = made
            return made

    async def _make(self, version: Version, state_size: int) -> Trainee:
        method = self.method(version)
        assert method is not None
        if len(self._there) >= MOST:
            idle = next((name for name, one in self._there.items() if not one.agents), None)
            if idle is None:
                raise ResourceExhausted(f"{MOST} policies learn from simulators; at most so many")
            self._going.append(self._there.pop(idle))
        writer = await self._new_writer(method, state_size)
        recorder = Recorder(
            version.name,
            writer.write,
            _most_rows(method, state_size),
            self._clock,
            batch_rows=method.batch_rows,
            batches_ahead=method.batches_ahead,
            trouble=lambda: writer.trouble,
        )
        made = Trainee(version.name, version.collection, method, state_size, recorder, self._rng)
        if made.size_bytes > self.room:
            await writer.close()
            raise ResourceExhausted(
                f"{version.name} would hold {made.size_bytes} bytes of experience, and there is "
                f"room for {max(0, self.room)}"
            )
        task = asyncio.create_task(_until_refused(recorder), name=f"experience of {version.name}")
        self._writers[made] = writer, task
        return made

    async def _sweep(self) -> None:
        """Ends those that have nothing left to do."""
        for one in list(self._going):
            is_written = one.recorder.idle or one.recorder.error is not None
            if not one.agents and one.is_idle and is_written:
                self._going.remove(one)
                await self._end(one)

    async def _end(self, one: Trainee) -> None:
        self._rows += one.recorder.rows
        self._left_out += one.recorder.left_out
        writer, task = self._writers.pop(one)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await writer.close()

    async def close(self, seconds: float) -> None:
        """Writes what waits, for so long at most, and ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for one in self.all:
                    await one.learned()
                    await _written(one.recorder)
        everyone = self.all
        self._there.clear()
        self._going.clear()
        for one in everyone:
            await self._end(one)


async def _written(recorder: Recorder) -> None:
    while not recorder.idle and recorder.error is None:
        ticket = recorder.changed.ticket()
        if not recorder.idle:
            await ticket.wait()


async def _until_refused(recorder: Recorder) -> None:
    with suppress(MazemeshError):  # which the recorder has noted, and its agents are told
        await recorder.run()


def _most_rows(method: Method, state_size: int) -> int:
    """Of a write, as an actor of the run would have it (`actor.selfplay.room.write_rows`)."""
    most = most_write_rows(method.batch_rows) or _WRITE_ROWS
    if method.write_rows:
        most = min(most, method.write_rows)
    row_bytes = method.collector(1, state_size).signature.row_bytes
    return max(1, min(most, _WRITE_BYTES // max(1, row_bytes)))
