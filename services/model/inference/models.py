"""Versions that are loaded: which there are, how they come and go, and in which process they are.

Files are known by their content, so versions with one file share one session. What is asked for
again soon stays; what was not used for longest goes when another needs its room (LRU). A version
that goes answers those who wait for it first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from mazemesh.errors import FailedPrecondition, MazemeshError, ResourceExhausted, Unavailable
from mazemesh.policy.heads import ACTION_DISTRIBUTION
from services._harness.broadcast import Broadcast
from services._harness.shielded import Shielded
from services.model.inference.batching import Queue
from services.model.inference.calls import RunFailed, RunnerEnded, RunTooLong
from services.model.inference.layout import Layout
from services.model.inference.memory import Memory
from services.model.inference.runner import frames
from services.model.registry.policy import Version

LOADS_AT_ONCE: Final = 2
_LEAST_BYTES: Final = 1024 * 1024
_MOST_BANNED: Final = 1024
_MOST_CRASHES: Final = 2


class Key(NamedTuple):
    """What makes two versions the same to whoever runs them."""

    sha256: str
    greedy: bool
    action_distribution: str


def key_of(version: Version) -> Key:
    """The key of a version."""
    drawn = version.metadata.get(ACTION_DISTRIBUTION, "")
    return Key(version.sha256, version.q_values, drawn)


class Runner(Protocol):
    """A process that runs files: see `runner.process.Process`."""

    @property
    def life(self) -> int:
        """Which of its lives this is; 0: it does not run, and nothing is loaded."""

    async def start(self) -> None:
        """Starts it, unless it runs."""

    async def load(self, parts: Sequence[bytes | memoryview]) -> memoryview:
        """Loads a file."""

    def run(self, parts: Sequence[bytes | memoryview]) -> asyncio.Future[memoryview]:
        """Runs a batch."""

    def unload(self, model: int) -> None:
        """Forgets a file."""


@dataclass(slots=True, eq=False)
class Model:
    """A file that is loaded.

    Attributes:
        key: Of the file.
        number: By which its process knows it.
        runner: The process.
        life: Of the process, in which it was loaded.
        layout: Its columns.
        queue: Who waits for it.
        running: Whether a batch of it is being run.
        timer: Runs the queue when nobody else came.
        is_leaving: Whether it takes no more calls.
        is_gone: Whether it is loaded no more.
        providers: Of onnxruntime, that its session has.
        reason: Why these.
    """

    key: Key
    number: int
    runner: Runner
    life: int
    layout: Layout
    queue: Queue
    running: bool = False
    timer: asyncio.Handle | None = None
    is_leaving: bool = False
    is_gone: bool = False
    providers: tuple[str, ...] = ()
    reason: str = ""

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for it."""
        return not self.running and not len(self.queue)


class Counts:
    """What happened to versions so far."""

    def __init__(self) -> None:
        self.loads = self.evictions = self.failed_loads = self.banned = 0


