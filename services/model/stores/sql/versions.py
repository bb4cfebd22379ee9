"""The versions of the registry in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    Select,
    SmallInteger,
    String,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    not_,
    select,
    tuple_,
    union_all,
    update,
)

from services.model.checks import to_text
from services.model.registry.policy import State, Variant, Version
from services.model.stores.sql.searching import LOOKED_AT, matching, of_index
from services.model.stores.sql.tables import (
    ALIAS_MOVES,
    ALIASES,
    COUNTS,
    HOLDS,
    VARIANTS,
    VERSIONS,
)
from services.model.stores.sql.utc import in_utc
from services.model.version_store import Brief, Filter, Kept, KeptBy, Page

_ALIASED = (
    select(ALIASES.c.alias)
    .where(ALIASES.c.name == VERSIONS.c.name, ALIASES.c.number == VERSIONS.c.number)
    .exists()
)


_VERSION: Final = select(*(one for one in VERSIONS.columns if one is not VERSIONS.c.checks))
"""Without its checks, which few ask for."""

_GET_ALL: Final = _VERSION.where(
    tuple_(VERSIONS.c.name, VERSIONS.c.number).in_(bindparam("keys", expanding=True))
)
_ALIASES_OF_ALL: Final = (
    select(ALIASES)
    .where(ALIASES.c.name.in_(bindparam("names", expanding=True)))
    .order_by(ALIASES.c.alias)
)
_BY_REQUEST: Final = _VERSION.where(VERSIONS.c.request_id == bindparam("request"))
_LAST: Final = select(func.max(VERSIONS.c.number)).where(VERSIONS.c.name == bindparam("of"))
_NEXT_NAME: Final = select(func.min(VERSIONS.c.name)).where(VERSIONS.c.name > bindparam("after"))
_ADD: Final = insert(VERSIONS)
_RETIRE: Final = (
    update(VERSIONS)
    .where(VERSIONS.c.name == bindparam("of"), VERSIONS.c.number == bindparam("which"))
    .values(state=State.RETIRED, revision=bindparam("at"))
)
_SURPLUS: Final = (
    select(VERSIONS.c.number)
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
_LAST_MOVE = (
    select(ALIAS_MOVES.c.from_number)
    .where(ALIAS_MOVES.c.name == ALIASES.c.name, ALIAS_MOVES.c.alias == ALIASES.c.alias)
    .order_by(ALIAS_MOVES.c.revision.desc())
    .limit(1)
    .scalar_subquery()
)
_NOTHING = literal_column("''", String)
_BY_ALIAS, _BY_MOVE, _BY_HOLD = (literal_column(str(int(one)), SmallInteger) for one in KeptBy)
_KEPT: Final = union_all(
    select(ALIASES.c.number, _BY_ALIAS, ALIASES.c.alias, _NOTHING).where(
        ALIASES.c.name == bindparam("of")
    ),
    select(_LAST_MOVE, _BY_MOVE, ALIASES.c.alias, _NOTHING).where(
        ALIASES.c.name == bindparam("of")
    ),
    select(HOLDS.c.number, _BY_HOLD, HOLDS.c.holder, HOLDS.c.reason).where(
        HOLDS.c.name == bindparam("of"), HOLDS.c.expires > bindparam("now")
    ),
)
_BRIEFS: Final = (
    select(VERSIONS.c.number, VERSIONS.c.snapshot, VERSIONS.c.created)
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
_OF_READY: Final = (
    VERSIONS.c.name == VARIANTS.c.name,
    VERSIONS.c.number == VARIANTS.c.number,
    VERSIONS.c.state == State.READY,
)
_USES: Final = union_all(
    select(VERSIONS.c.number).where(
        VERSIONS.c.state == State.READY, VERSIONS.c.sha256 == bindparam("file")
    ),
    select(VARIANTS.c.number).where(VARIANTS.c.sha256 == bindparam("file"), *_OF_READY),
).limit(1)
_THESE: Final = (
    VERSIONS.c.name == bindparam("of"),
    VERSIONS.c.number.in_(bindparam("which", expanding=True)),
)
_FORMS_OF_THESE: Final = (
    VARIANTS.c.name == bindparam("of"),
    VARIANTS.c.number.in_(bindparam("which", expanding=True)),
)
_FILES_OF: Final = union_all(
    select(VERSIONS.c.sha256, VERSIONS.c.size_bytes).where(*_THESE),
    select(VARIANTS.c.sha256, VARIANTS.c.size_bytes).where(
        VARIANTS.c.sha256 != "", *_FORMS_OF_THESE
    ),
)
_SHARED: Final = union_all(
    select(VERSIONS.c.sha256).where(
        VERSIONS.c.state == State.READY,
        VERSIONS.c.sha256.in_(bindparam("files", expanding=True)),
        not_(and_(*_THESE)),
    ),
    select(VARIANTS.c.sha256).where(
        VARIANTS.c.sha256.in_(bindparam("files", expanding=True)),
        *_OF_READY,
        not_(and_(*_FORMS_OF_THESE)),
    ),
)
_VARIANT_FILES: Final = select(VARIANTS.c.sha256).where(VARIANTS.c.sha256 != "", *_OF_READY)
_VARIANTS_OF_ALL: Final = (
    select(VARIANTS)
    .where(tuple_(VARIANTS.c.name, VARIANTS.c.number).in_(bindparam("keys", expanding=True)))
    .order_by(VARIANTS.c.kind)
)
_ADD_VARIANT: Final = insert(VARIANTS)


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
        is_ready = version.state is State.READY
        files = {one.sha256: one.size_bytes for one in version.variants if one.sha256}
        files[version.sha256] = version.size_bytes
        new = sum(size for one, size in files.items() if is_ready and not self.uses(one))
        self._connection.execute(_ADD, values(version))
        if version.variants:
            which = {"name": version.name, "number": version.number}
            self._connection.execute(
                _ADD_VARIANT, [{**which, **asdict(one)} for one in version.variants]
            )
        self._count(version.state, 1, new)

    def retire(self, retired: Sequence[Version]) -> list[str]:
        """Marks READY versions RETIRED; files that no READY version has any more."""
        if not retired:
            return []
        gone = self.sole_files(retired[0].name, [one.number for one in retired])
        rows = [{"of": one.name, "which": one.number, "at": one.revision} for one in retired]
        self._connection.execute(_RETIRE, rows)
        self._count(State.READY, -len(rows), -sum(gone.values()))
        self._count(State.RETIRED, len(rows), 0)
        return sorted(gone)

    def sole_files(self, name: str, numbers: Collection[int]) -> dict[str, int]:
        """Files, variants' too, that of all READY versions these alone have: sizes by hash."""
        which = {"of": name, "which": list(numbers)}
        sizes = {row.sha256: row.size_bytes for row in self._connection.execute(_FILES_OF, which)}
        shared = self._connection.execute(_SHARED, {**which, "files": list(sizes)})
        for (sha256,) in shared:
            sizes.pop(sha256, None)
        return sizes

    def surplus(self, name: str, keep: int) -> list[int]:
        """READY versions without snapshot or alias but for the newest `keep`, oldest first."""
        found = self._connection.execute(_SURPLUS, {"of": name, "keep": keep}).scalars()
        return list(found)[::-1]

    def page(self, chosen: Filter, before: int, limit: int) -> Page:
        """At most `limit` versions, of `searching.LOOKED_AT` that are looked at."""
        base, more = of_index(chosen), matching(chosen)
        if before:
            base.append(VERSIONS.c.position < before)
        newest = select(VERSIONS.c.position).where(*base).order_by(VERSIONS.c.position.desc())
        if not more:
            query = _VERSION.where(*base).order_by(VERSIONS.c.position.desc()).limit(limit)
            rows = self._read(query)
            return Page(rows, rows[-1][0] if len(rows) == limit else 0)
        last = self._connection.execute(newest.limit(1).offset(LOOKED_AT - 1)).scalar()
        if last is not None:
            base.append(VERSIONS.c.position >= last)
        query = _VERSION.where(*base, *more).order_by(VERSIONS.c.position.desc())
        rows = self._read(query.limit(limit))
        return Page(rows, rows[-1][0] if len(rows) == limit else last or 0)

    def kept(self, name: str, now: datetime) -> list[Kept]:
        """Versions of a name that have an alias, had one before its last move, or are held."""
        found = self._connection.execute(_KEPT, {"of": name, "now": now})
        kept = [
            Kept(number, KeptBy(by), who, reason) for number, by, who, reason in found if number
        ]
        return sorted(kept, key=lambda one: (one.by, one.who))

    def briefs(self, name: str) -> list[Brief]:
        """All READY versions of a name, oldest first."""
        return [
            Brief(row.number, row.snapshot, in_utc(row.created))
            for row in self._connection.execute(_BRIEFS, {"of": name})
        ]

    def files(self) -> set[str]:
        """Hashes of all files that a READY version has."""
        query = select(VERSIONS.c.sha256).where(VERSIONS.c.state == State.READY).distinct()
        found = set(self._connection.execute(query).scalars())
        return found | set(self._connection.execute(_VARIANT_FILES).scalars())

    def uses(self, sha256: str) -> bool:
        """Whether a READY version has this file, as its own or as a variant."""
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
        aliases, variants = self._aliases(rows), self._variants(rows)
        return [
            (row.position, _version(row, tuple(aliases.get((row.name, row.number), ())), variants))
            for row in rows
        ]

    def _variants(self, rows: Iterable[Row[Any]]) -> dict[tuple[str, int], list[Variant]]:
        keys = [(row.name, row.number) for row in rows if row.has_variants]
        found: dict[tuple[str, int], list[Variant]] = {}
        if keys:
            for name, number, *told in self._connection.execute(_VARIANTS_OF_ALL, {"keys": keys}):
                one = Variant(**dict(zip(_VARIANT_FIELDS, told, strict=True)))
                found.setdefault((name, number), []).append(one)
        return found

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
        "has_variants": bool(version.variants),
        "code_version": version.code_version,
        "game": version.game,
        "game_hash": version.game_hash,
        "config_sha256": version.config_sha256,
        "checks": to_text(version.checks),
    }


_VARIANT_FIELDS: Final = tuple(one.name for one in VARIANTS.columns)[2:]


def _version(
    row: Row[Any],
    aliases: tuple[str, ...],
    variants: Mapping[tuple[str, int], Sequence[Variant]],
) -> Version:
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
        variants=tuple(variants.get((row.name, row.number), ())) if row.has_variants else (),
    )
