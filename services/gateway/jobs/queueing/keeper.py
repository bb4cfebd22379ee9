"""Starts the jobs whose turn it is, looks how those that run are doing, and notes how they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog

from mazemesh.errors import FailedPrecondition, InvalidArgument, MazemeshError
from services.gateway.jobs.launcher import Launcher, Sighting
from services.gateway.jobs.nouns.job import KEPT_LINES, LIVE, Job, State
from services.gateway.jobs.queueing.choosing import Bounds, chosen
from services.gateway.jobs.store import JobStore

log = structlog.get_logger("services.gateway.jobs")

MOST_CRASHES: Final = 5
"""Attempts in a row that may go without a word; then the job has failed."""

SWEEP_SECONDS: Final = 3600.0
"""Between two looks for ended jobs that are to be forgotten."""

IDLE_SECONDS: Final = 5.0
"""Between two looks while there is no job, but for those that other gateways took."""

START_SECONDS: Final = 60.0
"""After which a start that somebody set out on is taken over: it has died over it."""


class Keeper:
    """Looks after the jobs of one place.

    Args:
        store: Keeps them; other gateways may use it too.
        launcher: Runs them.
        bounds: How many there may be at once.
        clock: Seconds since 1970.
        changed: Is told of each change of a job.
        counted: Is told of all jobs that have not ended, before and after each look.
        kept: How many ended jobs are kept however old, and for how many seconds all are.
    """

    def __init__(
        self,
        store: JobStore,
        launcher: Launcher,
        bounds: Bounds,
        clock: Callable[[], float],
        changed: Callable[[Job], object],
        counted: Callable[[list[Job]], object] = lambda jobs: None,
        kept: tuple[int, float] = (1000, 30 * 86_400.0),
    ) -> None:
        self._counted, self._kept, self._swept = counted, kept, clock()
        self._store, self._launcher, self._bounds = store, launcher, bounds
        self._clock, self._changed = clock, changed
        self._wake, self._busy = asyncio.Event(), True
        self._begun: dict[str, int] = {}  # attempts that were started here, by job

    def wake(self) -> None:
        """Has it look at once."""
        self._wake.set()

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            try:
                await self.look()
            except MazemeshError as error:  # the store, or what runs jobs, is away
                log.warning("jobs are looked at later", reason=str(error))
            seconds = self._launcher.look_seconds
            try:
                async with asyncio.timeout(seconds if self._busy else max(seconds, IDLE_SECONDS)):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()

    async def look(self) -> None:
        """Once: what runs first, since its end makes room for what waits."""
        there = await self._store.open()
        self._counted(list(there))  # as they are known, before what is new of them is told
        own = [job for job in there if job.state in LIVE and job.place == self._launcher.place]
        if own:
            seen = await self._launcher.look(own)
            for job in own:
                if job.job_id in seen:
                    await self._note(job, seen[job.job_id])
            there = await self._store.open()
        if any(job.state is State.QUEUED for job in there):
            for job in await self._store.claim(self._choose):
                self._changed(job)
                await self._start(job)
            there = await self._store.open()
        self._busy = bool(there)
        self._counted(list(there))
        await self._sweep()

    async def _sweep(self) -> None:
        """Now and then, what ended long ago is forgotten, with its logs."""
        now = self._clock()
        if now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        count, seconds = self._kept
        old = await self._store.forget(now - seconds, count)
        if old:
            await self._launcher.discard(old)

    def _choose(self, waiting: Sequence[Job], live: Sequence[Job]) -> list[Job]:
        return [self._claimed(job) for job in chosen(waiting, live, self._bounds)]

    def _claimed(self, job: Job, **values: Any) -> Job:
        """The job as somebody sets out to start it once more."""
        return job.changed(
            state=State.STARTING,
            reason="is being started",
            attempt=job.attempt + 1,
            place=self._launcher.place,
            claimed=self._clock(),
            **values,
        )

    async def _start(self, job: Job) -> None:
        try:
            await self._launcher.start(job)
        except (InvalidArgument, FailedPrecondition) as error:
            await self._end(job, State.FAILED, f"it cannot be started: {error}")
        except MazemeshError as error:
            log.warning("a job is started later", job=job.job_id, reason=str(error))
            again = {"state": State.QUEUED, "place": "", "attempt": job.attempt - 1}
            await self._change(job, **again, reason=f"could not be started: {error}")
        else:
            self._begun[job.job_id] = job.attempt
            log.info("job started", job=job.job_id, attempt=job.attempt, place=job.place)
            now = await self._store.get(job.job_id)
            if now is not None and now.over:  # it was ended while its processes were being made
                await self._launcher.stop(job)

    async def _note(self, job: Job, seen: Sighting) -> None:
        if seen.end is not None:
            await self._ended(job, seen)
        elif not seen.there:
            await self._gone(job, seen)
        else:
            await self._going(job, seen)

    async def _going(self, job: Job, seen: Sighting) -> None:
        values = _told(job, seen)
        if job.state is State.STARTING and seen.begun:
            began = job.started or self._clock()
            values |= {"state": State.RUNNING, "reason": "runs", "started": began}
        elif job.state is State.STARTING and seen.why and seen.why != job.reason:
            values["reason"] = seen.why
        if job.crashes and "progress" in values:
            values["crashes"] = 0
        if values:
            await self._change(job, **values)
        if job.state is State.STOPPING:
            await self._launcher.stop(job)

    async def _ended(self, job: Job, seen: Sighting) -> None:
        assert seen.end is not None
        told, end = _told(job, seen), seen.end
        if job.state is State.STOPPING and end.state in (State.QUEUED, State.CANCELLED):
            await self._end(job, State.CANCELLED, job.reason, **told)
        elif end.state is State.QUEUED:
            await self._launcher.forget(job)
            waits = {"state": State.QUEUED, "place": "", "crashes": 0}
            await self._change(job, **waits, **told, reason=end.reason)
        else:
            await self._end(job, end.state, end.reason, log=end.log[-KEPT_LINES:], **told)

    async def _gone(self, job: Job, seen: Sighting) -> None:
        if job.state is State.STOPPING:
            await self._end(job, State.CANCELLED, job.reason, **_told(job, seen))
            return
        if job.state is State.STARTING and self._underway(job):
            return
        if job.crashes + 1 >= MOST_CRASHES:
            last = tuple(await self._launcher.log(job, KEPT_LINES))
            why = f"its processes ended without a word {MOST_CRASHES} times in a row"
            said = f"{why}: {seen.why}" if seen.why else why
            await self._end(job, State.FAILED, said, log=last, **_told(job, seen))
            return
        log.warning("a job is started again", job=job.job_id, reason=seen.why)
        again = self._claimed(job, crashes=job.crashes + 1, **_told(job, seen))
        if await self._store.replace(again):
            self._changed(again)
            await self._start(again)

    def _underway(self, job: Job) -> bool:
        """Whether somebody, here or in another gateway, may be starting it just now."""
        if self._begun.get(job.job_id) == job.attempt:
            return False
        return self._clock() - job.claimed < START_SECONDS

    async def _end(self, job: Job, state: State, reason: str, **values: Any) -> None:
        ended = {"state": state, "reason": reason, "ended": self._clock()}
        if await self._change(job, **ended, **values):
            self._begun.pop(job.job_id, None)
            log.info("job ended", job=job.job_id, state=state.value, reason=reason)
            await self._launcher.forget(job)

    async def _change(self, job: Job, **values: Any) -> bool:
        changed = job.changed(**values)
        if not await self._store.replace(changed):
            return False  # somebody else was quicker; the next look sees what came of it
        self._changed(changed)
        return True


def _told(job: Job, seen: Sighting) -> dict[str, Any]:
    """What is new of progress and usage."""
    values: dict[str, Any] = {}
    if seen.progress is not None and seen.progress != job.progress:
        values["progress"] = seen.progress
    if seen.usage is not None and seen.usage != job.usage:
        values["usage"] = seen.usage
    return values
