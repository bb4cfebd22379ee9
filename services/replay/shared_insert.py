"""One batch into several tables: into all or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from mazemesh.errors import DeadlineExceeded
from services.replay.hosted_table import HostedTable
from services.replay.operations import Batch
from services.replay.table import Inserted

Targets: TypeAlias = Sequence[tuple[HostedTable, Batch]]


async def insert_into_all(targets: Targets, patience: float | None) -> list[Inserted]:
    """Inserts as soon as all limiters allow it at once, and returns when all logs have it.

    Waits in the line of the first table. Tables that have the batch already answer as duplicates.

    Raises:
        DeadlineExceeded: not allowed within `patience` seconds; nothing was inserted.
        InvalidArgument, FailedPrecondition, ResourceExhausted, Unavailable: as
            `HostedTable.insert`; nothing was inserted.
    """
    first, others = targets[0][0], [hosted for hosted, _ in targets[1:]]
    for hosted in others:
        hosted.followers.add(first.inserting)
    try:
        inserted = await first.inserting.enter(lambda: _try_insert(targets), patience)
    finally:
        for hosted in others:
            hosted.followers.discard(first.inserting)
    if inserted is None:
        states = "; ".join(f"{h.table.spec.name}: {h.table.limiter.describe()}" for h, _ in targets)
        raise DeadlineExceeded(
            f"the tables could not take {targets[0][1].rows} rows in time; nothing was inserted: "
            f"{states}"
        )
    for hosted, _ in targets:
        await hosted.log.committed()
    return inserted


def _try_insert(targets: Targets) -> list[Inserted] | None:
    for hosted, batch in targets:
        if hosted.table.writers.is_duplicate(batch.writer_id, batch.sequence):
            continue
        hosted.log.check()
        hosted.log.check_backlog()
        if not hosted.table.admits(batch):
            return None
    inserted = [hosted.try_insert(batch) for hosted, batch in targets]
    return [each for each in inserted if each is not None]
