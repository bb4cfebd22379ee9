"""ReplayService over gRPC: validate, convert, call the core, convert."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module

import numpy as np

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.compressed_columns import content_bytes
from mazemesh.wire.experience_batch import encode_sample
from mazemesh.wire.experience_record import RecordRequest, decode_record, unpack
from mazemesh.wire.tensors import Signature, to_bytes
from services._harness.calls.context import Context
from services._harness.pages.key_pages import key_page
from services._harness.shielded import in_thread
from services.replay.hosting.hosted_table import HostedTable
from services.replay.hosting.shared_insert import insert_into_all
from services.replay.hosting.tables import Tables
from services.replay.limits import (
    LARGE_MESSAGE_BYTES,
    MOST_DRAWN_BYTES,
    MOST_INSERTED_BYTES,
    MOST_MORE_TABLES,
    MOST_ROWS,
    MOST_ROWS_ONE_BY_ONE,
    ROW_MESSAGE_BYTES,
    UNPACKED_AT_ONCE_BYTES,
    UNPACKED_TOGETHER,
)
from services.replay.table.operations import Batch
from services.replay.table.spec import SelectorKind, TableSpec
from services.replay.table.table import Inserted, Updated
from services.replay.wire import convert
from services.replay.wire.describe import to_info
from services.replay.wire.forms import plain_rows


class ReplayServicer:
    """Answers calls from the tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._unpacking = asyncio.Semaphore(UNPACKED_TOGETHER)
        self._packing_loaded = False

    async def CreateTable(
        self, request: pb.CreateTableRequest, context: Context
    ) -> pb.CreateTableResponse:
        """Makes a table, once."""
        spec = convert.to_spec(request.table)
        created = await self._tables.create(spec)
        there = spec if created else self._tables[spec.name].table.original_spec
        return pb.CreateTableResponse(table=convert.from_spec(there), created=created)

    async def ListTables(
        self, request: pb.ListTablesRequest, context: Context
    ) -> pb.ListTablesResponse:
        """Tables with their state."""
        page, following = key_page(
            self._tables,
            lambda hosted: hosted.table.spec.name,
            request.page_size,
            request.page_token,
        )
        response = pb.ListTablesResponse(next_page_token=following)
        for hosted in page:
            response.tables.append(to_info(hosted))
            # A hundred tables with a thousand columns each take longer than others should wait.
            await asyncio.sleep(0)
        return response

    async def DeleteTable(
        self, request: pb.DeleteTableRequest, context: Context
    ) -> pb.DeleteTableResponse:
        """Deletes a table."""
        await self._tables.delete(request.table)
        return pb.DeleteTableResponse()

    async def UpdateRateLimiter(
        self, request: pb.UpdateRateLimiterRequest, context: Context
    ) -> pb.UpdateRateLimiterResponse:
        """Changes a limiter's thresholds."""
        limiter = convert.to_limiter(request.rate_limiter)
        before = await self._tables[request.table].set_limiter(limiter)
        return pb.UpdateRateLimiterResponse(previous=convert.from_limiter(before))

    async def Checkpoint(
        self, request: pb.CheckpointRequest, context: Context
    ) -> pb.CheckpointResponse:
        """Stores one table or all."""
        chosen = [self._tables[request.table]] if request.table else list(self._tables)
        response = pb.CheckpointResponse()
        for hosted in chosen:
            made = await hosted.checkpoint()
            response.checkpoints.add(
                table=hosted.table.spec.name, number=made.number, size_bytes=made.bytes
            )
        return response

    async def RecordExperience(
        self, message: bytes, context: Context
    ) -> pb.RecordExperienceResponse:
        """Inserts a batch, given as an encoded RecordExperienceRequest."""
        await _pause_after(len(message))
        request = decode_record(message)
        if request.columns_zstd:
            await self._unpack(request)
        hosted = self._tables[request.table]
        _check_rows(request)
        _check_episodes(request)
        signature = hosted.table.spec.signature
        if signature.packs and request.signature_hash != signature.packed_hash:
            await self._load_packing()
        batch = convert.to_batch(request, signature)
        await _pause_after(len(message))
        if request.more_tables:
            targets = [(hosted, batch), *self._more(request)]
            inserted, *more = await insert_into_all(
                targets, _patience(context, None), request.episodes
            )
        else:
            patience = _patience(context, None)
            inserted, more = await hosted.insert(batch, patience, request.episodes), []
        return pb.RecordExperienceResponse(
            keys=_keys(inserted),
            duplicate=inserted.duplicate,
            table_size=inserted.table_size,
            priority_mass=inserted.priority_mass,
            more_keys=[_keys(each) for each in more],
        )

    async def _load_packing(self) -> None:
        """Loads what packs and unpacks, the first time it is needed, while others are served."""
        if not self._packing_loaded:
            await in_thread(None, import_module, "mazemesh.packing.kernels")
            self._packing_loaded = True

    async def _unpack(self, request: RecordRequest) -> None:
        """Few large ones at a time: whoever waits holds what was sent, and not what is in it."""
        if content_bytes(request.columns_zstd, "columns_zstd") <= UNPACKED_AT_ONCE_BYTES:
            unpack(request)
            return
        async with self._unpacking:
            await in_thread(None, unpack, request)

    def _more(self, request: RecordRequest) -> list[tuple[HostedTable, Batch]]:
        names = [request.table, *(more.table for more in request.more_tables)]
        if len(names) > 1 + MOST_MORE_TABLES:
            raise InvalidArgument(
                f"more_tables has {len(names) - 1} entries; expected at most {MOST_MORE_TABLES}"
            )
        if len(set(names)) < len(names):
            raise InvalidArgument(f"more_tables with table names {names}; expected each table once")
        targets = []
        for more in request.more_tables:
            hosted = self._tables[more.table]
            signature = hosted.table.spec.signature
            targets.append((hosted, convert.to_batch_for(more, request, signature)))
        return targets

    async def GetExperienceBatch(
        self, request: pb.GetExperienceBatchRequest, context: Context
    ) -> bytes:
        """Draws a batch, after the priority updates that came with the request.

        Answers an encoded GetExperienceBatchResponse.
        """
        hosted = self._tables[request.table]
        signature = hosted.table.spec.signature
        form = signature if request.packed else signature.plain
        _check_batch_size(request.batch_size, hosted.table.spec, form)
        timeout = _timeout(request)
        if request.min_policy_version < 0:
            raise InvalidArgument(
                f"min_policy_version is {request.min_policy_version}; expected >= 0 (0: no limit)"
            )
        updated = Updated(0, 0)
        if request.HasField("priority_updates"):
            updates = convert.to_updates(request.priority_updates, "priority_updates")
            updated = await hosted.set_priorities(*updates)
        sample = await hosted.sample(
            request.batch_size,
            _patience(context, timeout),
            request.min_policy_version,
            held_bytes=request.ByteSize(),
        )
        await _pause_after(form.row_bytes * request.batch_size)
        if form.packs != signature.packs:
            await self._load_packing()
            sample = plain_rows(sample, signature)
        answer = encode_sample(sample, form.packed_hash, updated)
        if updated.updated:
            await hosted.committed_if_possible()
        return answer

    async def UpdatePriorities(
        self, request: pb.UpdatePrioritiesRequest, context: Context
    ) -> pb.UpdatePrioritiesResponse:
        """Sets priorities by key."""
        hosted = self._tables[request.table]
        updated = await hosted.update_priorities(*convert.to_updates(request.updates, "updates"))
        return pb.UpdatePrioritiesResponse(updated=updated.updated, stale=updated.stale)


