"""A queue with a real launcher, which a test moves along look by look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from services.gateway.jobs.launcher import Launcher
from services.gateway.jobs.nouns.job import Job
from services.gateway.jobs.nouns.work import Training
from services.gateway.jobs.queueing.choosing import Bounds
from services.gateway.jobs.queueing.keeper import Keeper
from services.gateway.jobs.queueing.queue import Queue
from tests.servers.gateway.jobs.plans import SECONDS
from tests.unit.gateway.jobs.memory_jobs import MemoryJobs

PAUSE = 0.05


class Launching:
    """A gateway's queue and keeper; `again` is what a restarted gateway has."""

    def __init__(self, launcher: Launcher, store: MemoryJobs | None = None) -> None:
        self.store = store or MemoryJobs()
        about: tuple[Any, ...] = (self.store, launcher, Bounds(), time.time)
        self._made = 0
        self.queue = Queue(*about, self._id, lambda job: None)
        self.keeper = Keeper(*about, lambda job: None)

    def again(self, launcher: Launcher) -> Launching:
        return Launching(launcher, self.store)

    def _id(self) -> str:
        self._made += 1
        return f"abc{self._made}"

    async def submit(self, **values: Any) -> Job:
        work = Training("race", "ppo", "practice", **values.pop("work", {}))
        return await self.queue.submit(work, **values)

    async def until(self, job: Job, true: Callable[[Job], object]) -> Job:
        """Looks again and again until it is so."""
        async with asyncio.timeout(SECONDS):
            while True:
                await self.keeper.look()
                now = await self.queue.get(job.job_id)
                if true(now):
                    return now
                assert not now.over, (now.state, now.reason, now.log)
                await asyncio.sleep(PAUSE)
