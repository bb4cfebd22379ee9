"""What every `KeyStore` does."""

from collections.abc import AsyncIterator

import pytest

from mazemesh.errors import NotFound
from services._harness.access.callers.keys import new_key
from services._harness.access.callers.roles import Role
from services._harness.access.callers.sql_keys import PACKAGE, SqlKeys, metadata
from services._harness.sql.database import Database
from services._harness.sql.migrations import schema_differences


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.migrate(PACKAGE)
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> SqlKeys:
    return SqlKeys(database)


async def test_keys_come_back_as_they_were(store: SqlKeys) -> None:
    made = [
        new_key(Role.VIEWER, 1.5)[0],
        new_key(Role.TRAINER, 2.5, label="ann", policies=["ann-"], games=["race"], expires_in=10)[
            0
        ],
        new_key(Role.PLAYER, 3.5, player="player/ann")[0],
    ]
    for key in made:
        await store.add(key)
    assert await store.keys() == made


async def test_the_revision_tells_of_every_change(store: SqlKeys) -> None:
    seen = [await store.revision()]
    key, _ = new_key(Role.VIEWER, 1)
    await store.add(key)
    seen.append(await store.revision())
    await store.revoke(key.id, 2)
    seen.append(await store.revision())
    assert seen == sorted(set(seen))


async def test_the_first_revocation_counts(store: SqlKeys) -> None:
    key, _ = new_key(Role.VIEWER, 1)
    await store.add(key)
    assert (await store.revoke(key.id, 5)).revoke_time == 5
    assert (await store.revoke(key.id, 9)).revoke_time == 5


async def test_who_revokes_an_unknown_key_is_told(store: SqlKeys) -> None:
    with pytest.raises(NotFound, match="0123456789ab"):
        await store.revoke("0123456789ab", 1)


async def test_the_last_use(store: SqlKeys) -> None:
    key, _ = new_key(Role.VIEWER, 1)
    await store.add(key)
    await store.used([key.id, "unknown"], 7)
    assert [one.use_time for one in await store.keys()] == [7]


async def test_the_tables_are_those_of_the_migrations(database: Database) -> None:
    assert schema_differences(database.engine, PACKAGE, metadata) == []
