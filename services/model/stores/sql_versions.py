"""The versions of the registry in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    func,
    insert,
    not_,
    select,
    tuple_,
    update,
)

from services.model.registry.policy import State, Version
from services.model.store import Brief, Filter, Page
from services.model.stores.searching import LOOKED_AT, matching, of_index
from services.model.stores.tables import ALIASES, COUNTS, VERSIONS

_ALIASED = (
    select(ALIASES.c.alias)
    .where(ALIASES.c.name == VERSIONS.c.name, ALIASES.c.number == VERSIONS.c.number)
    .exists()
)


_GET_ALL: Final = select(VERSIONS).where(
    tuple_(VERSIONS.c.name, VERSIONS.c.number).in_(bindparam("keys", expanding=True))
)
_ALIASES_OF_ALL: Final = (
    select(ALIASES)
    .where(ALIASES.c.name.in_(bindparam("names", expanding=True)))
    .order_by(ALIASES.c.alias)
)
_BY_REQUEST: Final = select(VERSIONS).where(VERSIONS.c.request_id == bindparam("request"))
_LAST: Final = select(func.max(VERSIONS.c.number)).where(VERSIONS.c.name == bindparam("of"))
_NEXT_NAME: Final = select(func.min(VERSIONS.c.name)).where(VERSIONS.c.name > bindparam("after"))
_ADD: Final = insert(VERSIONS)
_RETIRE: Final = (
    update(VERSIONS)
    .where(VERSIONS.c.name == bindparam("of"), VERSIONS.c.number == bindparam("which"))
    .values(state=State.RETIRED, revision=bindparam("at"))
)
_SURPLUS: Final = (
    select(VERSIONS)
    .where(
        VERSIONS.c.name == bindparam("of"),
        VERSIONS.c.state == State.READY,
        not_(VERSIONS.c.snapshot),
        not_(_ALIASED),
    )
    .order_by(VERSIONS.c.number.desc())
    .limit(2**31 - 1)  # SQLite has no OFFSET without LIMIT
    .offset(bindparam("keep"))
)
_BRIEFS: Final = (
    select(
        VERSIONS.c.number,
        VERSIONS.c.snapshot,
        VERSIONS.c.created,
        VERSIONS.c.sha256,
        VERSIONS.c.size_bytes,
    )
    .where(VERSIONS.c.name == bindparam("of"), VERSIONS.c.state == State.READY)
    .order_by(VERSIONS.c.number)
)
_COUNT: Final = (
    update(COUNTS)
    .where(COUNTS.c.state == bindparam("of"))
    .values(
        versions=COUNTS.c.versions + bindparam("more"),
        file_bytes=COUNTS.c.file_bytes + bindparam("more_bytes"),
    )
    .returning(COUNTS.c.state)
)
_ADD_COUNT: Final = insert(COUNTS)
_COUNTS: Final = select(COUNTS)
_USES: Final = (
    select(VERSIONS.c.position)
    .where(VERSIONS.c.state == State.READY, VERSIONS.c.sha256 == bindparam("file"))
    .limit(1)
)


class SqlVersions:
    """`Versions` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str, number: int) -> Version | None:
        """The version, or None."""
        return self.get_all([(name, number)]).get((name, number))

    def get_all(self, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Version]:
        """Those of the (name, number) pairs that exist."""
        found = self._read(_GET_ALL, keys=list(keys))
        return {(version.name, version.number): version for _, version in found}

    def by_request(self, request_id: str) -> Version | None:
        """The version that a request made, or None."""
        found = self._read(_BY_REQUEST, request=request_id)
        return found[0][1] if found else None

    def last(self, name: str) -> int:
        """Highest number of a name, or 0."""
        last: int | None = self._connection.execute(_LAST, {"of": name}).scalar_one()
        return last or 0

    def names(self, limit: int) -> list[str]:
        """Names that have a version, sorted."""
        # Name by name, each from the index: a name may have a million versions.
        names: list[str] = []
        while len(names) < limit:
            after = {"after": names[-1] if names else ""}
            name = self._connection.execute(_NEXT_NAME, after).scalar_one()
            if name is None:
                break
            names.append(name)
        return names

    def add(self, version: Version) -> None:
        """Adds a version."""
        new_file = version.state is State.READY and not self.uses(version.sha256)
        self._connection.execute(_ADD, values(version))
        self._count(version.state, 1, version.size_bytes if new_file else 0)

    def retire(self, retired: Sequence[Version]) -> list[str]:
        """Marks READY versions RETIRED; files that no READY version has any more."""
        if not retired:
            return []
        rows = [{"of": one.name, "which": one.number, "at": one.revision} for one in retired]
        self._connection.execute(_RETIRE, rows)
        sizes = {one.sha256: one.size_bytes for one in retired}
        gone = sorted(sha256 for sha256 in sizes if not self.uses(sha256))
        self._count(State.READY, -len(rows), -sum(sizes[sha256] for sha256 in gone))
        self._count(State.RETIRED, len(rows), 0)
        return gone

    def surplus(self, name: str, keep: int) -> list[Version]:
        """READY versions without snapshot or alias but for the newest `keep`, oldest first."""
        found = self._connection.execute(_SURPLUS, {"of": name, "keep": keep}).all()
        return [_version(row, ()) for row in reversed(found)]

    def page(self, chosen: Filter, before: int, limit: int) -> Page:
        """At most `limit` versions, of `searching.LOOKED_AT` that are looked at."""
        base, more = of_index(chosen), matching(chosen)
        if before:
            base.append(VERSIONS.c.position < before)
        newest = select(VERSIONS.c.position).where(*base).order_by(VERSIONS.c.position.desc())
        if not more:
            query = select(VERSIONS).where(*base).order_by(VERSIONS.c.position.desc()).limit(limit)
            rows = self._read(query)
            return Page(rows, rows[-1][0] if len(rows) == limit else 0)
        last = self._connection.execute(newest.limit(1).offset(LOOKED_AT - 1)).scalar()
        if last is not None:
            base.append(VERSIONS.c.position >= last)
        query = select(VERSIONS).where(*base, *more).order_by(VERSIONS.c.position.desc())
        rows = self._read(query.limit(limit))
        return Page(rows, rows[-1][0] if len(rows) == limit else last or 0)

    def briefs(self, name: str) -> list[Brief]:
        """All READY versions of a name, oldest first."""
        return [
            Brief(row.number, row.snapshot, in_utc(row.created), row.sha256, row.size_bytes)
            for row in self._connection.execute(_BRIEFS, {"of": name})
        ]

    def files(self) -> set[str]:
        """Hashes of all files that a READY version has."""
        query = select(VERSIONS.c.sha256).where(VERSIONS.c.state == State.READY).distinct()
        return set(self._connection.execute(query).scalars())

    def uses(self, sha256: str) -> bool:
        """Whether a READY version has this file."""
        return self._connection.execute(_USES, {"file": sha256}).first() is not None

    def counts(self) -> dict[State, int]:
        """Number of versions by state."""
        found = {State(row.state): row.versions for row in self._connection.execute(_COUNTS)}
        return {state: found.get(state, 0) for state in State}

    def file_bytes(self) -> int:
        """Bytes of all files, each counted once."""
        return sum(row.file_bytes for row in self._connection.execute(_COUNTS))

    def _count(self, state: State, more: int, more_bytes: int) -> None:
        change = {"of": state, "more": more, "more_bytes": more_bytes}
        if self._connection.execute(_COUNT, change).first() is None:
            row = {"state": state, "versions": more, "file_bytes": more_bytes}
            self._connection.execute(_ADD_COUNT, row)

    def _read(self, query: Select[Any], **values: Any) -> list[tuple[int, Version]]:
        rows = self._connection.execute(query, values).all()
        aliases = self._aliases(rows)
        return [
            (row.position, _version(row, tuple(aliases.get((row.name, row.number), ()))))
            for row in rows
        ]

    def _aliases(self, rows: Iterable[Row[Any]]) -> dict[tuple[str, int], list[str]]:
        names = {row.name for row in rows}
        if not names:
            return {}
        found: dict[tuple[str, int], list[str]] = {}
        for row in self._connection.execute(_ALIASES_OF_ALL, {"names": sorted(names)}):
            found.setdefault((row.name, row.number), []).append(row.alias)
        return found


