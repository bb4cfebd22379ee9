"""Keeps the copy of the tables young: seals their logs, and has the files put."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

import structlog

from mazemesh.errors import MazemeshError, NotFound, ResourceExhausted
from services.replay.hosting.tables import Tables

MOST_SEGMENTS = 256
"""Of a table, after which it is checkpointed: each is a file that a restart has to fetch."""

_log = structlog.get_logger("services.replay.copy")


class TakenOver(Exception):
    """Another service has this shard now; what this one still acknowledges would be lost."""


class Uploads(Protocol):
    """What puts files; see `services.replay.stores.shard_uploads`. `run` blocks."""

    def run(self, *, ended: bool = False) -> None:
        """One pass over all tables.

        Raises:
            TakenOver: it puts nothing any more.
        """

    def stop(self) -> None:
        """Ends a pass soon."""

    @property
    def segments(self) -> dict[str, int]:
        """Segments of each table, by the name of its folder."""


class Copying:
    """A pass every `seconds`; what cannot be put now is put by a later one.

    Nothing waits in memory for it: files are put from disk, one after the other, and those that a
    checkpoint replaces before they were put need not be.
    """

    def __init__(self, tables: Tables, uploads: Uploads, seconds: float) -> None:
        self._tables = tables
        self._uploads = uploads
        self._seconds = seconds
        self._passing = asyncio.Lock()

    async def run(self) -> None:
        """Runs until it is cancelled, or another service has taken the shard over."""
        while True:
            await self._seal()
            try:
                await self._pass(self._uploads.run)
            except (MazemeshError, OSError) as error:
                _log.warning("the copy of the tables is late", reason=str(error))
            await asyncio.sleep(self._seconds)

    async def end(self, seconds: float) -> None:
        """The last pass, after the journal was closed; gives up after some seconds."""
        self._uploads.stop()
        try:
            async with asyncio.timeout(seconds):
                await self._pass(lambda: self._uploads.run(ended=True))
        except (MazemeshError, OSError, TakenOver) as error:
            _log.warning("the copy of the tables lacks the end of their logs", reason=str(error))

    async def _pass(self, run: Callable[[], None]) -> None:
        async with self._passing:
            await asyncio.shield(asyncio.to_thread(run))

    async def _seal(self) -> None:
        most = max(self._uploads.segments.values(), default=0)
        for hosted in list(self._tables):
            with contextlib.suppress(NotFound, ResourceExhausted):
                if most > MOST_SEGMENTS and hosted.log.tail_bytes:
                    await hosted.checkpoint()
                else:
                    await hosted.log.seal()
