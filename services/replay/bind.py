"""Composes the Replay service."""

from __future__ import annotations

import numpy as np

from mazemesh.process.errors import StartError
from mazemesh.process.memory import freeze_startup_objects, keep_freed_memory
from services._harness import Server
from services.replay.hosting.checkpointer import Checkpointer
from services.replay.hosting.tables import Tables
from services.replay.hosting.waiting import Room
from services.replay.journal.file_journal import FileJournal
from services.replay.journal.files import Files, LocalFiles, lock_folder, unlock_folder
from services.replay.journal.table_folder import Retire
from services.replay.limits import MIB
from services.replay.metrics import TableCollector
from services.replay.servicer import ReplayServicer
from services.replay.settings import ReplaySettings
from services.replay.wire.handlers import SERVICE, add_replay_servicer


async def bind(settings: ReplaySettings, server: Server) -> None:
    """Settings -> journal -> tables -> servicer."""
    keep_freed_memory()
    folder = settings.data_dir / "replay"
    lock = lock_folder(folder)
    files = LocalFiles()
    journal = FileJournal(folder, files, settings.durability, retire=_archive(settings, files))
    tables = Tables(
        journal,
        np.random.default_rng(settings.seed),
        memory_limit=int(settings.memory_limit_gib * 2**30),
        max_writers=settings.max_writers,
        max_tables=settings.max_tables,
        room=Room("at all tables", most_bytes=settings.waiting_mib * MIB),
    )
    server.on_start(tables.load)
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
        await tables.end()
        await journal.close()
        unlock_folder(lock)

    server.registry.register(TableCollector(tables))
    server.add_servicer(SERVICE, add_replay_servicer, ReplayServicer(tables))


def _archive(settings: ReplaySettings, files: Files) -> Retire | None:
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
    folder = settings.data_dir / "blobs" / "replay"
    return ParquetArchive(folder, files, int(settings.archive_gib * 2**30))
