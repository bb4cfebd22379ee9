"""What files were checked for, and what runs were started with, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.model.checks import Check, from_text, to_text
from services.model.stores.sql.tables import CONFIGS, GRAPH_CHECKS, VERSIONS

_ONE: Final = (VERSIONS.c.name == bindparam("of"), VERSIONS.c.number == bindparam("which"))
_GET: Final = select(VERSIONS.c.checks).where(*_ONE)
_CHANGE: Final = update(VERSIONS).where(*_ONE).values(checks=bindparam("text"))
_GRAPH: Final = select(GRAPH_CHECKS.c.version, GRAPH_CHECKS.c.checks).where(
    GRAPH_CHECKS.c.graph_sha256 == bindparam("of")
)
_ADD_GRAPH: Final = {
    "sqlite": sqlite.insert(GRAPH_CHECKS).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(GRAPH_CHECKS).on_conflict_do_nothing(),
}
_CONFIG: Final = select(CONFIGS.c.key, CONFIGS.c.value).where(
    CONFIGS.c.config_sha256 == bindparam("of")
)
_HAS_CONFIG: Final = (
    select(CONFIGS.c.key).where(CONFIGS.c.config_sha256 == bindparam("of")).limit(1)
)
_ADD_CONFIG: Final = insert(CONFIGS)


class SqlChecks:
    """`Checks` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, name: str, number: int, checks: Sequence[Check]) -> None:
        """Keeps a version's own checks, in place of those before."""
        change = {"of": name, "which": number, "text": to_text(checks)}
        self._connection.execute(_CHANGE, change)

    def get(self, name: str, number: int) -> tuple[Check, ...]:
        """A version's own checks."""
        found = self._connection.execute(_GET, {"of": name, "which": number}).scalar_one_or_none()
        return from_text(found or "")

    def put_graph(self, graph_sha256: str, of: str, checks: Sequence[Check]) -> None:
        """Keeps the checks of a graph, unless it has some."""
        row = {"graph_sha256": graph_sha256, "version": of, "checks": to_text(checks)}
        self._connection.execute(_ADD_GRAPH[self._connection.dialect.name], row)

    def graph(self, graph_sha256: str) -> tuple[str, tuple[Check, ...]]:
        """The checks of a graph, and with whose file they were made."""
        row = self._connection.execute(_GRAPH, {"of": graph_sha256}).first()
        return ("", ()) if row is None else (row.version, from_text(row.checks))


class SqlConfigs:
    """`Configs` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, sha256: str, config: Mapping[str, str]) -> None:
        """Keeps a config, unless it is there."""
        if config and self._connection.execute(_HAS_CONFIG, {"of": sha256}).first() is None:
            rows = [
                {"config_sha256": sha256, "key": key, "value": value}
                for key, value in sorted(config.items())
            ]
            self._connection.execute(_ADD_CONFIG, rows)

    def get(self, sha256: str) -> dict[str, str]:
        """The config; empty without one."""
        found = self._connection.execute(_CONFIG, {"of": sha256}) if sha256 else ()
        return {row.key: row.value for row in found}
