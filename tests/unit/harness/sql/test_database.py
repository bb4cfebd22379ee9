import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mazemesh.errors import ResourceExhausted, Unavailable
from services._harness import StartError
from services._harness.sql.database import Database
from tests.unit.harness.sql.example.tables import Base, Player, Result


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'folder' / 'test.sqlite'}")
    Base.metadata.create_all(database.engine)
    yield database
    await database.close()


def add(name: str):  # type: ignore[no-untyped-def]
    return lambda session: session.add(Player(name=name, rating=1.0))


async def names(database: Database) -> list[str]:
    return await database.run(
        lambda session: list(session.scalars(text("SELECT name FROM players ORDER BY name")))
    )


async def test_what_returns_is_committed_and_what_raises_is_undone(database: Database) -> None:
    await database.run(add("kept"))

    def fail(session: Session) -> None:
        session.add(Player(name="undone", rating=1.0))
        session.flush()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await database.run(fail)
    assert await names(database) == ["kept"]


async def test_table_changes_are_undone_too(database: Database) -> None:
    def fail(session: Session) -> None:
        session.execute(text("DROP TABLE results"))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await database.run(fail)
    assert await database.run(lambda session: session.query(Result).all()) == []


async def test_returned_objects_are_readable_after_the_commit(database: Database) -> None:
    def write(session: Session) -> Player:
        player = Player(name="a", rating=3.0)
        session.add(player)
        return player

    assert (await database.run(write)).rating == 3.0


async def test_transactions_run_in_the_order_of_the_calls_outside_the_loops_thread(
    database: Database,
) -> None:
    order: list[int] = []
    threads: set[int] = set()

    def work(number: int):  # type: ignore[no-untyped-def]
        def run(session: Session) -> None:
            order.append(number)
            threads.add(threading.get_ident())

        return run

    await asyncio.gather(*(database.run(work(number)) for number in range(20)))
    assert order == list(range(20))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await database.run(lambda session: session.add(Result(match_id="m", player="nobody")))


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 30000)],
)
async def test_connections_are_set_up_for_durability(
    database: Database, pragma: str, value: object
) -> None:
    assert await database.run(lambda session: session.scalar(text(f"PRAGMA {pragma}"))) == value


async def test_two_databases_on_one_file_do_not_lose_updates(
    database: Database, tmp_path: Path
) -> None:
    other = Database(str(database.engine.url))
    await database.run(add("a"))

    def increment(session: Session) -> None:
        player = session.get_one(Player, "a")
        player.rating += 1

    work = (each.run(increment) for each in (database, other) for _ in range(50))
    await asyncio.gather(*work)
    await other.close()
    assert await database.run(lambda session: session.get_one(Player, "a").rating) == 101.0


async def test_rows_are_there_after_closing_and_opening_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.sqlite'}"
    first = Database(url)
    Base.metadata.create_all(first.engine)
    await first.run(add("a"))
    await first.close()
    second = Database(url)
    assert await names(second) == ["a"]
    await second.close()


@pytest.mark.parametrize("url", ["mysql://host/name", "just text"])
def test_another_kind_of_url_is_refused(url: str) -> None:
    with pytest.raises(StartError, match="use sqlite:///path/to/file or postgresql://") as caught:
        Database(url)
    assert caught.value.exit_code == 2


async def test_processes_that_open_a_new_file_together_queue_for_the_switch_to_wal(
    tmp_path: Path,
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.sqlite'}")
    other_process = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other_process, fcntl.LOCK_EX)
    mode = text("PRAGMA journal_mode")
    opening = asyncio.create_task(database.run(lambda session: session.scalar(mode)))
    done, _ = await asyncio.wait({opening}, timeout=0.5)
    assert not done
    os.close(other_process)
    assert await asyncio.wait_for(opening, 10) == "wal"
    await database.close()


async def test_a_database_without_room_refuses_and_goes_on_when_there_is_some(
    database: Database,
) -> None:
    def limit(pages: int) -> Callable[[Session], object]:
        return lambda session: session.scalar(text(f"PRAGMA max_page_count = {pages}"))

    await database.run(add("a"))
    await database.run(limit(1))  # not less than it has already
    with pytest.raises(ResourceExhausted, match="database or disk is full"):
        await database.run(add("b" * 100_000))
    await database.run(limit(1_000_000))
    await database.run(add("b" * 100_000))


async def test_a_database_that_is_locked_for_long_is_unavailable(
    database: Database, tmp_path: Path
) -> None:
    await database.run(lambda session: session.execute(text("PRAGMA busy_timeout = 10")))
    with closing(sqlite3.connect(str(database.engine.url.database))) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="database is locked"):
            await database.run(add("a"))
        other.rollback()
    await database.run(add("a"))


async def test_a_server_that_is_away_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"postgresql://nobody@/nothing?host={tmp_path}")
    with pytest.raises(Unavailable, match="cannot be used now"):
        await database.run(lambda session: session.execute(text("SELECT 1")))
    await database.close()


async def test_a_file_that_is_no_database_is_refused_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "test.sqlite"
    file.write_bytes(b"no database at all" * 1000)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(StartError, match=r"test\.sqlite cannot be used \(file is not a database\)"):
        await database.migrate("tests.unit.harness.sql.example")
    await database.close()
