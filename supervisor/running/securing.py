"""TLS and keys for a mesh on one machine: made at its start, kept in its data folder.

`certs/` has a CA of the mesh's own and a certificate, `keys/` a key for each role that a process of
the mesh has, and one for the person who started it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from services._harness.access.roles import Role
    from services._harness.access.store import KeyStore

OWNER: Final = "admin"
"""Role of the person's own key, which commands on the data folder take."""

_SERVICE_ROLES: Final = {
    "game": "game-service",
    "matchmaker": "matchmaker-service",
    "model": "model-service",
}
_WORKER_ROLES: Final = {"learner": "trainer", "actor": "worker", "evaluator": "worker"}
_DAYS: Final = 365.0


@dataclass(frozen=True)
class Security:
    """Files that let the processes of a mesh trust each other.

    Attributes:
        ca, cert, cert_key: PEM files.
        keys: File of each role's key.
    """

    ca: Path
    cert: Path
    cert_key: Path
    keys: Mapping[str, Path]

    def of_service(self, service: str) -> dict[str, str]:
        """What tells a service to ask for keys over TLS, and to show its own."""
        role = _SERVICE_ROLES.get(service)
        return {
            "MAZEMESH_KEYS": "on",
            "MAZEMESH_TLS_CERT": str(self.cert),
            "MAZEMESH_TLS_KEY": str(self.cert_key),
            **(self._of_client(role) if role else {}),
        }

    def of_worker(self, kind: str) -> dict[str, str]:
        """What lets a learner, an actor or an evaluator in."""
        return self._of_client(_WORKER_ROLES[kind])

    @property
    def of_owner(self) -> dict[str, str]:
        """What lets in whoever started the mesh."""
        return self._of_client(OWNER)

    def _of_client(self, role: str) -> dict[str, str]:
        return {"MAZEMESH_TLS_CA": str(self.ca), "MAZEMESH_KEY_FILE": str(self.keys[role])}


async def secure(data_dir: Path, host: str, database_url: str, policy: str) -> Security:
    """Makes what is missing: a CA, a certificate for this machine, and the keys.

    Args:
        data_dir: Of the mesh.
        host: That the services listen on.
        database_url: Where the keys are kept; "" is the data folder.
        policy: Prefix of the names that the learners publish under.

    Raises:
        StartError: the database cannot be used.
        Conflict: `certs/` has one half of a CA.
    """
    from services._harness.access.certificates import (
        CA_CERTIFICATE,
        make_authority,
        make_certificate,
    )
    from services._harness.access.sql_keys import PACKAGE, SqlKeys
    from services._harness.database import Database

    certs = data_dir / "certs"
    await asyncio.to_thread(make_authority, certs)
    hosts = dict.fromkeys(("localhost", "127.0.0.1", "::1", host))
    cert, cert_key = make_certificate(certs, "server", tuple(hosts), _DAYS)
    database = Database(database_url or access_database(data_dir))
    try:
        await database.migrate(PACKAGE)
        keys = await _keys(SqlKeys(database), data_dir / "keys", policy)
    finally:
        await database.close()
    return Security(certs / CA_CERTIFICATE, cert, cert_key, keys)


def access_database(data_dir: Path) -> str:
    """URL of the data folder's own keys."""
    from mazemesh.sqlite_url import sqlite_url

    return sqlite_url(data_dir / "access.sqlite")


async def _keys(store: KeyStore, folder: Path, policy: str) -> dict[str, Path]:
    from services._harness.access.roles import Role

    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    good = {key.id for key in await store.keys() if not key.why_void(time.time())}
    roles = {*_SERVICE_ROLES.values(), *_WORKER_ROLES.values(), OWNER}
    files = {}
    for role in sorted(roles):
        files[role] = folder / f"{role}.key"
        if _id_in(files[role]) not in good:
            await _make(store, files[role], Role(role), policy)
    return files


def _id_in(file: Path) -> str:
    from mazemesh.client.credentials import read_key_file
    from services._harness.access.keys import split

    parts = split(read_key_file(file)) if file.exists() else None
    return parts[0] if parts else ""


async def _make(store: KeyStore, file: Path, role: Role, policy: str) -> None:
    from services._harness.access.keys import new_key
    from services._harness.access.roles import Role as Roles

    policies = (policy,) if role is Roles.TRAINER else ()
    key, text = new_key(role, time.time(), label="mazemesh up", policies=policies)
    # Made before anything is in it, and for its owner alone.
    temporary = file.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600, exist_ok=False)
    temporary.write_text(f"{text}\n")
    await store.add(key)
    temporary.replace(file)
