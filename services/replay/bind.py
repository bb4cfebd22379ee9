"""Composes the Replay service."""

from __future__ import annotations

import asyncio
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from mazemesh.process.errors import StartError
from mazemesh.process.memory import freeze_startup_objects, keep_freed_memory
from services._harness import Server
from services._harness.blobs.opening import open_blobs
from services._harness.blobs.threads import enough_threads
from services._harness.own_folder import OwnFolder
from services.replay import metrics
from services.replay.hosting.checkpointer import Checkpointer
from services.replay.hosting.copying import Copying
from services.replay.hosting.tables import Tables
from services.replay.hosting.waiting import Room
from services.replay.journal.file_journal import FileJournal
from services.replay.journal.files import Files, LocalFiles, lock_folder, unlock_folder
from services.replay.journal.table_folder import Retire
from services.replay.limits import MIB
from services.replay.priorities.noting import NotingJournal
from services.replay.priorities.recorder import PriorityRecorder
from services.replay.servicer import ReplayServicer
from services.replay.settings import ReplaySettings
from services.replay.stores.shard_copy import ShardCopy
from services.replay.stores.shard_restore import ShardRestore
from services.replay.stores.shard_uploads import ShardUploads
from services.replay.wire.handlers import SERVICE, add_replay_servicer

_LAST_COPY_SECONDS: Final = 5.0


async def bind(settings: ReplaySettings, server: Server) -> None:
    """Settings -> journal -> tables -> servicer."""
    keep_freed_memory()
    folder = settings.data_dir / "replay"
    lock = lock_folder(folder)
    files = LocalFiles()
    journal = FileJournal(
        folder, files, settings.durability, retire=_archive(settings, files, server)
    )
    ages = metrics.Ages(server.registry)
    priorities = _priorities(settings, server, ages)
    tables = Tables(
        NotingJournal(journal, priorities) if priorities is not None else journal,
        np.random.default_rng(settings.seed),
        memory_limit=int(settings.memory_limit_gib * 2**30),
        max_writers=settings.max_writers,
        max_tables=settings.max_tables,
        room=Room("at all tables", most_bytes=settings.waiting_mib * MIB),
    )
    copied = _copied(settings, server, folder, tables, ages)
    server.on_start(tables.load)
    if priorities is not None:
        server.on_start(lambda: priorities.restore(tables))
        server.background(lambda: priorities.run(tables), "priorities")
    checkpointer = Checkpointer(tables, settings.checkpoint_log_mib * 2**20)
    server.background(checkpointer.run, "checkpoints")
    server.background(journal.watch, "log")

    @server.on_start
    async def freeze() -> None:
        freeze_startup_objects()

    @server.on_drain
    async def end_waiting() -> None:
        tables.close()

    @server.on_stop
    async def close() -> None:
        if priorities is not None:
            await priorities.end(tables)
        await tables.end()
        await journal.close()
        for copying in copied:
            await copying.end(settings.drain_seconds + _LAST_COPY_SECONDS)
        unlock_folder(lock)

    server.registry.register(metrics.TableCollector(tables))
    server.add_servicer(SERVICE, add_replay_servicer, ReplayServicer(tables))


def _priorities(
    settings: ReplaySettings, server: Server, ages: metrics.Ages
) -> PriorityRecorder | None:
    """Where present priorities are recorded besides: in Redis, if there is one."""
    if server.redis is None:
        return None
    from services.replay.stores.redis_priorities import RedisPriorities

    store = RedisPriorities(server.redis, settings.shard)
    journal = PriorityRecorder(store, settings.priorities_seconds)
    clock = asyncio.get_running_loop().time
    ages.priorities = lambda: clock() - journal.whole_time
    return journal


def _copied(
    settings: ReplaySettings, server: Server, folder: Path, tables: Tables, ages: metrics.Ages
) -> list[Copying]:
    """What copies the tables to the blob store, once it has begun; at the start they come back."""
    begun: list[Copying] = []
    if not (settings.blobs_url and settings.copy_seconds):
        return begun
    enough_threads(settings)
    blobs = open_blobs(settings, f"experience/{settings.shard}", "")
    copy = ShardCopy(blobs)

    @server.on_start
    async def settle() -> None:
        restore = ShardRestore(copy, settings.shard, folder)
        life = await asyncio.to_thread(restore.settle, uuid.uuid4().hex)
        uploads = ShardUploads(copy, folder, life, settings.blobs_grace_hours * 3600)
        ages.copy = lambda: time.time() - uploads.whole_time
        copying = Copying(tables, uploads, settings.copy_seconds)
        begun.append(copying)
        server.background(copying.run, "copy")

    return begun


def _archive(settings: ReplaySettings, files: Files, server: Server) -> Retire | None:
    if not settings.archive_gib:
        return None
    # Loads pyarrow.
    try:
        from services.replay.export.archive import ParquetArchive
    except ModuleNotFoundError as error:
        raise StartError(
            f"archive_gib is {settings.archive_gib:g}, and that needs pyarrow: "
            "pip install 'mazemesh[archive]'",
            exit_code=2,
        ) from error
    blobs = open_blobs(settings, f"archive/{settings.shard}", "blobs/replay")
    own = OwnFolder(settings.data_dir / "unfinished")
    server.on_stop(partial(asyncio.to_thread, own.close))
    return ParquetArchive(blobs, own.path, files, int(settings.archive_gib * 2**30))
