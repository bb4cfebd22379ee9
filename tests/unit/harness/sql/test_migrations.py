import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services._harness import StartError
from services._harness.sql.database import Database
from services._harness.sql.migrations import schema_differences
from tests.unit.harness.sql.example.tables import Base, Player, Result

EXAMPLE = "tests.unit.harness.sql.example"

MIGRATE = f"""
import asyncio, sys
from services._harness.sql.database import Database

async def main():
    database = Database(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    print(await database.migrate("{EXAMPLE}"), "alembic" in sys.modules)
    await database.close()

asyncio.run(main())
"""


async def migrating_process(url: str) -> asyncio.subprocess.Process:
    """A process that is about to migrate `url` as soon as its standard input says go."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MIGRATE, url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'example.sqlite'}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    yield database
    await database.close()


async def test_from_empty_to_newest(database: Database) -> None:
    assert await database.migrate(EXAMPLE) == "0002"
    assert schema_differences(database.engine, EXAMPLE, Base.metadata) == []


async def test_schema_differences_sees_a_missing_table(database: Database) -> None:
    await database.migrate(EXAMPLE)
    await database.run(lambda session: session.execute(text("DROP TABLE results")))
    differences = schema_differences(database.engine, EXAMPLE, Base.metadata)
    assert [difference[0] for difference in differences] == ["add_table"]  # type: ignore[index]


async def test_replacing_a_table_keeps_the_rows_that_refer_to_it(database: Database) -> None:
    await database.migrate(EXAMPLE)

    def read(session: Session) -> tuple[list[Player], list[Result]]:
        return list(session.scalars(select(Player))), list(session.scalars(select(Result)))

    players, results = await database.run(read)
    assert [(player.name, player.rating) for player in players] == [("bot/random", 1000.0)]
    assert [result.match_id for result in results] == ["m1"]
    foreign_keys = await database.run(lambda session: session.scalar(text("PRAGMA foreign_keys")))
    assert foreign_keys == 1


async def test_at_newest_alembic_is_not_even_imported(database: Database, url: str) -> None:
    await database.migrate(EXAMPLE)
    process = await migrating_process(url)
    output, _ = await asyncio.wait_for(process.communicate(b"go\n"), 30)
    assert output == b"0002 False\n"


@pytest.mark.slow
async def test_processes_that_start_at_once_migrate_once(url: str) -> None:
    processes = await asyncio.gather(*(migrating_process(url) for _ in range(4)))
    ended = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [output.split()[0] for output, _ in ended] == [b"0002"] * 4
    database = Database(url)
    results = await database.run(lambda session: session.scalars(select(Result.match_id)).all())
    await database.close()
    assert results == ["m1"]


async def test_services_in_one_database_have_versions_of_their_own(database: Database) -> None:
    await database.migrate(EXAMPLE)
    tables = await database.run(
        lambda session: session.scalars(text("SELECT name FROM sqlite_master")).all()
    )
    assert "alembic_version_example" in tables


async def test_a_database_from_the_future_is_refused(database: Database) -> None:
    await database.migrate(EXAMPLE)
    future = text("UPDATE alembic_version_example SET version_num = '0009'")
    await database.run(lambda session: session.execute(future))
    with pytest.raises(StartError, match=r"revision 0009, .* only knows up to 0002"):
        await database.migrate(EXAMPLE)


@pytest.fixture
def copied_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example as a package `copied` of its own, for tests that add revisions."""
    source = Path(__file__).parent / "example"
    shutil.copytree(source, tmp_path / "copied", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "copied" / "migrations" / "versions"


async def test_a_failing_revision_changes_nothing(database: Database, copied_example: Path) -> None:
    failing = """
from alembic import op
revision, down_revision = "0003", "0002"
def upgrade():
    op.execute("DELETE FROM results")
    op.execute("INSERT INTO nowhere VALUES (1)")
"""
    (copied_example / "0003_failing.py").write_text(failing)
    with pytest.raises(Exception, match="no such table: nowhere"):
        await database.migrate("copied")
    tables = await database.run(
        lambda session: session.scalars(text("SELECT name FROM sqlite_master")).all()
    )
    assert tables == []


async def test_a_revision_that_breaks_references_changes_nothing(
    database: Database, copied_example: Path
) -> None:
    breaking = """
from alembic import op
revision, down_revision = "0003", "0002"
def upgrade():
    op.execute("DELETE FROM players")
"""
    (copied_example / "0003_breaking.py").write_text(breaking)
    with pytest.raises(RuntimeError, match="dangling references"):
        await database.migrate("copied")


async def test_a_file_name_that_is_not_its_revision_is_found_out(
    database: Database, copied_example: Path
) -> None:
    (copied_example / "0002_rating_is_a_double.py").rename(copied_example / "0005_wrong.py")
    with pytest.raises(RuntimeError, match="file 0005_"):
        await database.migrate("copied")


async def test_an_empty_database_gets_a_snapshot_and_the_revisions_after_it(
    database: Database, copied_example: Path
) -> None:
    snapshot = """
CREATE TABLE alembic_version_copied (version_num VARCHAR(32) NOT NULL);
INSERT INTO "alembic_version_copied" VALUES('0002');
CREATE TABLE players (name VARCHAR NOT NULL PRIMARY KEY);
INSERT INTO "players" VALUES('of the snapshot; first');
"""
    (copied_example.parent / "sqlite.sql").write_text(snapshot)
    later = """
from alembic import op
revision, down_revision = "0003", "0002"
def upgrade():
    op.execute("INSERT INTO players VALUES ('of the revision')")
"""
    (copied_example / "0003_later.py").write_text(later)
    assert await database.migrate("copied") == "0003"
    players = await database.run(
        lambda session: session.scalars(text("SELECT name FROM players")).all()
    )
    assert players == ["of the snapshot; first", "of the revision"]
