"""The registry's rows in SQL.

Statements are made once, with their values left open: SQLAlchemy then compiles each once and knows
it again by its identity, which takes a quarter of the processor time of a fresh one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Final, TypeVar

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services._harness.sql.database import Database
from services.model.mirror.outbox import Mirrored
from services.model.registry.policy import Alias, Event, Lease
from services.model.store import Transaction
from services.model.stores.sql.checks import SqlChecks, SqlConfigs
from services.model.stores.sql.experiments import SqlExperiments
from services.model.stores.sql.keeping import SqlHolds, SqlRules
from services.model.stores.sql.moves import SqlMoves
from services.model.stores.sql.outbox import SqlOutbox
from services.model.stores.sql.references import SqlReferences
from services.model.stores.sql.tables import ALIASES, EVENTS, FILES, LEASES, REVISION
from services.model.stores.sql.utc import in_utc
from services.model.stores.sql.versions import SqlVersions

T = TypeVar("T")

_LOCK: Final = select(REVISION.c.value).with_for_update()
_REVISION: Final = select(REVISION.c.value)
_ADVANCE: Final = (
    update(REVISION).values(value=REVISION.c.value + bindparam("count")).returning(REVISION.c.value)
)

_ALIASES_OF: Final = (
    select(ALIASES).where(ALIASES.c.name == bindparam("of")).order_by(ALIASES.c.alias)
)
_ALIAS: Final = select(ALIASES).where(
    ALIASES.c.name == bindparam("of"), ALIASES.c.alias == bindparam("called")
)
_ADD_ALIAS: Final = insert(ALIASES)
_MOVE_ALIAS: Final = (
    update(ALIASES)
    .where(ALIASES.c.name == bindparam("of"), ALIASES.c.alias == bindparam("called"))
    .values(number=bindparam("number"), revision=bindparam("revision"))
    .returning(ALIASES.c.number)
)

_ADD_EVENT: Final = insert(EVENTS)
_FORGET_EVENTS: Final = delete(EVENTS).where(EVENTS.c.revision <= bindparam("last"))
_OLDEST_EVENT: Final = select(func.min(EVENTS.c.revision))
_EVENTS_AFTER: Final = (
    select(EVENTS)
    .where(EVENTS.c.revision > bindparam("after"))
    .order_by(EVENTS.c.revision)
    .limit(bindparam("most"))
)
_EVENTS_OF_AFTER: Final = _EVENTS_AFTER.where(EVENTS.c.name == bindparam("of"))

_LEASE: Final = select(LEASES).where(LEASES.c.name == bindparam("of"))
_ADD_LEASE: Final = insert(LEASES)
_CHANGE_LEASE: Final = (
    update(LEASES)
    .where(LEASES.c.name == bindparam("of"))
    .values({each.name: bindparam(each.name) for each in LEASES.columns if each.name != "name"})
    .returning(LEASES.c.fence)
)


_FILE: Final = select(FILES.c.content).where(FILES.c.sha256 == bindparam("of"))
_ADD_FILE: Final = {
    "sqlite": sqlite.insert(FILES).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(FILES).on_conflict_do_nothing(),
}
_DELETE_FILES: Final = (
    delete(FILES)
    .where(FILES.c.sha256.in_(bindparam("these", expanding=True)))
    .returning(FILES.c.sha256)
)


class SqlRegistry:
    """A `RegistryStore` in a database that has been migrated; keeps the newest `keep_events`."""

    def __init__(self, database: Database, keep_events: int, mirrored: Mirrored = "none") -> None:
        """`mirrored` says which changes are put into the outbox of a mirror."""
        self._database = database
        self._keep_events, self._mirrored = keep_events, mirrored

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` in one transaction."""
        return await self._database.run_statements(
            lambda connection: work(SqlTransaction(connection, self._keep_events, self._mirrored))
        )


class SqlTransaction:
    """One transaction of a connection."""

    def __init__(self, connection: Connection, keep_events: int, mirrored: Mirrored) -> None:
        self._connection = connection
        self.outbox = SqlOutbox(connection, mirrored)
        self.versions = SqlVersions(connection)
        self.aliases = SqlAliases(connection)
        self.moves = SqlMoves(connection)
        self.references = SqlReferences(connection)
        self.events = SqlEvents(connection, self.versions, keep_events, self.outbox)
        self.checks = SqlChecks(connection)
        self.configs = SqlConfigs(connection)
        self.holds = SqlHolds(connection)
        self.rules = SqlRules(connection)
        self.leases = SqlLeases(connection)
        self.files = SqlFiles(connection)
        self.experiments = SqlExperiments(connection)

    def lock(self) -> None:
        """Locks the one row that every writer locks first.

        A transaction of SQLite has the whole database from its beginning.
        """
        if self._connection.dialect.name != "sqlite":
            self._connection.execute(_LOCK)

    def revision(self) -> int:
        """The present revision."""
        revision: int = self._connection.execute(_REVISION).scalar_one()
        return revision

    def advance(self, count: int = 1) -> int:
        """Raises the revision so far and returns the first of the new ones."""
        revision: int = self._connection.execute(_ADVANCE, {"count": count}).scalar_one()
        return revision - count + 1


