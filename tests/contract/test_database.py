"""Transactions that get in each other's way, on a real PostgreSQL server."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from mazemesh.errors import Unavailable
from services._harness.database import Database


@pytest.fixture
async def database(postgresql_server: str) -> AsyncIterator[Database]:
    database = Database(postgresql_server)
    await database.run(
        lambda session: session.execute(
            text("CREATE TABLE counts (name text PRIMARY KEY, count int)")
        )
    )
    await database.run(
        lambda session: session.execute(text("INSERT INTO counts VALUES ('a', 0), ('b', 0)"))
    )
    yield database
    await database.run(lambda session: session.execute(text("DROP TABLE counts")))
    await database.close()


def increment(session: Session, name: str) -> None:
    session.execute(text("UPDATE counts SET count = count + 1 WHERE name = :name"), {"name": name})


async def counts(database: Database) -> list[int]:
    return await database.run(
        lambda session: list(session.scalars(text("SELECT count FROM counts ORDER BY name")))
    )


async def test_of_two_that_wait_for_each_other_both_are_done(database: Database) -> None:
    both_hold_one = threading.Barrier(2)
    tries: list[str] = []

    def work(first: str, then: str):  # type: ignore[no-untyped-def]
        def run(session: Session) -> None:
            tries.append(first)
            increment(session, first)
            if tries.count(first) == 1:
                both_hold_one.wait(30)
            increment(session, then)

        return run

    await asyncio.gather(database.run(work("a", "b")), database.run(work("b", "a")))
    assert await counts(database) == [2, 2]
    assert len(tries) == 3


async def test_writers_that_must_be_serializable_lose_no_update(database: Database) -> None:
    both_have_read = threading.Barrier(2)
    tries: list[int] = []

    def add_one(session: Session) -> None:
        session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
        count = session.scalar(text("SELECT count FROM counts WHERE name = 'a'")) or 0
        tries.append(count)
        if len(tries) <= 2:
            both_have_read.wait(30)
        session.execute(text(f"UPDATE counts SET count = {count + 1} WHERE name = 'a'"))

    await asyncio.gather(database.run(add_one), database.run(add_one))
    assert await counts(database) == [2, 0]
    assert sorted(tries) == [0, 0, 1]


async def test_one_that_is_always_in_the_way_makes_it_unavailable(database: Database) -> None:
    tries = 0

    def fail(session: Session) -> None:
        nonlocal tries
        tries += 1
        session.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"))

    with pytest.raises(Unavailable, match="other transactions were in the way"):
        await database.run(fail)
    assert 1 < tries < 20


async def test_what_is_wrong_with_a_statement_is_not_tried_again(database: Database) -> None:
    tries = 0

    def work(statement: str):  # type: ignore[no-untyped-def]
        def run(session: Session) -> None:
            nonlocal tries
            tries += 1
            session.execute(text(statement))

        return run

    with pytest.raises(IntegrityError):
        await database.run(work("INSERT INTO counts VALUES ('a', 7)"))
    with pytest.raises(ProgrammingError):
        await database.run(work("SELECT no_column FROM counts"))
    assert tries == 2


async def test_a_connection_that_the_server_ended_is_unavailable_and_the_next_call_works(
    database: Database,
) -> None:
    with pytest.raises(Unavailable, match="cannot be used now"):
        await database.run(
            lambda session: session.execute(
                text("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(30)")
            )
        )
    assert await counts(database) == [0, 0]
