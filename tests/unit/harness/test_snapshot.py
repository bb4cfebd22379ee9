"""What an empty SQLite database gets at once is what the revisions make of it."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from services._harness.migrations import migrate, upgrade_by_revisions
from services._harness.snapshot import path, services_with_tables


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


def test_services_with_tables_are_found() -> None:
    assert set(services_with_tables()) >= {"elo", "game", "matchmaker", "model"}


@pytest.mark.parametrize("service", services_with_tables())
def test_a_snapshot_is_what_the_revisions_make(service: str, tmp_path: Path) -> None:
    assert path(service).exists(), "python -m services._harness.snapshot writes it"
    laid_down = create_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    revised = create_engine(f"sqlite:///{tmp_path / 'b.sqlite'}")
    revision = migrate(laid_down, f"services.{service}")
    upgrade_by_revisions(revised, f"services.{service}")
    hint = "python -m services._harness.snapshot writes it anew"
    assert content(laid_down) == content(revised), hint
    assert migrate(revised, f"services.{service}") == revision
