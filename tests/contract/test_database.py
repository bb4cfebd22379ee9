"""Transactions that get in each other's way, on a real PostgreSQL server."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from mazemesh.errors import Unavailable
from services._harness.sql.database import Database, PostgresqlLimits
from tests.postgresql import postgresql


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


async def test_what_takes_too_long_is_unavailable_and_is_not_tried_again(
    postgresql_server: str, database: Database
) -> None:
    limits = PostgresqlLimits(statement_seconds=0.2, lock_seconds=0.1)
    impatient = Database(postgresql_server, limits)
    tries = 0

    def slow(session: Session) -> None:
        nonlocal tries
        tries += 1
        session.execute(text("SELECT pg_sleep(60)"))

    with pytest.raises(Unavailable, match="statement timeout"):
        await impatient.run(slow)
    assert tries == 1
    holds, let_go = threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        increment(session, "a")
        holds.set()
        let_go.wait(30)

    holding = asyncio.create_task(database.run(hold))
    await asyncio.to_thread(holds.wait, 30)
    with pytest.raises(Unavailable, match="lock timeout"):
        await impatient.run(lambda session: increment(session, "a"))
    let_go.set()
    await holding
    await impatient.close()


async def test_a_transaction_that_falls_silent_lets_go_of_its_locks_and_is_done_again(
    postgresql_server: str, database: Database
) -> None:
    silent = Database(postgresql_server, PostgresqlLimits(idle_seconds=0.2))
    holds, freed = threading.Event(), threading.Event()
    tries = 0

    def fall_silent(session: Session) -> None:
        nonlocal tries
        tries += 1
        increment(session, "a")
        holds.set()
        freed.wait(30)
        increment(session, "b")

    running = asyncio.create_task(silent.run(fall_silent))
    await asyncio.to_thread(holds.wait, 30)
    await database.run(lambda session: increment(session, "a"))  # waits for the lock
    freed.set()
    await running
    assert tries == 2
    assert await counts(database) == [2, 1]
    await silent.close()


LOST_AT_COMMIT = """
CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER lost AFTER INSERT ON counts DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.name = 'lost') EXECUTE FUNCTION lose();
"""


async def test_a_commit_that_is_in_doubt_is_tried_again_only_where_that_does_no_harm(
    database: Database,
) -> None:
    await database.run(lambda session: session.execute(text(LOST_AT_COMMIT)))
    tries = 0

    def work(session: Session) -> None:
        nonlocal tries
        tries += 1
        session.execute(text("INSERT INTO counts VALUES ('lost', 1)"))

    with pytest.raises(Unavailable, match="may be done or not"):
        await database.run(work)
    assert tries == 1
    with pytest.raises(Unavailable, match="cannot be used now"):
        await database.run(work, idempotent=True)
    assert tries > 2
    await database.run(
        lambda session: session.execute(text("DROP TRIGGER lost ON counts; DROP FUNCTION lose()"))
    )


async def test_a_restart_of_the_server_under_load_loses_and_doubles_nothing() -> None:
    with postgresql(durable=True) as server:
        database = Database(server.url)
        await database.run(
            lambda session: session.execute(text("CREATE TABLE done (id int PRIMARY KEY)"))
        )
        done: set[int] = set()
        refused = 0
        enough = asyncio.Event()
        stopping = asyncio.Event()

        async def load(worker: int) -> None:
            nonlocal refused
            number = worker
            while not stopping.is_set():
                insert = text(f"INSERT INTO done VALUES ({number})")
                try:
                    # One that is done twice would be an IntegrityError.
                    await database.run(lambda session, insert=insert: session.execute(insert))  # type: ignore[misc]
                    done.add(number)
                except Unavailable:
                    refused += 1
                number += 8
                if len(done) >= 200:
                    enough.set()

        loading = [asyncio.create_task(load(worker)) for worker in range(8)]
        for mode in ("immediate", "fast"):
            enough.clear()
            await asyncio.wait_for(enough.wait(), 60)
            await asyncio.to_thread(server.stop, mode)
            await asyncio.to_thread(server.start)
        before = len(done)
        while len(done) < before + 50:
            enough.clear()
            await asyncio.wait_for(enough.wait(), 60)
        stopping.set()
        await asyncio.gather(*loading)
        found = await database.run(
            lambda session: set(session.scalars(text("SELECT id FROM done")))
        )
        await database.close()
    assert done <= found
    assert len(found - done) <= refused
