"""`python -m services._harness.snapshot`: writes each service's `migrations/sqlite.sql`.

To be run after a revision was added or changed; a test compares the files with the revisions.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine

from mazemesh.sqlite_url import sqlite_url
from services._harness.migrations import SNAPSHOT, upgrade_by_revisions

SERVICES = Path(__file__).parents[1]


def services_with_tables() -> tuple[str, ...]:
    """Names of the services that have revisions."""
    return tuple(sorted(folder.parent.name for folder in SERVICES.glob("*/migrations")))


def snapshot(service: str) -> str:
    """All that a service's revisions make of an empty SQLite database, as SQL."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite"
        engine = create_engine(sqlite_url(file))
        upgrade_by_revisions(engine, f"services.{service}")
        engine.dispose()
        with closing(sqlite3.connect(file)) as connection:
            # The first and the last begin and commit a transaction, which a start has of its own.
            statements = [*connection.iterdump()][1:-1]
    lines = "\n".join(each for each in statements if "sqlite_sequence" not in each).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def path(service: str) -> Path:
    """Where a service's snapshot is kept."""
    return SERVICES / service / "migrations" / SNAPSHOT


if __name__ == "__main__":
    for each in services_with_tables():
        path(each).write_text(snapshot(each))
