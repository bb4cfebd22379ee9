"""What the queue rests on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from services.gateway.jobs.nouns.job import Job, State
from services.gateway.jobs.queueing.choosing import Bounds

Choose = Callable[[Sequence[Job], Sequence[Job]], Sequence[Job]]
"""Of jobs that wait and jobs that take a place: those to start, as they are to be stored."""


class JobStore(Protocol):
    """Jobs by id. Several gateways may share one store."""

    async def add(self, job: Job, bounds: Bounds) -> Job:
        """Takes a new job; that of its owner's `request_id`, where there is one.

        Raises:
            ResourceExhausted: the queue, or the owner's part of it, is full (reason QUEUE_FULL).
            Conflict: a job that has not ended trains a policy of the same name.
        """

    async def asked(self, owner: str, request_id: str) -> Job | None:
        """The job that an owner asked for by a request; None when there is none."""

    async def check_room(self, owner: str, bounds: Bounds) -> None:
        """Whether `add` would find room now.

        Raises:
            ResourceExhausted: as `add`.
        """

    async def get(self, job_id: str) -> Job | None:
        """The job; None when there is none."""

    async def some(self, job_ids: Collection[str]) -> Sequence[Job]:
        """Those of these jobs that there are."""

    async def page(
        self, before: int, count: int, owner: str | None, states: Collection[State]
    ) -> Sequence[Job]:
        """Jobs with a number below `before` (0: all), the last submitted first.

        Args:
            before: Number of the last job of the page before.
            count: At most so many.
            owner: Only those of this owner; None is everybody's.
            states: Only in these states; empty is all.
        """

    async def open(self) -> Sequence[Job]:
        """All jobs that have not ended, in the order of submission."""

    async def claim(self, choose: Choose) -> Sequence[Job]:
        """Stores what `choose` makes of the jobs that have not ended, and returns it.

        No other `claim` comes between its look and its writing.
        """

    async def replace(self, job: Job) -> bool:
        """Stores a changed job, unless somebody else changed it since it was read."""

    async def forget(self, ended_before: float, keep: int) -> Sequence[str]:
        """Deletes jobs that ended before a time, beyond the newest `keep`; their ids."""
