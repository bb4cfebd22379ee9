"""Calls become batches, and batches answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from mazemesh.errors import DeadlineExceeded, ResourceExhausted, Unavailable
from services.model.drift.watching import Watching
from services.model.inference.batching import Waiting
from services.model.inference.calls import (
    NO_SESSIONS,
    Answer,
    Asked,
    Part,
    RunFailed,
    RunnerEnded,
    RunTooLong,
)
from services.model.inference.figures import Figures
from services.model.inference.layout import STATE, Given
from services.model.inference.models import Model, Models, refused
from services.model.inference.pointers import Pointers, name_in_use
from services.model.inference.runner import frames
from services.model.inference.sessions import Remembering, Taken
from services.model.registry.policy import Event, Version

_TRIES: Final = 3
_RETRY_AFTER: Final = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """What may wait.

    Attributes:
        calls: At once.
        size_bytes: Of their columns.
    """

    calls: int
    size_bytes: int


class Batch(NamedTuple):
    """A batch that was run: callers, rows, and seconds that its first rows waited and it ran."""

    calls: int
    rows: int
    waited: float
    ran: float


class Inference:
    """Answers calls.

    Args:
        models: What is loaded.
        pointers: What names stand for.
        sessions: What is remembered.
        limits: What may wait.
        clock: Seconds, rising.
        told: Called after each batch.
        watching: Looks at samples of calls.
    """

    def __init__(
        self,
        models: Models,
        pointers: Pointers,
        sessions: Remembering,
        limits: Limits,
        clock: Callable[[], float],
        told: Callable[[Batch], None],
        watching: Watching | None = None,
    ) -> None:
        self.watching = watching or Watching(_no_measure, 0.0, clock)
        self.models, self.pointers, self.sessions = models, pointers, sessions
        self._limits, self._clock, self._told = limits, clock, told
        self.figures = Figures()
        self.calls = self.size_bytes = 0
        """Calls that are being answered, and the bytes that they hold."""
        self.refused = self.expired = 0
        """Calls so far for which there was no room, and whose callers waited no more."""
        self.also_told: list[Callable[[Sequence[Event]], None]] = []
        """Who follows changes of the registry with it, in order."""

    async def infer(self, asked: Asked) -> Answer:
        """The answer to a call.

        Raises:
            MazemeshError: see `Infer` in model.proto.
        """
        asked.choosing.checked()
        if (
            self.calls >= self._limits.calls
            or self.size_bytes + asked.size_bytes > self._limits.size_bytes
        ):
            self.refused += 1
            raise ResourceExhausted(
                f"{self.calls} calls with {self.size_bytes} bytes wait for answers; at most "
                f"{self._limits.calls} and {self._limits.size_bytes}. Try again later",
                retry_after=_RETRY_AFTER,
            )
        self.calls += 1
        self.size_bytes += asked.size_bytes
        name = name_in_use(asked.policy, asked.variant) if asked.variant else asked.policy
        try:
            for _ in range(_TRIES):
                version, model = await self._served(name)
                try:
                    return await self._answer(version, model, asked)
                except RunnerEnded:
                    continue
            raise Unavailable("the process that runs files ended again and again; try later")
        finally:
            self.calls -= 1
            self.size_bytes -= asked.size_bytes

    async def ready(self, policy: str) -> tuple[Version, Model]:
        """The version that a name stands for, loaded."""
        return await self._served(policy)

    def take(self, events: Sequence[Event]) -> None:
        """Follows changes of the registry."""
        for told in self.also_told:
            told(events)
        self.pointers.take(events)

    async def _served(self, policy: str) -> tuple[Version, Model]:
        pointer = self.pointers.get(policy)
        if pointer is not None:
            model = self.models.get(pointer.key)
            if model is not None:
                return pointer.version, model
            return pointer.version, await self.models.load(pointer.version)
        version = await self.pointers.find(policy)
        return version, await self.models.load(version)

    async def _answer(self, version: Version, model: Model, asked: Asked) -> Answer:
        layout = model.layout
        wanted = layout.chosen(asked.outputs)
        if asked.sessions is NO_SESSIONS:
            columns = layout.arranged(asked.given, asked.rows)
            part = await self._run(version, model, asked, columns)
            return Answer(version, layout, wanted, part)
        taken = await self.sessions.take(
            version.name, asked.sessions, asked.rows, layout.state_bytes
        )
        try:
            given = [*asked.given, Given(STATE, "float32", taken.states)]
            part = await self._run(version, model, asked, layout.arranged(given, asked.rows))
        except BaseException:
            self.sessions.give_up(taken)
            raise
        return await self._remembered(version, model, asked, taken, part)

    async def _remembered(
        self, version: Version, model: Model, asked: Asked, taken: Taken, part: Part
    ) -> Answer:
        layout = model.layout
        answer = Answer(version, layout, layout.chosen(asked.outputs), part, taken.begun)
        # A caller that has gone by now may or may not have made this step, as with any call.
        await self.sessions.keep(taken, asked.sessions, answer.column(layout.next_state))
        return answer

    async def _run(
        self, version: Version, model: Model, asked: Asked, columns: list[bytes]
    ) -> Part:
        if model.is_gone:  # while its sessions were read
            raise RunnerEnded(is_blamed=False)
        now = self._clock()
        size = asked.rows * (model.layout.input_row_bytes + model.layout.output_row_bytes)
        done: asyncio.Future[Part] = asyncio.get_running_loop().create_future()
        one = Waiting(asked.rows, columns, asked.choosing, asked.deadline, now, size, done)
        model.queue.put(one)
        self._kick(model, now)
        try:
            part = await done
        except RunFailed as error:
            self.figures.of(version).failed += 1
            raise refused(version, error) from error
        except RunTooLong as error:
            self.figures.of(version).failed += 1
            raise refused(version, error) from error
        except (DeadlineExceeded, asyncio.CancelledError):
            self.expired += 1
            raise
        finally:
            done.cancel()
        self.figures.of(version).answered(part, now)
        if now >= self.watching.due:
            self.watching.take(version, model.layout, columns, part)
        return part

    def _kick(self, model: Model, now: float) -> None:
        """Has the queue run as soon as it should be."""
        if model.running:
            return
        pause = model.queue.pause(now)
        if pause is None:
            return
        loop = asyncio.get_running_loop()
        if pause <= 0:
            if model.timer is not None:
                model.timer.cancel()
            # After the calls that came with this one have put their rows.
            model.running = True
            loop.call_soon(self._flush, model)
        elif model.timer is None:
            model.timer = loop.call_later(pause, self._due, model)

    def _due(self, model: Model) -> None:
        model.timer = None
        if not model.running:
            model.running = True
            self._flush(model)

    def _flush(self, model: Model) -> None:
        model.timer = None
        now = self._clock()
        batch = model.queue.take(now)
        if not batch:
            model.running = False
            self._ended(model)
            return
        segments = [frames.Segment(one.rows, one.choosing) for one in batch]
        columns = (
            part
            for index in range(len(model.layout.inputs))
            for part in (one.columns[index] for one in batch)
        )
        running = model.runner.run([frames.run_head(model.number, segments), *columns])
        running.add_done_callback(lambda ran: self._ran(model, batch, now, ran))

    def _ran(
        self,
        model: Model,
        batch: list[Waiting],
        began: float,
        ran: asyncio.Future[memoryview],
    ) -> None:
        model.running = False
        rows = sum(one.rows for one in batch)
        try:
            content = ran.result()
            seconds, data = frames.read_ran(content, rows * model.layout.output_row_bytes)
        except RunFailed as error:
            if len(batch) > 1:
                model.queue.put_back(batch)
            else:
                _fail(batch, error)
        except RunTooLong as error:
            self.models.ban(model.key, f"it was stopped: {error}")
            _fail(batch, error)
        except RunnerEnded as error:
            self.models.blame(model.key, error)
            _fail(batch, error)
        except Exception as error:  # else all would wait without end
            _fail(batch, error)
        else:
            first = 0
            for one in batch:
                if not one.done.done():
                    one.done.set_result(
                        Part(data, rows, first, one.rows, began - one.came, seconds)
                    )
                first += one.rows
            self._told(Batch(len(batch), rows, began - batch[0].came, seconds))
        self._ended(model)

    def _ended(self, model: Model) -> None:
        """A batch is over: the next, or the end of a version that leaves."""
        if model.runner.life != model.life:
            model.queue.fail(RunnerEnded(is_blamed=False))
            self.models.dropped(model)
        elif model.is_leaving and model.is_idle:
            self.models.leave(model)
        else:
            self._kick(model, self._clock())

    async def close(self) -> None:
        """Ends what is under way."""
        await self.pointers.close()
        await self.models.close()


async def _no_measure(version: Version) -> None:
    return None


def _fail(batch: list[Waiting], error: Exception) -> None:
    for one in batch:
        if not one.done.done():
            one.done.set_exception(error)
