"""Composes the Replay service."""

from __future__ import annotations

import numpy as np

from mazemesh.process.memory import freeze_startup_objects, keep_freed_memory
from services._harness import Server
from services.replay.checkpointer import Checkpointer
from services.replay.handlers import SERVICE, add_replay_servicer
from services.replay.metrics import TableCollector
from services.replay.servicer import ReplayServicer
from services.replay.settings import ReplaySettings
from services.replay.stores.file_journal import FileJournal
from services.replay.stores.files import LocalFiles, lock_folder, unlock_folder
from services.replay.tables import Tables


async def bind(settings: ReplaySettings, server: Server) -> None:
    """Settings -> journal -> tables -> servicer."""
    keep_freed_memory()
    folder = settings.data_dir / "replay"
    lock = lock_folder(folder)
    journal = FileJournal(folder, LocalFiles(), settings.durability)
    tables = Tables(
        journal,
        np.random.default_rng(settings.seed),
        memory_limit=int(settings.memory_limit_gib * 2**30),
        max_writers=settings.max_writers,
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
        await journal.close()
        unlock_folder(lock)

    server.registry.register(TableCollector(tables))
    server.add_servicer(SERVICE, add_replay_servicer, ReplayServicer(tables))
