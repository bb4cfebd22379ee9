"""Notices by LISTEN and NOTIFY of PostgreSQL."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from functools import partial
from typing import Any, Final

import psycopg
import structlog
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from mazemesh.client.pauses import jittered
from mazemesh.errors import ResourceExhausted, Unavailable
from services._harness.database import Database
from services._harness.notices import POLL_SECONDS, LocalNotices, Look

CHANNEL: Final = "mazemesh"
_LONGEST_PAUSE: Final = 5.0
# A server that is gone without a word is noticed by TCP; polling covers the time until then.
_CONNECT: Final = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "application_name": "mazemesh notices",
}


class PostgresqlNotices:
    """`Notices` on one channel of the database, with a connection of its own to listen.

    Publishing goes over the pool, after the transaction that made the change and never inside it:
    a NOTIFY makes commits of a whole PostgreSQL server wait for each other. Topics that are
    published while one statement is on its way go together with the next.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._local = LocalNotices(POLL_SECONDS)
        self._instance = uuid.uuid4().hex
        self._unsent: set[str] = set()
        self._to_send = asyncio.Event()
        self._log = structlog.get_logger("services.notices")
        self.listening = asyncio.Event()
        """Set while a connection listens."""

    def publish(self, topic: str) -> None:
        """See `Notices`."""
        self._local.publish(topic)
        self._unsent.add(topic)
        self._to_send.set()

    def listen(self, topic: str) -> Look:
        """See `Notices`."""
        return self._local.listen(topic)

    def forget(self, look: Look) -> None:
        """See `Notices`."""
        self._local.forget(look)

    async def run(self) -> None:
        """See `Notices`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send())
            group.create_task(self._receive())

    async def _send(self) -> None:
        while True:
            await self._to_send.wait()
            self._to_send.clear()
            topics, self._unsent = self._unsent, set()
            notify = select(
                *(func.pg_notify(CHANNEL, f"{topic} {self._instance}") for topic in topics)
            )
            # Who is not told looks within a second.
            with suppress(Unavailable, ResourceExhausted):
                await self._database.run(partial(Session.execute, statement=notify))

    async def _receive(self) -> None:
        pause = 0.1
        while True:
            try:
                async with await _connect(self._database.engine) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.listening.set()
                    self._local.wake_all()
                    pause = 0.1
                    async for notice in connection.notifies():
                        self._take(notice.payload)
            except (psycopg.Error, OSError) as error:
                self._log.warning("notices are not heard for now", reason=str(error).strip())
            finally:
                self.listening.clear()
            # Instances that lost one server together should not come back together.
            await asyncio.sleep(jittered(pause))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _take(self, payload: str) -> None:
        topic, _, instance = payload.partition(" ")
        if instance != self._instance:
            self._local.publish(topic)


async def _connect(engine: Engine) -> psycopg.AsyncConnection[Any]:
    positional, named = engine.dialect.create_connect_args(engine.url)
    return await psycopg.AsyncConnection.connect(
        *positional, autocommit=True, **{**_CONNECT, **named}
    )
