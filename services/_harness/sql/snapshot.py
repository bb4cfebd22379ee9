"""`python -m services._harness.sql.snapshot` writes `migrations/sqlite.sql` of all with tables.

To be run after a revision was added or changed; a test compares the files with the revisions.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine

from mazemesh.sqlite_url import sqlite_url
from services._harness.sql.migrations import SNAPSHOT, upgrade_by_revisions

SERVICES = Path(__file__).parents[2]


def packages_with_tables() -> tuple[str, ...]:
    """Packages that have revisions: of services, and of what they share."""
    folders = (found.parent.relative_to(SERVICES) for found in SERVICES.glob("**/migrations"))
    return tuple(sorted(".".join(("services", *folder.parts)) for folder in folders))


def snapshot(package: str) -> str:
    """All that a package's revisions make of an empty SQLite database, as SQL."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite"
        engine = create_engine(sqlite_url(file))
        upgrade_by_revisions(engine, package)
        engine.dispose()
        with closing(sqlite3.connect(file)) as connection:
            # The first and the last begin and commit a transaction, which a start has of its own.
            statements = [*connection.iterdump()][1:-1]
    lines = "\n".join(each for each in statements if "sqlite_sequence" not in each).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def path(package: str) -> Path:
    """Where a package's snapshot is kept."""
    return SERVICES.joinpath(*package.split(".")[1:]) / "migrations" / SNAPSHOT


if __name__ == "__main__":
    for each in packages_with_tables():
        path(each).write_text(snapshot(each))
