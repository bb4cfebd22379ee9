"""What the tables rest on: a journal of everything that was acknowledged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from services.replay.selectors import Reals
from services.replay.storage import Keys
from services.replay.table import Batch
from services.replay.table_spec import TableSpec


class Journal(Protocol):
    """Remembers tables and their rows. A call is answered only after the journal's method returned.

    Methods may be awaited by many calls at once, so that one commit can serve a group of them.
    Evictions follow from the batches and are not told. Neither are rows that were served for the
    last time: after a reload a queue serves them again, so a queue is at least once over a crash.
    """

    async def table_created(self, spec: TableSpec) -> None:
        """A table was made; comes before its first batch."""

    async def batch_appended(self, table: str, batch: Batch, keys: Keys) -> None:
        """A batch was inserted under `keys` (uint64 [rows]); in the order of insertion.

        The arrays of `batch` are views that stay unchanged, but must not be kept after returning.
        """

    async def priorities_updated(self, table: str, keys: Keys, priorities: Reals) -> None:
        """Priorities (float64 [n]) were set by key (uint64 [n]); some rows may be gone."""

    def tables(self) -> AsyncIterator[TableSpec]:
        """Definitions that were made before this process, in the order of their making."""

    def batches(self, table: str) -> AsyncIterator[Batch]:
        """Batches appended before this process, oldest first, with the priorities set since."""
