"""A table with the calls that wait for it and the journal that remembers what it acknowledged."""

from __future__ import annotations

import time

from mazemesh.errors import DeadlineExceeded, MazemeshError
from services.replay.selectors import Reals
from services.replay.storage import Keys
from services.replay.store import Journal
from services.replay.table import Batch, Inserted, Sample, Table, Updated
from services.replay.waiting import WaitLine


class HostedTable:
    """Lets calls wait until the table's limiter allows them. Belongs to one event loop.

    Every change of the table is made without awaiting anything, so calls never see it half done.
    """

    def __init__(self, table: Table, journal: Journal) -> None:
        self.table = table
        self.inserting = WaitLine(time.time)
        self.sampling = WaitLine(time.time)
        self._journal = journal

    async def insert(self, batch: Batch, patience: float | None) -> Inserted:
        """Inserts a batch as soon as the limiter allows it, and returns when the journal has it.

        Raises:
            DeadlineExceeded: not allowed within `patience` seconds; nothing was inserted.
            InvalidArgument, FailedPrecondition: see `Table.insert`.
            Unavailable: the service stops.
        """
        if self.table.writers.is_duplicate(batch.writer_id, batch.sequence):
            inserted = self.table.insert(batch)
        else:
            inserted = await self.inserting.enter(lambda: self.table.insert(batch), patience)
        if inserted is None:
            raise DeadlineExceeded(
                f"table {self.table.spec.name!r} could not take {batch.rows} rows in time; "
                f"nothing was inserted: {self.table.limiter.describe()}"
            )
        if not inserted.duplicate and inserted.keys is not None:
            self._wake()
            await self._journal.batch_appended(self.table.spec.name, batch, inserted.keys)
        return inserted

    async def sample(
        self, count: int, patience: float | None, min_policy_version: int = 0
    ) -> Sample:
        """Draws `count` rows as soon as the limiter allows it.

        Raises:
            DeadlineExceeded: not allowed within `patience` seconds; nothing was sampled.
            InvalidArgument: so many rows can never be drawn at once.
            Unavailable: the service stops.
        """

        def attempt() -> Sample | None:
            if min_policy_version > 0 and self.table.drop_older(min_policy_version):
                self.inserting.wake()
            return self.table.sample(count)

        sample = await self.sampling.enter(attempt, patience)
        if sample is None:
            raise DeadlineExceeded(
                f"table {self.table.spec.name!r} could not serve {count} rows in time; "
                f"no sampling budget was used: {self.table.limiter.describe()}"
            )
        self._wake()
        return sample

    async def update_priorities(self, keys: Keys, priorities: Reals) -> Updated:
        """Sets priorities by key; see `Table.update_priorities`."""
        updated = self.table.update_priorities(keys, priorities)
        if updated.updated:
            await self._journal.priorities_updated(self.table.spec.name, keys, priorities)
        return updated

    def close(self, error: MazemeshError) -> None:
        """Ends all waiting with `error`."""
        self.inserting.close(error)
        self.sampling.close(error)

    def _wake(self) -> None:
        self.inserting.wake()
        self.sampling.wake()
