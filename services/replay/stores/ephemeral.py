"""A journal that keeps nothing: tables live as long as the process."""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.replay.selectors import Reals
from services.replay.storage import Keys
from services.replay.table import Batch
from services.replay.table_spec import TableSpec


class EphemeralJournal:
    """Acknowledged rows are lost with the process; clients make their tables again and go on."""

    async def table_created(self, spec: TableSpec) -> None:
        """Keeps nothing."""

    async def batch_appended(self, table: str, batch: Batch, keys: Keys) -> None:
        """Keeps nothing."""

    async def priorities_updated(self, table: str, keys: Keys, priorities: Reals) -> None:
        """Keeps nothing."""

    async def tables(self) -> AsyncIterator[TableSpec]:
        """Nothing."""
        nothing: tuple[TableSpec, ...] = ()
        for spec in nothing:
            yield spec

    async def batches(self, table: str) -> AsyncIterator[Batch]:
        """Nothing."""
        nothing: tuple[Batch, ...] = ()
        for batch in nothing:
            yield batch