def _keys(inserted: Inserted) -> bytes:
    return b"" if inserted.keys is None else to_bytes(inserted.keys, np.uint64)


def _timeout(request: pb.GetExperienceBatchRequest) -> float | None:
    if not request.HasField("timeout"):
        return None
    seconds = request.timeout.ToNanoseconds() / 1e9
    if seconds < 0:
        raise InvalidArgument(f"timeout is {seconds} s; expected >= 0 (0: do not wait)")
    return seconds


def _patience(context: Context, timeout: float | None) -> float | None:
    """Seconds to wait at most, so that the answer still comes before the call's deadline."""
    # None without a deadline, though the stubs do not say so.
    time_remaining: Callable[[], float | None] = context.time_remaining
    remaining = time_remaining()
    if remaining is None:
        return timeout
    remaining -= min(0.5, remaining / 5)
    return remaining if timeout is None else min(timeout, remaining)


async def _pause_after(size: int) -> None:
    """Lets others be served after something that took long, going by the bytes of it."""
    if size > LARGE_MESSAGE_BYTES:
        await asyncio.sleep(0)


def _check_rows(request: RecordRequest) -> None:
    tables = 1 + len(request.more_tables)
    size = tables * sum(map(len, request.data))
    if tables * request.rows > MOST_ROWS_ONE_BY_ONE or size > MOST_INSERTED_BYTES:
        raise InvalidArgument(
            f"columns.rows is {request.rows}, with {size} bytes in {tables} table(s); expected at "
            f"most {MOST_ROWS_ONE_BY_ONE} rows and {MOST_INSERTED_BYTES} bytes in all of them"
        )


def _check_episodes(request: RecordRequest) -> None:
    if request.episodes is not None and (complaint := request.episodes.complaint):
        raise InvalidArgument(complaint)


def _check_batch_size(batch_size: int, spec: TableSpec, form: Signature) -> None:
    row_bytes = form.row_bytes + ROW_MESSAGE_BYTES
    most = min(_most_rows(spec), max(1, MOST_DRAWN_BYTES // row_bytes))
    if not 1 <= batch_size <= most:
        raise InvalidArgument(
            f"batch_size is {batch_size}; expected 1..{most} for rows of {form.row_bytes} bytes"
        )


def _most_rows(spec: TableSpec) -> int:
    by_age = spec.sampler.kind in (SelectorKind.FIFO, SelectorKind.LIFO)
    return MOST_ROWS if by_age or not spec.max_times_sampled else MOST_ROWS_ONE_BY_ONE
