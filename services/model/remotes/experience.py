"""Replay, where what agents of simulators live through goes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from mazemesh.client.calling.pauses import jittered
from mazemesh.collecting.step import Experience
from mazemesh.errors import DeadlineExceeded, NotFound, ResourceExhausted, Unavailable
from services._harness.shielded import in_thread
from services.model.external.trainee import Method
from services.model.external.trainees import MOST

if TYPE_CHECKING:
    from mazemesh.client.replay.experience_tables import Appends, ExperienceTables

_AGAIN_SECONDS: Final = 0.5

_log = structlog.get_logger(__name__)


class ReplayTables:
    """Tables of Replay; it is reached when the first is opened.

    An append may wait for minutes for room in its table: each table has a thread of its own.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._threads = ThreadPoolExecutor(2 * MOST, thread_name_prefix="experience")
        self._tables: ExperienceTables | None = None

    async def writer(self, method: Method, state_size: int) -> TableWriter:
        """A writer of what a method collects."""
        signature = method.collector(1, state_size).signature
        tables = await in_thread(self._threads, self._connected)
        appends = await in_thread(self._threads, tables.writer, method.table, signature)
        return TableWriter(appends, self._threads)

    def _connected(self) -> ExperienceTables:
        if self._tables is None:
            from mazemesh.client.replay.replay_shards import connect_replay

            self._tables = connect_replay(self._address)
        return self._tables

    async def close(self) -> None:
        """Closes the channels, which ends calls in flight."""
        if self._tables is not None:
            await asyncio.to_thread(self._tables.close)
        self._threads.shutdown(wait=False, cancel_futures=True)


class TableWriter:
    """Writes into one table (`services.model.external.trainees.Writer`)."""

    def __init__(self, appends: Appends, threads: ThreadPoolExecutor) -> None:
        self._appends, self._threads = appends, threads
        self._closed = False

    @property
    def trouble(self) -> str:
        """Why the write that waits was not taken so far; empty while it may wait for room."""
        return self._appends.trouble

    async def write(self, experience: Experience) -> None:
        """Stores a batch, once, for as long as Replay is away or its table full.

        Raises:
            MazemeshError: the table refuses it.
        """
        while True:
            try:
                await asyncio.get_running_loop().run_in_executor(
                    self._threads,
                    partial(
                        self._appends.append,
                        experience.columns,
                        experience.priorities,
                        experience.policy_versions,
                        episodes=experience.episodes,
                    ),
                )
            except (Unavailable, DeadlineExceeded, NotFound, ResourceExhausted) as error:
                if self._closed:
                    raise
                _log.info("replay does not take experience now", reason=str(error))
                await asyncio.sleep(jittered(_AGAIN_SECONDS))  # nothing tells when it does
            else:
                return

    async def close(self) -> None:
        """Ends an append that waits."""
        self._closed = True
        await asyncio.to_thread(self._appends.close)
