"""What the ratings rest on: an append-only log of match results."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from enum import Enum, auto
from typing import Protocol

from services.elo.log.match import LoggedMatch, Match


class Status(Enum):
    """What became of a result that was appended."""

    RECORDED = auto()
    """New, and now durable."""

    DUPLICATE = auto()
    """The same payload stands under this match id already."""

    CONFLICT = auto()
    """Another payload stands under this match id; it stays."""


class ResultLog(Protocol):
    """Match results in the order in which they arrived; never changed, never deleted."""

    async def append(self, matches: Sequence[Match]) -> list[Status]:
        """Appends, all in one transaction; the statuses are in the order of `matches`.

        When it returns, what was recorded survives a crash. A match id may occur twice in one call:
        the second is a duplicate of the first or conflicts with it. Appends are ordered, whoever
        makes them: a result that is appended later has a higher sequence, and no lower one becomes
        visible after it.
        """
        ...

    def read(self, after: int) -> AsyncIterator[Sequence[LoggedMatch]]:
        """Everything after a sequence (0: all), oldest first, in pieces that fit in memory."""
        ...


class PageStore(Protocol):
    """Pages that instances share; it may lose any, and while it is away it holds none."""

    async def get(self, key: str) -> bytes | None:
        """A page; None where there is none."""
        ...

    async def put(self, key: str, page: bytes) -> None:
        """Keeps a page for a while, if it can."""
        ...
