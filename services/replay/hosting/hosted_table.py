"""A table with the calls that wait for it and the log of what was done to it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterator

from mazemesh.episode_totals import NO_EPISODES, EpisodeTotals
from mazemesh.errors import DeadlineExceeded, MazemeshError, ResourceExhausted
from services._harness.shielded import Shielded, in_thread
from services.replay.hosting.waiting import Room, WaitLine
from services.replay.limits import LARGE_MESSAGE_BYTES, MOST_DROPPED_AT_ONCE, UPDATES_AT_ONCE
from services.replay.selectors.selector import Reals
from services.replay.store import Checkpoint, TableLog
from services.replay.table.operations import (
    Batch,
    DropOlder,
    Insert,
    Serve,
    SetLimiter,
    SetPriorities,
)
from services.replay.table.spec import LimiterSpec
from services.replay.table.storage import Keys
from services.replay.table.table import Inserted, Sample, Table, Updated


class HostedTable:
    """Lets calls wait until the table's limiter allows them. Belongs to one event loop.

    Every change of the table is made and handed to the log without awaiting anything in between, so
    calls never see it half done and the log has the changes in their order.
    """

    def __init__(self, table: Table, log: TableLog, room: Room | None = None) -> None:
        self.table = table
        self.log = log
        self.episodes = NO_EPISODES
        """That were told of with what was inserted since the table is hosted; not kept on disk."""
        room = room or Room("at all tables")
        name = table.spec.name
        self.inserting = WaitLine(time.time, room.part(f"to insert into table {name!r}"))
        self.sampling = WaitLine(time.time, room.part(f"to sample table {name!r}"))
        # Lines of other tables, with how many of their calls wait for this one, too.
        self._followers: Counter[WaitLine] = Counter()
        self._closed: MazemeshError | None = None
        self._imaging = asyncio.Lock()
        self._next_checkpoint: asyncio.Task[Checkpoint] | None = None
        self._checkpoints = Shielded()

    async def insert(
        self, batch: Batch, patience: float | None, episodes: EpisodeTotals | None = None
    ) -> Inserted:
        """Inserts a batch as soon as the limiter allows it, and returns when the log has it.

        `episodes` came with it: they are counted when it is inserted, not when it comes again.

        Raises:
            DeadlineExceeded: not allowed within `patience` seconds; nothing was inserted.
            InvalidArgument, FailedPrecondition, AlreadyExists: see `Table.insert`.
            ResourceExhausted: the log cannot take it now, or too many calls wait; the same batch
                may be sent again.
            Unavailable: the service stops.
            NotFound: the table was deleted meanwhile.
        """
        self.check_open()
        if self.table.has(batch):
            inserted = self.table.insert(batch)
        else:
            await self.populate(batch)
            inserted = await self.inserting.enter(
                lambda: self.try_insert(batch, episodes), patience, batch.held_bytes
            )
        if inserted is None:
            raise DeadlineExceeded(
                f"table {self.table.spec.name!r} could not take {batch.rows} rows in time; "
                f"nothing was inserted: {self.table.limiter.describe()}"
            )
        # A duplicate waits, too: the first one may still be on its way to the disk.
        await self.log.committed()
        return inserted

    async def populate(self, batch: Batch) -> None:
        """Makes ready the memory of a large batch, while others are served."""
        if self.table.fresh_bytes(batch.rows) > LARGE_MESSAGE_BYTES:
            await in_thread(None, self.table.populate, batch.rows)

    def try_insert(self, batch: Batch, episodes: EpisodeTotals | None = None) -> Inserted | None:
        """Inserts a batch and hands it to the log; None while the limiter forbids it."""
        if not self.table.has(batch):
            self.check_log()
        inserted = self.table.insert(batch)
        if inserted is not None and not inserted.duplicate and inserted.keys is not None:
            self.log.append(Insert(batch, int(inserted.keys[0])))
            if episodes is not None:
                self.episodes += episodes
            self.wake()
        return inserted

    def check_log(self) -> None:
        """Raises ResourceExhausted while the log can take no rows."""
        self.log.check()
        self.log.check_backlog()

    def check_open(self) -> None:
        """Raises what `close` was given."""
        if self._closed is not None:
            raise self._closed

    async def sample(
        self,
        count: int,
        patience: float | None,
        min_policy_version: int = 0,
        held_bytes: int = 0,
    ) -> Sample:
        """Draws `count` rows as soon as the limiter allows it.

        Rows that leave by being served are served when the log knows it, unless the disk is full.
        `held_bytes` is what the call keeps in memory while it waits.

        Raises:
            DeadlineExceeded: not allowed within `patience` seconds; nothing was sampled.
            InvalidArgument: so many rows can never be drawn at once.
            ResourceExhausted: too much waits for a disk that is full, or too many calls wait.
            Unavailable: the service stops.
        """
        sample = await self.sampling.enter(
            lambda: self._try_sample(count, min_policy_version), patience, held_bytes
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
        updated = await self.set_priorities(keys, priorities)
        await self.committed_if_possible()
        return updated

    async def set_priorities(self, keys: Keys, priorities: Reals) -> Updated:
        """Sets priorities by key; `committed_if_possible` is to be awaited before it is told.

        Many are set in parts, between which other calls are served.
        """
        self.table.check_priorities(priorities)
        done = self._set_some(keys[:UPDATES_AT_ONCE], priorities[:UPDATES_AT_ONCE])
        for start in range(UPDATES_AT_ONCE, len(keys), UPDATES_AT_ONCE):
            await asyncio.sleep(0)
            part = slice(start, start + UPDATES_AT_ONCE)
            more = self._set_some(keys[part], priorities[part])
            done = Updated(done.updated + more.updated, done.stale + more.stale)
        return done

    def _set_some(self, keys: Keys, priorities: Reals) -> Updated:
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

        Calls that come while a checkpoint is being written share the next one. It goes on when they
        are cancelled.

        Raises:
            ResourceExhausted: the disk is full.
            NotFound, Unavailable: the table was deleted, or the service stops.
        """
        self.check_open()
        task = self._next_checkpoint
        if task is None:
            task = self._next_checkpoint = self._checkpoints.begin(self._make_checkpoint())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                self.check_open()
            raise

    def wake(self) -> None:
        """Lets the first in line look again."""
        self.inserting.wake()
        self.sampling.wake()
        for line in self._followers:
            line.wake()

    @contextlib.contextmanager
    def followed_by(self, line: WaitLine) -> Iterator[None]:
        """Inside, what helps calls at this table wakes another table's line, too."""
        self._followers[line] += 1
        try:
            yield
        finally:
            self._followers[line] -= 1
            if not self._followers[line]:
                del self._followers[line]

    def close(self, error: MazemeshError) -> None:
        """Ends all waiting with `error`, also of calls that stand in other tables' lines."""
        self._closed = error
        self.inserting.close(error)
        self.sampling.close(error)
        self.wake()

    async def end(self, error: MazemeshError) -> None:
        """Closes the table; when it returns, no checkpoint of it is being written any more."""
        self.close(error)
        await self._checkpoints.cancel()

    async def _make_checkpoint(self) -> Checkpoint:
        async with self._imaging:
            self._next_checkpoint = None
            image, rows = self.table.image()
            try:
                return await self.log.checkpoint(image, rows)
            finally:
                self.table.end_image()

    def _try_sample(self, count: int, min_policy_version: int) -> Sample | None:
        self.log.check_backlog()
        if min_policy_version > 0:
            dropped = self.table.drop_older(min_policy_version, MOST_DROPPED_AT_ONCE)
            if dropped:
                self.log.append(DropOlder(min_policy_version, MOST_DROPPED_AT_ONCE))
                self.wake()
            if dropped == MOST_DROPPED_AT_ONCE:
                # There may be more. Others are served before the first in line looks again.
                asyncio.get_running_loop().call_soon(self.sampling.wake)
                return None
        sample = self.table.sample(count)
        if sample is not None:
            self.log.append(Serve(count))
        return sample
