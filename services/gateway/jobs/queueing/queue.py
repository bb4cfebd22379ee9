"""The queue as callers see it: take a job, tell of it, stop it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from mazemesh.errors import FailedPrecondition, InvalidArgument, NotFound, Unavailable
from mazemesh.names import POLICY, shown
from services.gateway.jobs.launcher import Launcher
from services.gateway.jobs.nouns.budget import NO_BUDGET, NO_TARGET, Budget, Target
from services.gateway.jobs.nouns.job import Job, State
from services.gateway.jobs.nouns.work import Training, Work
from services.gateway.jobs.queueing.choosing import Bounds
from services.gateway.jobs.store import JobStore

HIGHEST_PRIORITY = 9

Check = Callable[[Work], Awaitable[None]]
"""Raises InvalidArgument: the work cannot be done, and why."""

_TRIES = 8


class Queue:
    """Jobs that were asked for.

    Args:
        store: Keeps them.
        launcher: Runs them.
        bounds: How many there may be.
        clock: Seconds since 1970.
        new_id: Makes ids.
        changed: Is told of each change of a job.
        check: Refuses work that cannot be done; it may take a while.
    """

    def __init__(
        self,
        store: JobStore,
        launcher: Launcher,
        bounds: Bounds,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        changed: Callable[[Job], object],
        check: Check | None = None,
    ) -> None:
        self.bounds = bounds
        self._check = check
        self._store, self._launcher = store, launcher
        self._clock, self._new_id, self._changed = clock, new_id, changed

    async def submit(
        self,
        work: Work,
        owner: str = "",
        *,
        target: Target = NO_TARGET,
        budget: Budget = NO_BUDGET,
        priority: int = 5,
        request_id: str = "",
        title: str = "",
    ) -> Job:
        """Takes a job into the queue.

        Raises:
            InvalidArgument: a value that makes no sense.
            FailedPrecondition: a budget in dollars, where nobody has said what an hour costs.
            ResourceExhausted: the queue, or the owner's part of it, is full.
            Conflict: a job that has not ended trains a policy of the same name.
        """
        if not 0 <= priority <= HIGHEST_PRIORITY:
            raise InvalidArgument(f"priority: {priority} should be 0..{HIGHEST_PRIORITY}")
        POLICY.check("policy", work.policy)
        if budget.dollars and not self._launcher.dollars_an_hour:
            raise FailedPrecondition(
                f"budget.dollars: {budget.dollars:g}, but nobody has said what an hour of a job "
                "costs here; the operator does by --jobs-dollars-an-hour"
            )
        if not isinstance(work, Training) and (target != NO_TARGET or budget.steps):
            raise InvalidArgument(
                f"budget: {target.steps or budget.steps} steps, {target.episodes} episodes; a "
                "search is bounded by its trials, and by minutes and dollars"
            )
        known = await self._store.asked(owner, request_id) if request_id else None
        if known is not None:
            return known
        await self._store.check_room(owner, self.bounds)  # before anything costs something
        if self._check is not None:
            await self._check(work)
        job = Job(
            job_id=self._new_id(),
            owner=owner,
            work=work,
            target=target,
            budget=budget,
            priority=priority,
            request_id=request_id,
            title=title,
            reason="waits for its turn",
            created=self._clock(),
        )
        taken = await self._store.add(job, self.bounds)
        self._changed(taken)
        return taken

    async def find(self, job_id: str) -> Job | None:
        """The job; None where there is none of this id."""
        return await self._store.get(job_id)

    async def get(self, job_id: str) -> Job:
        """The job.

        Raises:
            NotFound: there is none of this id.
        """
        found = await self.find(job_id)
        if found is None:
            raise NotFound(f"there is no job {shown(job_id)}; `mazemesh jobs list` lists them")
        return found

    async def page(
        self, before: int, count: int, owner: str | None = None, states: Collection[State] = ()
    ) -> Sequence[Job]:
        """See `JobStore.page`."""
        return await self._store.page(before, count, owner, states)

    async def stop(self, job_id: str, by: str = "") -> Job:
        """Has a job end in order; one that waits ends at once, one that has ended stays so.

        Args:
            job_id: Which.
            by: Who wants it, for the reason.

        Raises:
            NotFound: there is none of this id.
            Unavailable: it changes too fast to be changed.
        """
        said = f"stopped by {by}" if by else "stopped"
        for _ in range(_TRIES):
            job = await self.get(job_id)
            if job.over or job.state is State.STOPPING:
                return job
            if job.state is State.QUEUED:
                values = {"state": State.CANCELLED, "reason": said, "ended": self._clock()}
            else:
                values = {"state": State.STOPPING, "reason": said}
            stopped = job.changed(**values)
            if await self._store.replace(stopped):
                self._changed(stopped)
                return stopped
        raise Unavailable(f"job {job_id} changes all the time; try again")

    async def log(self, job_id: str, lines: int) -> Sequence[str]:
        """The last lines of its log, oldest first.

        Raises:
            NotFound: there is none of this id.
        """
        job = await self.get(job_id)
        if job.place not in ("", self._launcher.place):
            return job.log
        return (await self._launcher.log(job, lines)) or job.log[-lines:]
