"""A table with the calls that wait for it and the log of what was done to it."""

from __future__ import annotations

import asyncio
import contextlib
import time

from mazemesh.errors import DeadlineExceeded, MazemeshError, ResourceExhausted
from services.replay.operations import Batch, DropOlder, Insert, Serve, SetLimiter, SetPriorities
from services.replay.selector import Reals
from services.replay.storage import Keys
from services.replay.store import Checkpoint, TableLog
from services.replay.table import Inserted, Sample, Table, Updated
from services.replay.table_spec import LimiterSpec
from services.replay.waiting import WaitLine


class HostedTable:
    """Lets calls wait until the table's limiter allows them. Belongs to one event loop.

    Every change of the table is made and handed to the log without awaiting anything in between, so
    calls never see it half done and the log has the changes in their order.
    """

    def __init__(self, table: Table, log: TableLog) -> None:
        self.table = table
        self.log = log
        self.inserting = WaitLine(time.time)
        self.sampling = WaitLine(time.time)
        self.followers: set[WaitLine] = set()
        """Lines of other tables whose calls wait for this one, too."""
        self._imaging = asyncio.Lock()

    async def insert(self, batch: Batch, patience: float | None) -> Inserted:
        """Inserts a batch as soon as the limiter allows it, and returns when the log has it.

        Raises:
            DeadlineExceeded: not allowed within `patience` seconds; nothing was inserted.
            InvalidArgument, FailedPrecondition: see `Table.insert`.
            ResourceExhausted: the log cannot take it now; the same batch may be sent again.
            Unavailable: the service stops.
        """
        if self.table.writers.is_duplicate(batch.writer_id, batch.sequence):
            inserted = self.table.insert(batch)
        else:
            inserted = await self.inserting.enter(lambda: self.try_insert(batch), patience)
        if inserted is None:
            raise DeadlineExceeded(
                f"table {self.table.spec.name!r} could not take {batch.rows} rows in time; "
                f"nothing was inserted: {self.table.limiter.describe()}"
            )
        # A duplicate waits, too: the first one may still be on its way to the disk.
        await self.log.committed()
        return inserted

    def try_insert(self, batch: Batch) -> Inserted | None:
        """Inserts a batch and hands it to the log; None while the limiter forbids it."""
        self.log.check()
        self.log.check_backlog()
        inserted = self.table.insert(batch)
        if inserted is not None and not inserted.duplicate and inserted.keys is not None:
            self.log.append(Insert(batch, int(inserted.keys[0])))
            self.wake()
        return inserted

    async def sample(
        self, count: int, patience: float | None, min_policy_version: int = 0
    ) -> Sample:
        """Draws `count` rows as soon as the limiter allows it.

        Rows that leave by being served are served when the log knows it, unless the disk is full.

        Raises:
            DeadlineExceeded: not allowed within `patience` seconds; nothing was sampled.
            InvalidArgument: so many rows can never be drawn at once.
            ResourceExhausted: too much waits for a disk that is full.
            Unavailable: the service stops.
        """
        sample = await self.sampling.enter(
            lambda: self._try_sample(count, min_policy_version), patience
        )
        if sample is None:
            raise DeadlineExceeded(
                f"table {self.table.spec.name!r} could not serve {count} rows in time; "
                f"no sampling budget was used: {self.table.limiter.describe()}"
            )
        self.wake()
        if self.table.spec.max_times_sampled:
            await self.committed_if_possible()
        return sample

    async def update_priorities(self, keys: Keys, priorities: Reals) -> Updated:
        """Sets priorities by key and returns when the log has them, unless the disk is full.

        Raises:
            InvalidArgument: see `Table.update_priorities`.
            ResourceExhausted: too much waits for a disk that is full.
        """
        updated = self.set_priorities(keys, priorities)
        await self.committed_if_possible()
        return updated

    def set_priorities(self, keys: Keys, priorities: Reals) -> Updated:
        """Sets priorities by key; `committed_if_possible` is to be awaited before it is told."""
        self.log.check_backlog()
        updated = self.table.update_priorities(keys, priorities)
        if updated.updated:
            self.log.append(SetPriorities(keys, priorities))
        return updated

    async def committed_if_possible(self) -> None:
        """Returns when the log has all that was done so far, or cannot have it now."""
        with contextlib.suppress(ResourceExhausted):
            await self.log.committed()

    async def set_limiter(self, limiter: LimiterSpec) -> LimiterSpec:
        """Changes the limiter's thresholds; returns those before."""
        before = self.table.spec.limiter
        self.log.check()
        self.table.set_limiter(limiter)
        self.log.append(SetLimiter(limiter))
        self.wake()
        await self.log.committed()
        return before

    async def checkpoint(self) -> Checkpoint:
        """Stores the table as it is now, while calls go on.

        Raises:
            ResourceExhausted: the disk is full.
        """
        async with self._imaging:
            image, rows = self.table.image()
            try:
                return await self.log.checkpoint(image, rows)
            finally:
                self.table.end_image()

    def wake(self) -> None:
        """Lets the first in line look again."""
        self.inserting.wake()
        self.sampling.wake()
        for line in self.followers:
            line.wake()

    def close(self, error: MazemeshError) -> None:
        """Ends all waiting with `error`."""
        self.inserting.close(error)
        self.sampling.close(error)

    def _try_sample(self, count: int, min_policy_version: int) -> Sample | None:
        self.log.check_backlog()
        if min_policy_version > 0 and self.table.drop_older(min_policy_version):
            self.log.append(DropOlder(min_policy_version))
            self.wake()
        sample = self.table.sample(count)
        if sample is not None:
            self.log.append(Serve(count))
        return sample
