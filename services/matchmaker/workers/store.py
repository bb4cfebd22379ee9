"""What is remembered of workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.matchmaker.rating.leases import Match
from services.matchmaker.workers.events import Audit, Completed, WorkerEvent, WorkerStatus


class WorkerStore(Protocol):
    """Events of workers, and the matches that they completed, which leases tell."""

    async def last(self, worker: str) -> WorkerEvent | None:
        """A worker's last event; None without one."""

    async def known(self, worker: str) -> bool:
        """Whether a worker has an event, or a match that is remembered."""

    async def add(self, event: WorkerEvent) -> None:
        """Adds an event."""

    async def quarantine(self, event: WorkerEvent) -> tuple[WorkerEvent, list[Match]]:
        """Adds an event that puts a worker in quarantine, with all that follows from it.

        In one transaction: matches that it holds are queued again under the next fence, and results
        of those that it completed are void, but where a gate's verdict rests on them. Returns the
        event with their numbers, and the matches that were queued.
        """

    async def events(
        self, before: int, limit: int, worker: str = ""
    ) -> list[tuple[int, WorkerEvent]]:
        """Events with their numbers, the last first, below a number (0: from the newest)."""

    async def statuses(self) -> list[WorkerStatus]:
        """All workers with an event or a match that is remembered, by name."""

    async def running_gates(self, worker: str) -> list[str]:
        """Ids of gates that run and have a match that a worker completed."""

    async def completed(self, audit: Audit, before: float, limit: int) -> list[Completed]:
        """Completed matches in a state that ended before a time, the oldest first."""

    async def mark(self, found: Mapping[str, tuple[Audit, float]]) -> None:
        """Notes what was found of matches, and the scores."""

    async def sound(self) -> Sequence[Completed]:
        """Completed matches that are remembered and sound."""