def values(version: Version) -> dict[str, Any]:
    """A version as a row of its table."""
    return {
        "name": version.name,
        "number": version.number,
        "state": version.state,
        "request_id": version.request_id or None,
        "run_id": version.run_id,
        "training_step": version.training_step,
        "parent_version": version.parent_version,
        "snapshot": version.snapshot,
        "collection": version.collection,
        "spec_hash": version.spec_hash,
        "sha256": version.sha256,
        "size_bytes": version.size_bytes,
        "created": version.created,
        "notes": dict(version.metadata),
        "rejection": version.rejection,
        "revision": version.revision,
        "q_values": version.q_values,
        "checked": version.checked,
        "graph_sha256": version.graph_sha256,
        "code_version": version.code_version,
        "game": version.game,
        "game_hash": version.game_hash,
        "config_sha256": version.config_sha256,
    }


def _version(row: Row[Any], aliases: tuple[str, ...]) -> Version:
    return Version(
        name=row.name,
        number=row.number,
        state=State(row.state),
        request_id=row.request_id or "",
        run_id=row.run_id,
        training_step=row.training_step,
        parent_version=row.parent_version,
        snapshot=row.snapshot,
        collection=row.collection,
        spec_hash=row.spec_hash,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        created=in_utc(row.created),
        metadata=row.notes,
        rejection=row.rejection,
        revision=row.revision,
        q_values=row.q_values,
        checked=row.checked,
        graph_sha256=row.graph_sha256,
        code_version=row.code_version,
        game=row.game,
        game_hash=row.game_hash,
        config_sha256=row.config_sha256,
        aliases=aliases,
    )


def in_utc(found: datetime) -> datetime:
    """A time that was stored: SQLite drops the zone, PostgreSQL may return another one."""
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
