"""Notices by LISTEN and NOTIFY of PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from functools import partial
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from mazemesh.errors import Unavailable
from services._harness.sql.database import Database
from services._harness.stores.remote_notices import Message, RemoteNotices

CHANNEL: Final = "mazemesh"
# A server that is gone without a word is noticed by TCP; polling covers the time until then.
_CONNECT: Final = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "application_name": "mazemesh notices",
}


class PostgresqlNotices(RemoteNotices):
    """`Notices` on one channel of the database, with a connection of its own to listen."""

    def __init__(self, database: Database) -> None:
        super().__init__(PostgresqlWire(database))


class PostgresqlWire:
    """A `Wire`. It sends over the pool, after the transaction that made the change.

    Never inside it: a NOTIFY makes commits of a whole PostgreSQL server wait for each other.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def send(self, sender: str, topics: Collection[str]) -> None:
        """See `Wire`."""
        notify = select(*(func.pg_notify(CHANNEL, f"{topic} {sender}") for topic in topics))
        await self._database.run(partial(Session.execute, statement=notify))

    async def receive(self) -> AsyncIterator[Message | None]:
        """See `Wire`."""
        try:
            async with await _connect(self._database.engine) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                yield None
                async for notice in connection.notifies():
                    topic, _, sender = notice.payload.partition(" ")
                    yield sender, (topic,)
        except (psycopg.Error, OSError) as error:
            raise Unavailable(str(error).strip()) from error


async def _connect(engine: Engine) -> psycopg.AsyncConnection[Any]:
    positional, named = engine.dialect.create_connect_args(engine.url)
    return await psycopg.AsyncConnection.connect(
        *positional, autocommit=True, **{**_CONNECT, **named}
    )
