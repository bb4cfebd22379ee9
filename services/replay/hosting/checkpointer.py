"""Checkpoints tables by itself when their logs get long."""

from __future__ import annotations

import asyncio

import structlog

from mazemesh.errors import NotFound, ResourceExhausted
from services.replay.hosting.hosted_table import HostedTable
from services.replay.hosting.tables import Tables

LOOK_SECONDS = 1.0

_log = structlog.get_logger("services.replay")


class Checkpointer:
    """Looks at all tables every second.

    A log may become as long as the table is large, so that checkpoints write no more than the log
    did, but `log_bytes` in any case.
    """

    def __init__(self, tables: Tables, log_bytes: int) -> None:
        self._tables = tables
        self._log_bytes = log_bytes

    async def run(self) -> None:
        """Runs until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for hosted in list(self._tables):
                if hosted.log.tail_bytes > max(self._log_bytes, hosted.table.bytes):
                    await self._checkpoint(hosted)

    async def _checkpoint(self, hosted: HostedTable) -> None:
        name = hosted.table.spec.name
        try:
            made = await hosted.checkpoint()
        except (NotFound, ResourceExhausted) as error:
            _log.warning("no checkpoint", table=name, reason=str(error))
        else:
            _log.info("checkpoint", table=name, number=made.number, bytes=made.bytes)
