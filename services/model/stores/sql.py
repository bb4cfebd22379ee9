"""The registry's rows in SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from services._harness.database import Database
from services.model.policy import Alias, Event
from services.model.store import Transaction
from services.model.stores.sql_versions import SqlVersions
from services.model.stores.tables import ALIASES, EVENTS, REVISION

T = TypeVar("T")


class SqlRegistry:
    """A `RegistryStore` in a database that has been migrated; keeps the newest `keep_events`."""

    def __init__(self, database: Database, keep_events: int) -> None:
        self._database = database
        self._keep_events = keep_events

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` in one transaction."""
        return await self._database.run(
            lambda session: work(SqlTransaction(session, self._keep_events))
        )


class SqlTransaction:
    """One transaction of a session."""

    def __init__(self, session: Session, keep_events: int) -> None:
        self._session = session
        self.versions = SqlVersions(session)
        self.aliases = SqlAliases(session)
        self.events = SqlEvents(session, self.versions, keep_events)

    def lock(self) -> None:
        """Locks the one row that every writer locks first."""
        self._session.execute(select(REVISION.c.value).with_for_update())

    def revision(self) -> int:
        """The present revision."""
        revision: int = self._session.execute(select(REVISION.c.value)).scalar_one()
        return revision

    def advance(self) -> int:
        """Raises the revision by one and returns it."""
        raised = update(REVISION).values(value=REVISION.c.value + 1).returning(REVISION.c.value)
        revision: int = self._session.execute(raised).scalar_one()
        return revision


class SqlAliases:
    """`Aliases` in SQL."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, name: str, alias: str) -> Alias | None:
        """The alias, or None."""
        query = select(ALIASES).where(ALIASES.c.name == name, ALIASES.c.alias == alias)
        row = self._session.execute(query).first()
        return Alias(*row) if row else None

    def of(self, name: str) -> list[Alias]:
        """All aliases of a name, sorted."""
        query = select(ALIASES).where(ALIASES.c.name == name).order_by(ALIASES.c.alias)
        return [Alias(*row) for row in self._session.execute(query)]

    def put(self, alias: Alias) -> None:
        """Adds or moves an alias."""
        key = {"name": alias.name, "alias": alias.alias}
        value = {"number": alias.number, "revision": alias.revision}
        moved = (
            update(ALIASES)
            .where(ALIASES.c.name == alias.name, ALIASES.c.alias == alias.alias)
            .values(**value)
            .returning(ALIASES.c.number)
        )
        if self._session.execute(moved).first() is None:
            self._session.execute(insert(ALIASES).values(**key, **value))


class SqlEvents:
    """`Events` in SQL; an event refers to the version that it is about."""

    def __init__(self, session: Session, versions: SqlVersions, keep: int) -> None:
        self._session = session
        self._versions = versions
        self._keep = keep

    def append(self, event: Event) -> None:
        """Adds the newest change and forgets those that are too many."""
        subject = event.subject
        self._session.execute(
            insert(EVENTS).values(
                revision=event.revision,
                name=subject.name,
                number=subject.number,
                alias=subject.alias if isinstance(subject, Alias) else "",
            )
        )
        self._session.execute(
            delete(EVENTS).where(EVENTS.c.revision <= event.revision - self._keep)
        )

    def after(self, revision: int, name: str, limit: int) -> list[Event]:
        """The first `limit` changes after a revision, in order."""
        query = select(EVENTS).where(EVENTS.c.revision > revision)
        if name:
            query = query.where(EVENTS.c.name == name)
        rows = self._session.execute(query.order_by(EVENTS.c.revision).limit(limit)).all()
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
        query = select(func.min(EVENTS.c.revision))
        oldest: int | None = self._session.execute(query).scalar_one()
        return oldest
