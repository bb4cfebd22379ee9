"""Databases as an older mazemesh left them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from services._harness.sql import migrations
from services._harness.sql.database import Database


def upgrade_to(database: Database, service: str, revision: str) -> None:
    """As `migrate` does, but only so far."""
    config = Config()
    here = Path(migrations.__file__).parent
    config.set_main_option("script_location", str(here / "alembic"))
    versions = here.parents[1] / service / "migrations" / "versions"
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    with database.engine.begin() as connection:
        config.attributes.update(connection=connection, version_table=f"alembic_version_{service}")
        command.upgrade(config, revision)
