"""Who follows a job is told of each change of it, the latest first of all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from mazemesh.errors import NotFound
from mazemesh.names import shown
from services.gateway.jobs.nouns.job import Job
from services.gateway.jobs.store import JobStore


class _Follower:
    """The latest of one job for one who follows it."""

    def __init__(self) -> None:
        self.latest: Job | None = None
        self.news = asyncio.Event()

    def tell(self, job: Job) -> None:
        if self.latest is None or job.revision > self.latest.revision:
            self.latest = job
            self.news.set()


class Board:
    """Tells followers of jobs; what other gateways change, it looks up.

    Args:
        store: Has the jobs.
        look: Returns when others may have changed something.
    """

    def __init__(self, store: JobStore, look: Callable[[], Awaitable[object]]) -> None:
        self._store, self._wait = store, look
        self._followers: dict[str, set[_Follower]] = {}

    @property
    def followers(self) -> int:
        """How many there are."""
        return sum(map(len, self._followers.values()))

    def tell(self, job: Job) -> None:
        """A job has changed."""
        for one in self._followers.get(job.job_id, ()):
            one.tell(job)

    async def run(self) -> None:
        """Looks what others have changed, until it is cancelled."""
        while True:
            await self._wait()
            if self._followers:
                for job in await self._store.some(list(self._followers)):
                    self.tell(job)

    async def follow(self, job_id: str) -> AsyncGenerator[Job, None]:
        """The job as it is, and after each change, to its end; of several changes the latest.

        Raises:
            NotFound: there is none of this id.
        """
        follower = _Follower()
        self._followers.setdefault(job_id, set()).add(follower)
        try:
            found = await self._store.get(job_id)
            if found is None:
                raise NotFound(f"there is no job {shown(job_id)}")
            follower.tell(found)
            while True:
                await follower.news.wait()
                follower.news.clear()
                assert follower.latest is not None
                yield (told := follower.latest)
                if told.over:
                    return
        finally:
            self._followers[job_id].discard(follower)
            if not self._followers[job_id]:
                del self._followers[job_id]
