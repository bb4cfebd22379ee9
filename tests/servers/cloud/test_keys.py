"""Keys that Terraform drew are good at a service, and certificates fit; both rest on access."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from mazemesh.sqlite_url import sqlite_url
from supervisor.cloud.machine.keys import enter
from supervisor.cloud.operating.certificates import authority_of, ensure, hosts

SECRET = "Z" * 43


def test_a_key_is_entered_once_with_its_role(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "access.sqlite")
    keys = {"worker": ("a" * 12, SECRET), "game-service": ("b" * 12, SECRET)}
    assert asyncio.run(enter(keys, url)) == ["worker", "game-service"]
    assert asyncio.run(enter(keys, url)) == []

    async def stored() -> dict[str, Any]:
        sql: Any = import_module("services._harness.access.callers.sql_keys")
        harness: Any = import_module("services._harness.sql.database")
        database = harness.Database(url)
        try:
            return {key.id: key for key in await sql.SqlKeys(database).keys()}
        finally:
            await database.close()

    found = asyncio.run(stored())
    assert found["a" * 12].fits(SECRET)
    assert found["b" * 12].role.value == "game-service"


def test_certificates_are_made_once_and_anew_for_another_address(
    aws: Callable[[str], Any],
) -> None:
    manager = aws("secretsmanager")
    secrets = {
        name: manager.create_secret(Name=f"certificates/{name}")["ARN"]
        for name in ("tls", "authority")
    }
    assert authority_of(secrets, manager) is None
    assert ensure(secrets, hosts("203.0.113.7", "mesh"), manager)
    first = authority_of(secrets, manager)
    assert first is not None
    assert not ensure(secrets, hosts("203.0.113.7", "mesh"), manager)
    assert ensure(secrets, hosts("mesh.example.org", "mesh"), manager)
    assert authority_of(secrets, manager) == first, "clients go on trusting the same authority"
    kept = json.loads(manager.get_secret_value(SecretId=secrets["authority"])["SecretString"])
    assert "PRIVATE KEY" in kept["key"]
