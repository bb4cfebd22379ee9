"""One batch into several tables: into all or none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TypeAlias

from mazemesh.episode_totals import EpisodeTotals
from mazemesh.errors import DeadlineExceeded
from services.replay.hosting.hosted_table import HostedTable
from services.replay.table.operations import Batch
from services.replay.table.table import Inserted

Targets: TypeAlias = Sequence[tuple[HostedTable, Batch]]


async def insert_into_all(
    targets: Targets, patience: float | None, episodes: EpisodeTotals | None = None
) -> list[Inserted]:
    """Inserts as soon as all limiters allow it at once, and returns when all logs have it.

    Waits in the line of the first table. Tables that have the batch already answer as duplicates.
    Each that takes it counts the `episodes` that came with it.

    Raises:
        DeadlineExceeded: not allowed within `patience` seconds; nothing was inserted.
        InvalidArgument, FailedPrecondition, AlreadyExists, ResourceExhausted, Unavailable: as
            `HostedTable.insert`; nothing was inserted.
        NotFound: one of the tables was deleted meanwhile; nothing was inserted.
    """
    (first, batch), others = targets[0], [hosted for hosted, _ in targets[1:]]
    for hosted, part in targets:
        if not hosted.table.has(part):
            await hosted.populate(part)
    with ExitStack() as following:
        for hosted in others:
            following.enter_context(hosted.followed_by(first.inserting))
        inserted = await first.inserting.enter(
            lambda: _try_insert(targets, episodes), patience, batch.held_bytes
        )
    if inserted is None:
        states = "; ".join(f"{h.table.spec.name}: {h.table.limiter.describe()}" for h, _ in targets)
        raise DeadlineExceeded(
            f"the tables could not take {batch.rows} rows in time; nothing was inserted: {states}"
        )
    for hosted, _ in targets:
        await hosted.log.committed()
    return inserted


def _try_insert(targets: Targets, episodes: EpisodeTotals | None) -> list[Inserted] | None:
    for hosted, batch in targets:
        hosted.check_open()
        if hosted.table.has(batch):
            continue
        hosted.check_log()
        if not hosted.table.admits(batch):
            return None
    # Nothing that was allowed above is refused here, with nothing awaited in between.
    inserted = [hosted.try_insert(batch, episodes) for hosted, batch in targets]
    return [each for each in inserted if each is not None]