class SqlAliases:
    """`Aliases` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str, alias: str) -> Alias | None:
        """The alias, or None."""
        row = self._connection.execute(_ALIAS, {"of": name, "called": alias}).first()
        return Alias(*row) if row else None

    def of(self, name: str) -> list[Alias]:
        """All aliases of a name, sorted."""
        return [Alias(*row) for row in self._connection.execute(_ALIASES_OF, {"of": name})]

    def put(self, alias: Alias) -> None:
        """Adds or moves an alias."""
        value = {"number": alias.number, "revision": alias.revision}
        which = {"of": alias.name, "called": alias.alias}
        if self._connection.execute(_MOVE_ALIAS, {**which, **value}).first() is None:
            added = {"name": alias.name, "alias": alias.alias, **value}
            self._connection.execute(_ADD_ALIAS, added)


class SqlLeases:
    """`Leases` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Lease | None:
        """The last lease of a name, or None."""
        row = self._connection.execute(_LEASE, {"of": name}).first()
        if row is None:
            return None
        name, owner, run_id, place, fence, expires = row
        return Lease(
            name=name,
            owner=owner,
            run_id=run_id,
            place=place,
            fence=fence,
            expires=in_utc(expires),
        )

    def put(self, lease: Lease) -> None:
        """Adds or replaces the lease of a name."""
        values = asdict(lease)
        which = {"of": values.pop("name")}
        if self._connection.execute(_CHANGE_LEASE, {**which, **values}).first() is None:
            self._connection.execute(_ADD_LEASE, {"name": lease.name, **values})


class SqlFiles:
    """`Files` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, sha256: str) -> bytes | None:
        """The file, or None."""
        content = self._connection.execute(_FILE, {"of": sha256}).scalar_one_or_none()
        return None if content is None else bytes(content)

    def put(self, sha256: str, content: bytes) -> None:
        """Adds a file, unless it is there."""
        statement = _ADD_FILE[self._connection.dialect.name]
        self._connection.execute(statement, {"sha256": sha256, "content": content})

    def delete(self, sha256s: Collection[str]) -> set[str]:
        """Deletes files; those of them that were there."""
        return set(self._connection.execute(_DELETE_FILES, {"these": list(sha256s)}).scalars())


class SqlEvents:
    """`Events` in SQL; an event refers to the version that it is about."""

    def __init__(
        self, connection: Connection, versions: SqlVersions, keep: int, outbox: SqlOutbox
    ) -> None:
        self._connection, self._outbox = connection, outbox
        self._versions = versions
        self._keep = keep

    def append(self, events: Sequence[Event]) -> None:
        """Adds the newest changes in order, and now and then forgets those that are too many."""
        added = [
            {
                "revision": event.revision,
                "name": event.subject.name,
                "number": event.subject.number,
                "alias": event.subject.alias if isinstance(event.subject, Alias) else "",
            }
            for event in events
        ]
        self._connection.execute(_ADD_EVENT, added)
        self._outbox.add(events)
        last, once_in = events[-1].revision, max(1, self._keep // 100)
        if last // once_in > (events[0].revision - 1) // once_in:
            self._connection.execute(_FORGET_EVENTS, {"last": last - self._keep})

    def after(self, revision: int, name: str, limit: int) -> list[Event]:
        """The first `limit` changes after a revision, in order."""
        asked = {"after": revision, "most": limit}
        if name:
            rows = self._connection.execute(_EVENTS_OF_AFTER, {**asked, "of": name}).all()
        else:
            rows = self._connection.execute(_EVENTS_AFTER, asked).all()
        versions = self._versions.get_all({(r.name, r.number) for r in rows if not r.alias})
        return [
            Event(
                row.revision,
                Alias(row.name, row.alias, row.number, row.revision)
                if row.alias
                else versions[row.name, row.number],
            )
            for row in rows
        ]

    def oldest(self) -> int | None:
        """Lowest revision that is still kept."""
        oldest: int | None = self._connection.execute(_OLDEST_EVENT).scalar_one()
        return oldest
