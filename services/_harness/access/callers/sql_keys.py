"""Keys in a relational database: that of the services, or a SQLite file in the data folder."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Integer,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from mazemesh.errors import NotFound, ResourceExhausted
from services._harness.access.callers.keys import Key
from services._harness.access.callers.roles import Role
from services._harness.sql.database import Database, create_metadata

PACKAGE: Final = "services._harness.access"
MOST_KEYS: Final = 10_000
"""Every instance holds them all in memory."""

metadata = create_metadata()

keys = Table(
    "access_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("secret_sha256", String(64), nullable=False),
    Column("role", String(32), nullable=False),
    Column("label", String(128), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("create_time", Double, nullable=False, index=True),
    Column("expire_time", Double),
    Column("revoke_time", Double),
    Column("use_time", Double),
)

revision = Table(
    "access_revision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
)


class SqlKeys:
    """A `KeyStore` in the tables `access_keys` and `access_revision`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revision(self) -> int:
        """See `KeyStore.revision`."""
        return await self._database.run(
            lambda session: session.scalar(select(revision.c.revision)) or 0
        )

    async def keys(self) -> Sequence[Key]:
        """See `KeyStore.keys`."""
        query = select(keys).order_by(keys.c.create_time, keys.c.id).limit(MOST_KEYS)
        return await self._database.run(
            lambda session: [_key(row) for row in session.execute(query).mappings()]
        )

    async def add(self, key: Key) -> None:
        """See `KeyStore.add`."""

        def work(session: Session) -> None:
            if (session.scalar(select(func.count()).select_from(keys)) or 0) >= MOST_KEYS:
                raise ResourceExhausted(f"there are {MOST_KEYS} keys, which is the most")
            session.execute(insert(keys).values(_row(key)))
            _changed(session)

        await self._database.run(work)

    async def revoke(self, identifier: str, now: float) -> Key:
        """See `KeyStore.revoke`."""

        def work(session: Session) -> Key:
            mine = keys.c.id == identifier
            session.execute(
                update(keys).where(mine, keys.c.revoke_time.is_(None)).values(revoke_time=now)
            )
            row = session.execute(select(keys).where(mine)).mappings().one_or_none()
            if row is None:
                raise NotFound(f"there is no key {identifier!r}; `mazemesh keys list` has them")
            _changed(session)
            return _key(row)

        return await self._database.run(work)

    async def used(self, identifiers: Collection[str], now: float) -> None:
        """See `KeyStore.used`."""
        statement = update(keys).where(keys.c.id.in_(identifiers)).values(use_time=now)
        await self._database.run(lambda session: session.execute(statement))


def _changed(session: Session) -> None:
    session.execute(update(revision).values(revision=revision.c.revision + 1))


def _row(key: Key) -> dict[str, Any]:
    scopes = {"policies": key.policies, "games": key.games, "player": key.player}
    return {
        "id": key.id,
        "secret_sha256": key.secret_sha256,
        "role": key.role.value,
        "label": key.label,
        "scopes": json.dumps(scopes),
        "create_time": key.create_time,
        "expire_time": key.expire_time,
        "revoke_time": key.revoke_time,
        "use_time": key.use_time,
    }


def _key(row: Any) -> Key:
    scopes = json.loads(row["scopes"])
    return Key(
        row["id"],
        row["secret_sha256"],
        Role(row["role"]),
        row["label"],
        tuple(scopes["policies"]),
        tuple(scopes["games"]),
        scopes["player"],
        row["create_time"],
        row["expire_time"],
        row["revoke_time"],
        row["use_time"],
    )
