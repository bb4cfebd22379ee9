"""What an empty SQLite database gets at once is what the revisions make of it."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from services._harness.sql.migrations import migrate, upgrade_by_revisions
from services._harness.sql.snapshot import packages_with_tables, path


def content(engine: Engine) -> tuple[set[str], dict[str, list[tuple[object, ...]]]]:
    """All definitions, without regard to spaces, and the rows of each table."""
    with engine.connect() as connection:
        made = connection.execute(text("SELECT name, type, sql FROM sqlite_master")).all()
        rows = {
            name: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))]
            for name, kind, _ in made
            if kind == "table"
        }
    return {" ".join(f"{name} {kind} {sql}".split()) for name, kind, sql in made}, rows


def test_packages_with_tables_are_found() -> None:
    names = "elo", "game", "matchmaker", "model", "_harness.access"
    assert set(packages_with_tables()) >= {f"services.{name}" for name in names}


@pytest.mark.parametrize("package", packages_with_tables())
def test_a_snapshot_is_what_the_revisions_make(package: str, tmp_path: Path) -> None:
    assert path(package).exists(), "python -m services._harness.sql.snapshot writes it"
    laid_down = create_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    revised = create_engine(f"sqlite:///{tmp_path / 'b.sqlite'}")
    revision = migrate(laid_down, package)
    upgrade_by_revisions(revised, package)
    hint = "python -m services._harness.sql.snapshot writes it anew"
    assert content(laid_down) == content(revised), hint
    assert migrate(revised, package) == revision
