"""A process that runs files, without a process: each row's value is the length of its file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from mazemesh.names import LATEST
from services.model.inference.calls import RunFailed, RunnerEnded
from services.model.inference.layout import VALUE, Column, Layout
from services.model.inference.runner import frames
from services.model.registry.policy import Alias, Event, State, Version

LAYOUT = Layout((Column("observation", "uint8", (1,)),), (Column(VALUE, "float32"),), 0)
MEBIBYTE = 2**20


class FakeRunner:
    """A `Runner`; rows of 255 cannot be run, `hold` keeps batches, `fatal_runs` end it."""

    def __init__(self, size_bytes: int = MEBIBYTE) -> None:
        self.life = 0
        self.size_bytes = size_bytes
        self.loaded: dict[int, int] = {}
        self.batches: list[int] = []
        self.unloaded = 0
        self.failing_loads: list[Exception] = []
        self.hold: asyncio.Event | None = None
        self.fatal_runs = 0
        self._lives = 0
        self._tasks: set[asyncio.Task[memoryview]] = set()

    async def start(self) -> None:
        if not self.life:
            self._lives += 1
            self.life = self._lives

    async def load(self, parts: Sequence[bytes | memoryview]) -> memoryview:
        await asyncio.sleep(0)
        if self.failing_loads:
            error = self.failing_loads.pop(0)
            if isinstance(error, RunnerEnded):
                self.end()
            raise error
        load = frames.read_load(memoryview(b"".join(parts)))
        self.loaded[load.model] = len(load.file)
        return memoryview(frames.loaded(frames.Loaded(LAYOUT.told(), self.size_bytes)))

    def run(self, parts: Sequence[bytes | memoryview]) -> asyncio.Future[memoryview]:
        task = asyncio.create_task(self._run(memoryview(b"".join(parts)), self.life))
        self._tasks.add(task)
        return task

    async def _run(self, content: memoryview, life: int) -> memoryview:
        if self.hold is not None:
            await self.hold.wait()
        if self.fatal_runs:
            self.fatal_runs -= 1
            self.end()
        if self.life != life:
            raise RunnerEnded(is_blamed=True)
        run = frames.read_run(content)
        self.batches.append(len(run.columns))
        if 255 in bytes(run.columns):
            raise RunFailed("255 is too much")
        values = np.full(len(run.columns), self.loaded[run.model], np.float32)
        return memoryview(frames.ran_head(0.0) + values.tobytes())

    def unload(self, model: int) -> None:
        del self.loaded[model]
        self.unloaded += 1

    def end(self) -> None:
        """It dies."""
        self.life = 0
        self.loaded.clear()
        if self.hold is not None:
            self.hold.set()


def version(number: int = 1, name: str = "race", sha256: str = "") -> Version:
    return Version(
        name=name,
        number=number,
        state=State.READY,
        created=datetime(2026, 1, 1, tzinfo=UTC),
        revision=number,
        sha256=sha256 or f"{name}-{number}",
        size_bytes=number,
        metadata={},
    )


def moved(number: int, revision: int, alias: str = LATEST) -> Event:
    return Event(revision, Alias("race", alias, number, revision))


async def file_of(one: Version) -> bytes:
    """As many bytes as its number."""
    return bytes(one.number)
