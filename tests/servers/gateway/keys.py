"""Keys of a mesh that asks for them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from mazemesh.sqlite_url import sqlite_url
from services._harness.access.callers.keys import new_key
from services._harness.access.callers.roles import Role
from services._harness.access.callers.sql_keys import PACKAGE, SqlKeys
from services._harness.sql.database import Database

_POLICIES = {Role.TRAINER: ("race",)}
_PLAYERS = {Role.PLAYER: "player/zoe"}
ROLES = (Role.VIEWER, Role.PLAYER, Role.WORKER, Role.TRAINER, Role.OPERATOR, Role.ADMIN)


def keys_in(folder: Path) -> dict[str, str]:
    """One key of each role, by the role's name; the Game service's too."""
    return asyncio.run(_made(folder))


async def _made(folder: Path) -> dict[str, str]:
    database = Database(sqlite_url(folder / "access.sqlite"))
    try:
        await database.migrate(PACKAGE)
        store, texts = SqlKeys(database), {}
        for role in (*ROLES, Role.GAME_SERVICE):
            key, text = new_key(
                role,
                time.time(),
                label=f"{role.value} of the tests",
                policies=_POLICIES.get(role, ()),
                player=_PLAYERS.get(role, ""),
            )
            await store.add(key)
            texts[role.value] = text
        return texts
    finally:
        await database.close()
