"""Databases as an older mazemesh left them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from services._harness import migrations
from services._harness.database import Database


def upgrade_to(database: Database, service: str, revision: str) -> None:
    """As `migrate` does, but only so far."""
    config = Config()
    harness = Path(migrations.__file__).parent
    config.set_main_option("script_location", str(harness / "alembic"))
    versions = harness.parent / service / "migrations" / "versions"
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    with database.engine.begin() as connection:
        config.attributes.update(connection=connection, version_table=f"alembic_version_{service}")
        command.upgrade(config, revision)
