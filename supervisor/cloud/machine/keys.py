"""`python -m supervisor.cloud.machine.keys`: enters the mesh's own API keys where services look.

The keys were drawn by Terraform, straight into Secrets Manager. A machine of the services enters
them before its services start; entering one twice changes nothing.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import structlog

from mazemesh.process.errors import StartError
from mazemesh.process.logging import configure_logging
from supervisor.cloud.machine.settings import MachineSettings

log = structlog.get_logger("cloud.keys")

SUFFIX: Final = ".key"
_KEY: Final = re.compile(r"mm_([0-9a-z]{12})_([A-Za-z0-9_-]{43})")


def read_keys(folder: Path) -> dict[str, tuple[str, str]]:
    """Id and secret part by role, of the key files in a folder.

    Raises:
        StartError: a file holds no key.
    """
    keys = {}
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        found = _KEY.fullmatch(file.read_text().strip())
        if found is None:
            raise StartError(f"{file} should hold a key: mm_, 12 characters, _ and 43 characters")
        keys[file.name.removesuffix(SUFFIX)] = (found[1], found[2])
    return keys


async def enter(keys: Mapping[str, tuple[str, str]], database_url: str) -> list[str]:
    """Roles whose keys were not there and now are."""
    # Late and by name: access is a room of the services' harness, loaded where it is used.
    access: Any = import_module("services._harness.access.callers.keys")
    roles: Any = import_module("services._harness.access.callers.roles")
    sql: Any = import_module("services._harness.access.callers.sql_keys")
    harness: Any = import_module("services._harness.sql.database")
    database = harness.Database(database_url)
    try:
        await database.migrate(sql.PACKAGE)
        store = sql.SqlKeys(database)
        known = {key.id for key in await store.keys()}
        entered = []
        for role, (identifier, secret) in keys.items():
            if identifier in known:
                continue
            import hashlib

            digest = hashlib.sha256(secret.encode()).hexdigest()
            key = access.Key(
                identifier,
                digest,
                roles.Role(role),
                f"mazemesh cloud: {role}",
                create_time=time.time(),
            )
            await store.add(key)
            entered.append(role)
        return entered
    finally:
        await database.close()


def main() -> None:
    """Enters the keys of /run/mazemesh."""
    import os

    from mazemesh.sqlite_url import sqlite_url

    configure_logging("cloud", "auto", "info")
    try:
        settings = MachineSettings.from_environment()
        url = os.environ.get("MAZEMESH_DATABASE_URL") or sqlite_url(
            settings.data_dir / "access.sqlite"
        )
        entered = asyncio.run(enter(read_keys(settings.run_folder), url))
        log.info("keys are entered", new=entered)
    except StartError as error:
        log.error("cannot start: %s", error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
