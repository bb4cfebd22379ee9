"""Fakes of what the queue rests on: jobs in memory, and a launcher that a test moves along."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from mazemesh.errors import Conflict, MazemeshError, ResourceExhausted
from services.gateway.jobs.launcher import Sighting
from services.gateway.jobs.nouns.job import LIVE, OPEN, Job, State
from services.gateway.jobs.queueing.choosing import Bounds
from services.gateway.jobs.store import Choose


class MemoryJobs:
    """A `JobStore`."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._number = 0

    async def add(self, job: Job, bounds: Bounds) -> Job:
        if job.request_id and (known := await self.asked(job.owner, job.request_id)) is not None:
            return known
        await self.check_room(job.owner, bounds)
        if any(one.work.policy == job.work.policy for one in await self.open()):
            raise Conflict(f"policy: {job.work.policy}")
        self._number += 1
        taken = self._jobs[job.job_id] = replace(job, number=self._number)
        return taken

    async def asked(self, owner: str, request_id: str) -> Job | None:
        wanted = owner, request_id
        found = (one for one in self._jobs.values() if (one.owner, one.request_id) == wanted)
        return next(found, None)

    async def check_room(self, owner: str, bounds: Bounds) -> None:
        waiting = [one for one in self._jobs.values() if one.state is State.QUEUED]
        own = sum(one.owner == owner for one in waiting)
        if own >= bounds.waiting_per_key or len(waiting) >= bounds.waiting:
            raise ResourceExhausted(f"{own} jobs of this key wait", reason="QUEUE_FULL")

    async def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    async def some(self, job_ids: Collection[str]) -> Sequence[Job]:
        return [self._jobs[one] for one in job_ids if one in self._jobs]

    async def page(
        self, before: int, count: int, owner: str | None, states: Collection[State]
    ) -> Sequence[Job]:
        found = [
            job
            for job in sorted(self._jobs.values(), key=lambda job: -job.number)
            if (not before or job.number < before)
            and (owner is None or job.owner == owner)
            and (not states or job.state in states)
        ]
        return found[:count]

    async def open(self) -> Sequence[Job]:
        return [job for job in self._jobs.values() if job.state in OPEN]

    async def claim(self, choose: Choose) -> Sequence[Job]:
        there = await self.open()
        waiting = [job for job in there if job.state is State.QUEUED]
        chosen = choose(waiting, [job for job in there if job.state in LIVE])
        return [job for job in chosen if await self.replace(job)]

    async def replace(self, job: Job) -> bool:
        if self._jobs[job.job_id].revision != job.revision - 1:
            return False
        self._jobs[job.job_id] = job
        return True

    async def forget(self, ended_before: float, keep: int) -> Sequence[str]:
        over = sorted((job for job in self._jobs.values() if job.over), key=lambda job: -job.number)
        old = [job.job_id for job in over[keep:] if job.ended < ended_before]
        for job_id in old:
            del self._jobs[job_id]
        return old


class ToldLauncher:
    """A `Launcher` that sees what a test tells it.

    Attributes:
        seen: Sightings by job.
        started, stopped, forgotten: What was asked for, in that order.
        refusal: What the next start raises.
    """

    place = "here"
    look_seconds = 0.01
    dollars_an_hour = 0.0

    def __init__(self) -> None:
        self.seen: dict[str, Sighting] = {}
        self.started: list[tuple[str, int]] = []
        self.stopped: list[str] = []
        self.forgotten: list[str] = []
        self.discarded: list[str] = []
        self.lines: tuple[str, ...] = ("one", "two")
        self.refusal: MazemeshError | None = None

    async def start(self, job: Job) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.started.append((job.job_id, job.attempt))
        self.seen.setdefault(job.job_id, Sighting(begun=False))

    async def look(self, jobs: Sequence[Job]) -> Mapping[str, Sighting]:
        return {job.job_id: self.seen[job.job_id] for job in jobs if job.job_id in self.seen}

    async def stop(self, job: Job) -> None:
        self.stopped.append(job.job_id)

    async def log(self, job: Job, lines: int) -> Sequence[str]:
        return self.lines[-lines:]

    async def forget(self, job: Job) -> None:
        self.forgotten.append(job.job_id)

    async def discard(self, job_ids: Collection[str]) -> None:
        self.discarded += job_ids
