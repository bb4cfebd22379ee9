"""A result log in memory, written by hand for tests; it can be held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from services.elo.log.match import LoggedMatch, Match
from services.elo.store import Status


class MemoryLog:
    """Keeps the promises of `ResultLog` but durability."""

    def __init__(self) -> None:
        self.entries: list[LoggedMatch] = []
        self.committed = asyncio.Event()
        self.released = asyncio.Event()
        self.released.set()

    async def append(self, matches: Sequence[Match]) -> list[Status]:
        statuses = [self._append(match) for match in matches]
        self.committed.set()
        await self.released.wait()
        return statuses

    async def read(self, after: int) -> AsyncIterator[Sequence[LoggedMatch]]:
        newer = [entry for entry in self.entries if entry.sequence > after]
        for start in range(0, len(newer), 3):
            await asyncio.sleep(0)
            yield newer[start : start + 3]

    def _append(self, match: Match) -> Status:
        for _, known in self.entries:
            if known.match_id == match.match_id:
                return Status.DUPLICATE if known == match else Status.CONFLICT
        self.entries.append(LoggedMatch(len(self.entries) + 1, match))
        return Status.RECORDED
