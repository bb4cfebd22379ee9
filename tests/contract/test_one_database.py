"""All services in one database: migrated by several processes at once, without a common name."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from itertools import combinations

import pytest
from sqlalchemy import inspect, text

from services._harness.sql.database import Database
from services._harness.sql.snapshot import packages_with_tables

MIGRATE = """
import asyncio, sys
from services._harness.sql.database import Database

async def main():
    database = Database(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    for package in sys.argv[2:]:
        print(await database.migrate(package), flush=True)
    await database.close()

asyncio.run(main())
"""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


def names(database: Database) -> set[str]:
    """Of all tables and indexes; names of constraints are theirs."""
    found = inspect(database.engine)
    tables = found.get_table_names()
    indexes = [index["name"] for table in tables for index in found.get_indexes(table)]
    return {*tables, *filter(None, indexes)}


async def test_services_share_a_database_and_no_name(database: Database) -> None:
    made: dict[str, set[str]] = {}
    before: set[str] = set()
    for package in packages_with_tables():
        await database.migrate(package)
        after = names(database)
        made[package.rpartition(".")[2]] = after - before
        before = after
    for one, other in combinations(made, 2):
        assert not made[one] & made[other]
    for service, own in made.items():
        assert f"alembic_version_{service}" in own
        assert len(own) > 1


async def test_processes_that_start_at_once_migrate_once(
    database_url: str, database: Database
) -> None:
    services = packages_with_tables()
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", MIGRATE, database_url, *order),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        # In different orders, so that they are at different services at once.
        for order in (services, services[::-1], services[1:] + services[:1])
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    ended = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len({tuple(sorted(output.split())) for output, _ in ended}) == 1
    for service in services:
        table = f"alembic_version_{service.rpartition('.')[2]}"
        version = text(f"SELECT count(*) FROM {table}")
        assert await database.run(lambda session, version=version: session.scalar(version)) == 1  # type: ignore[misc]
