"""What must survive a restart: which matches are finished, and results that Elo has not got yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FinishedMatch:
    """A match that is over; `result` is what Elo is to be told, None if it is not rated."""

    match_id: str
    finish_time: float
    result: bytes | None


@dataclass(frozen=True, slots=True)
class PendingResult:
    """A result that is still to be delivered."""

    match_id: str
    result: bytes


@dataclass(frozen=True, slots=True)
class OutboxSize:
    """Results that wait for delivery, and those that Elo refused."""

    pending: int
    dead: int


class ResultStore(Protocol):
    """Finished matches and the outbox of their results; every method is one transaction."""

    async def finish(self, matches: Sequence[FinishedMatch]) -> None:
        """Remembers that the matches are finished; results of rated ones go into the outbox.

        A match that is known to be finished is left as it is.
        """

    async def finished(self, match_ids: Collection[str]) -> set[str]:
        """Those of the ids whose matches are finished."""

    async def pending(self, limit: int) -> list[PendingResult]:
        """The results that have waited longest, at most `limit`."""

    async def delivered(self, match_ids: Collection[str]) -> None:
        """Takes results out of the outbox; ids that are not there are ignored."""

    async def bury(self, match_id: str, reason: str) -> None:
        """Keeps a result that Elo refused, but delivers it no more."""

    async def size(self) -> OutboxSize:
        """How many results are in the outbox."""