class Models:
    """All that are loaded.

    Args:
        runners: Processes; a version is loaded into the one that has the least.
        read: The file of a version, which has been compared with its hash.
        most_bytes: Of all that is loaded.
        new_queue: Makes the queue of one.
        ban_seconds: How long a file is not run that was stopped, or ended its process twice.
        clock: Seconds, rising.
    """

    def __init__(
        self,
        runners: Sequence[Runner],
        read: Callable[[Version], Awaitable[bytes]],
        *,
        most_bytes: int,
        new_queue: Callable[[], Queue],
        ban_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._runners, self._read = runners, read
        self._new_queue, self._clock = new_queue, clock
        self._ban_seconds = ban_seconds
        self.memory: Memory[Key] = Memory(most_bytes)
        self.counts = Counts()
        self._ready: dict[Key, Model] = {}
        self._leaving: dict[Key, Model] = {}
        self._loading: dict[Key, asyncio.Task[Model]] = {}
        self._banned: OrderedDict[Key, tuple[float, str]] = OrderedDict()
        self._crashes: OrderedDict[Key, int] = OrderedDict()
        self._work = Shielded()
        self._loads = asyncio.Semaphore(LOADS_AT_ONCE)
        self._room = asyncio.Lock()
        self._freed = Broadcast()
        self._last = 0

    def __len__(self) -> int:
        """How many take calls."""
        return len(self._ready)

    def get(self, key: Key) -> Model | None:
        """One that is ready to take a call, which is a use of it."""
        model = self._ready.get(key)
        if model is None:
            return None
        if model.runner.life != model.life:
            self.dropped(model)
            return None
        self.memory.use(key)
        return model

    async def load(self, version: Version) -> Model:
        """The version, loaded and run once. Many who ask at once have it loaded once.

        Raises:
            FailedPrecondition: its file is not run, see `Infer` in model.proto.
            ResourceExhausted: it does not fit into memory.
            Unavailable: the process that runs files does not start, or ended.
        """
        key = key_of(version)
        model = self.get(key)
        if model is not None:
            return model
        task = self._loading.get(key)
        if task is None:
            self._check_ban(key, version)
            task = self._loading[key] = self._work.begin(self._load(key, version))
            task.add_done_callback(lambda done: self._loaded(key, done))
        return await asyncio.shield(task)

    def _loaded(self, key: Key, task: asyncio.Task[Model]) -> None:
        self._loading.pop(key, None)
        if not task.cancelled() and task.exception() is not None:
            self.counts.failed_loads += 1

    async def _load(self, key: Key, version: Version) -> Model:
        async with self._loads:
            file = await self._read(version)
            estimate = max(3 * len(file), _LEAST_BYTES)
            if estimate > self.memory.most_bytes:
                raise ResourceExhausted(
                    f"{version.reference} needs about {estimate} bytes of memory; inference has "
                    f"{self.memory.most_bytes} (inference_memory_bytes)"
                )
            for attempt in (1, 2):
                try:
                    return await self._load_into(key, version, file, estimate)
                except RunnerEnded as error:
                    self.blame(key, error)
                    self._check_ban(key, version)
                    if attempt == 2:
                        raise Unavailable(str(error)) from error
            raise AssertionError("the second attempt returns or raises")

    async def _load_into(self, key: Key, version: Version, file: bytes, estimate: int) -> Model:
        await self._make_room(key, estimate)
        try:
            runner = min(self._runners, key=self._load_of)
            await runner.start()
            self._last += 1
            number = self._last
            load = frames.Load(number, key.greedy, key.action_distribution, memoryview(file))
            told = await runner.load(frames.load_parts(load))
            loaded = frames.read_loaded(told)
            model = Model(
                *(key, number, runner, runner.life, Layout.of(loaded.layout), self._new_queue()),
                providers=tuple(loaded.providers),
                reason=loaded.reason,
            )
        except RunFailed as error:
            self.memory.remove(key)
            raise FailedPrecondition(f"{version.reference} cannot be loaded: {error}") from error
        except RunTooLong as error:
            self.memory.remove(key)
            self.ban(key, str(error))
            raise FailedPrecondition(f"{version.reference} cannot be loaded: {error}") from error
        except BaseException:
            self.memory.remove(key)
            raise
        self.counts.loads += 1
        self.memory.put(key, loaded.size_bytes)
        self._ready[key] = model
        if not self.memory.fits(0):
            self._evict(key)
        self._freed.notify()
        return model

    def _load_of(self, runner: Runner) -> int:
        return sum(model.runner is runner for model in self._ready.values())

    async def _make_room(self, key: Key, size_bytes: int) -> None:
        """Waits until so much is free, and takes it."""
        async with self._room:
            while key in self._leaving or not self.memory.fits(size_bytes):
                ticket = self._freed.ticket()
                if not self._evict(key, size_bytes):
                    await ticket.wait()
            self.memory.put(key, size_bytes)

    def _evict(self, key: Key, size_bytes: int = 0) -> bool:
        """Sends away those that were not used for longest; whether one is gone already."""
        is_any_gone = False
        needed = size_bytes - sum(map(self.memory.size, self._leaving))
        for oldest in self.memory.oldest():
            if self.memory.fits(needed):
                break
            model = self._ready.get(oldest)
            if model is None or oldest == key:
                continue
            self.counts.evictions += 1
            del self._ready[oldest]
            model.is_leaving = True
            if model.is_idle:
                self.leave(model)
                is_any_gone = True
            else:
                self._leaving[oldest] = model
                needed -= self.memory.size(oldest)
        return is_any_gone

    def leave(self, model: Model) -> None:
        """One that takes no more calls, and for which nobody waits, is unloaded."""
        if not model.is_gone:
            if model.runner.life == model.life:
                model.runner.unload(model.number)
            self._forget(model)

    def dropped(self, model: Model) -> None:
        """Its process ended, so it is not loaded any more."""
        if not model.is_gone:
            model.is_leaving = True
            self._ready.pop(model.key, None)
            self._forget(model)

    def _forget(self, model: Model) -> None:
        model.is_gone = True
        self._leaving.pop(model.key, None)
        self.memory.remove(model.key)
        self._freed.notify()

    def blame(self, key: Key, error: RunnerEnded) -> None:
        """A process ended while it ran or loaded this: after the second time it is not run."""
        if not error.is_blamed:
            return
        count = self._crashes.pop(key, 0) + 1
        self._crashes[key] = count
        if len(self._crashes) > _MOST_BANNED:
            self._crashes.popitem(last=False)
        if count >= _MOST_CRASHES:
            self.ban(key, "it ended the process that ran it")

    def ban(self, key: Key, reason: str) -> None:
        """The file is not run for a while."""
        self.counts.banned += 1
        self._crashes.pop(key, None)
        self._banned[key] = self._clock() + self._ban_seconds, reason
        if len(self._banned) > _MOST_BANNED:
            self._banned.popitem(last=False)

    def _check_ban(self, key: Key, version: Version) -> None:
        until, reason = self._banned.get(key, (0.0, ""))
        left = until - self._clock()
        if left > 0:
            raise FailedPrecondition(
                f"{version.reference} is not run for another {left:.0f} s: {reason}",
                retry_after=left,
            )
        self._banned.pop(key, None)

    async def close(self) -> None:
        """Cancels what is being loaded."""
        await self._work.cancel()


def refused(version: Version, error: MazemeshError) -> FailedPrecondition:
    """A version could not be run on a call's rows."""
    return FailedPrecondition(f"{version.reference} cannot be run on these rows: {error}")
