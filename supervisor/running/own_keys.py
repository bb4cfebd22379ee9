"""Keys of the mesh's own processes, where its services ask for keys."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from services._harness import ServiceSettings

FOLDER: Final = "access"
"""Of the key files, under the data folder; of mode 700."""

OPERATOR: Final = "operator.key"
"""The key by which commands on the data folder, and the display, reach the services."""


_LAPTOP: Final = ("127.0.0.1", "localhost", "::1")


def prepare(
    data_dir: Path, host: str, policies: tuple[str, ...], database_url: str | None = None
) -> Mapping[str, Path]:
    """Key files for processes by the beginning of their names; none where no key is asked for.

    Keys that are there and still good are taken again. They are in the services' database, that of
    the environment unless one is given.

    Raises:
        InvalidArgument: the services would refuse to listen on `host`, or the database of keys
            cannot be used; the message says why.
    """
    if host in _LAPTOP and os.environ.get("MAZEMESH_KEYS", "") in ("", "auto", "off"):
        return {}  # a mesh on a laptop starts without what is loaded below
    from mazemesh.errors import InvalidArgument
    from mazemesh.process.errors import StartError
    from services._harness import Port
    from services._harness import ServiceSettings as Settings
    from services._harness.access.exposure import check_exposure

    class OfMesh(Settings):
        """What its services are told by the environment, as far as access goes."""

        component: ClassVar[str] = "mesh"
        port: Port = 0

    given: dict[str, Any] = {} if database_url is None else {"database_url": database_url}
    settings = OfMesh(data_dir=data_dir, host=host, **given)
    try:
        check_exposure(settings)
        return asyncio.run(_prepare(settings, policies)) if settings.asks_for_keys else {}
    except StartError as error:
        raise InvalidArgument(str(error)) from error


async def _prepare(settings: ServiceSettings, trained: tuple[str, ...]) -> dict[str, Path]:
    from mazemesh.client.credentials import read_key_file
    from services._harness.access.callers.keys import new_key, split
    from services._harness.access.callers.roles import Role
    from services._harness.access.callers.sql_keys import PACKAGE, SqlKeys
    from services._harness.sql.database import Database

    wanted: dict[str, tuple[Role, tuple[str, ...]]] = {
        "game": (Role.GAME_SERVICE, ()),
        "matchmaker": (Role.MATCHMAKER_SERVICE, ()),
        "model": (Role.MODEL_SERVICE, ()),
        # Exploiters are named after their policy.
        "learner": (Role.TRAINER, trained),
        "actor": (Role.WORKER, ()),
        "evaluator": (Role.WORKER, ()),
        # What people look at; what they do shows their own keys.
        "gateway": (Role.VIEWER, ()),
        # What training jobs show, which the gateway starts for those whose keys may train.
        "trainer": (Role.TRAINER, ("*",)),
        "worker": (Role.WORKER, ()),
        "operator": (Role.OPERATOR, ()),
    }
    folder = settings.data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.access_database_url)
    try:
        await database.migrate(PACKAGE)
        store, now = SqlKeys(database), time.time()
        known = {key.id: key for key in await store.keys()}
        files = {}
        for name, (role, policies) in wanted.items():
            file = files[name] = folder / f"{name}.key"
            parts = split(read_key_file(file)) if file.exists() else None
            key = known.get(parts[0]) if parts else None
            if key is not None and parts is not None and key.fits(parts[1]):
                good = not key.why_void(now)
                every = () if "*" in policies else policies
                if good and (key.role, key.policies) == (role, every):
                    continue
            key, text = new_key(role, now, label=f"mazemesh up: {name}", policies=policies)
            await store.add(key)
            _write(file, text)
        return files
    finally:
        await database.close()


def _write(file: Path, text: str) -> None:
    temporary = file.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(number, "w") as stream:
        stream.write(text + "\n")
    temporary.replace(file)


def use_as_operator(files: Mapping[str, Path]) -> None:
    """Has this process show the operator's key, unless it was given another one."""
    if files and not os.environ.get("MAZEMESH_KEY") and not os.environ.get("MAZEMESH_KEY_FILE"):
        os.environ["MAZEMESH_KEY_FILE"] = str(files["operator"])


def of(files: Mapping[str, Path], process: str) -> tuple[str, ...]:
    """The flag for a process, e.g. `learner-race-exploiter`; none where it has no key."""
    file = files.get(process.partition("-")[0])
    return () if file is None else ("--key-file", str(file))
