"""What a mirror is still to be told, in SQL; statements are made once, as in `sql.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, literal, select, update

from mazemesh.names import LATEST
from services.model.mirror.outbox import Entry, Mirrored, Waiting
from services.model.registry.policy import Alias, Event, State
from services.model.stores.sql.tables import ALIAS_MOVES, ALIASES, MIRROR, MIRROR_OUTBOX, VERSIONS
from services.model.stores.sql.utc import in_utc

_OUT: Final = MIRROR_OUTBOX.c
_ADD: Final = insert(MIRROR_OUTBOX)
_FIRST: Final = (
    select(MIRROR_OUTBOX).where(_OUT.refused == "").order_by(_OUT.position).limit(bindparam("most"))
)
_DELETE: Final = delete(MIRROR_OUTBOX).where(
    _OUT.position.in_(bindparam("positions", expanding=True))
)
_REFUSE: Final = (
    update(MIRROR_OUTBOX)
    .where(_OUT.position.in_(bindparam("positions", expanding=True)))
    .values(refused=bindparam("reason"))
)
_WAITING: Final = select(func.count(), func.min(_OUT.since)).where(_OUT.refused == "")
_REFUSED: Final = select(func.count()).where(_OUT.refused != "")
_MIRROR: Final = select(MIRROR)
_STOOD: Final = select(ALIAS_MOVES.c.number).where(
    ALIAS_MOVES.c.name == bindparam("of"),
    ALIAS_MOVES.c.number.in_(bindparam("which", expanding=True)),
)
_FREE: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SqlOutbox:
    """`Outbox` in SQL."""

    def __init__(self, connection: Connection, mirrored: Mirrored) -> None:
        self._connection, self._mirrored = connection, mirrored

    def add(self, events: Sequence[Event]) -> None:
        """Adds what a mirror is to be told of changes."""
        if self._mirrored == "none":
            return
        now, known = datetime.now(UTC), self._known(events)
        rows = [
            {"name": name, "number": number, "alias": alias, "since": now, "refused": ""}
            for event in events
            for name, number, alias in self._keys(event, known)
        ]
        if rows:
            self._connection.execute(_ADD, rows)

    def _known(self, events: Sequence[Event]) -> set[tuple[str, int]]:
        """Versions that were retired, and that the mirror has because an alias stood for them."""
        if self._mirrored == "all":
            return set()
        retired: dict[str, list[int]] = {}
        for event in events:
            subject = event.subject
            if not isinstance(subject, Alias) and subject.state is State.RETIRED:
                retired.setdefault(subject.name, []).append(subject.number)
        return {
            (name, number)
            for name, numbers in retired.items()
            for number in self._connection.execute(_STOOD, {"of": name, "which": numbers}).scalars()
        }

    def _keys(self, event: Event, known: set[tuple[str, int]]) -> Sequence[tuple[str, int, str]]:
        subject = event.subject
        if isinstance(subject, Alias):
            is_moved = subject.alias != LATEST
            return [(subject.name, 0, subject.alias)] if is_moved else ()
        is_kept = subject.snapshot or self._mirrored == "all"
        is_kept |= (subject.name, subject.number) in known
        if subject.state is State.REJECTED or not is_kept:
            return ()
        return [(subject.name, subject.number, "")]

    def first(self, most: int) -> list[Entry]:
        """The entries that have waited for longest."""
        return [
            Entry(row.position, row.name, row.number, row.alias)
            for row in self._connection.execute(_FIRST, {"most": most})
        ]

    def done(self, positions: Sequence[int]) -> None:
        """The mirror was told."""
        self._connection.execute(_DELETE, {"positions": list(positions)})

    def refuse(self, positions: Sequence[int], reason: str) -> None:
        """The mirror will never take it."""
        self._connection.execute(_REFUSE, {"positions": list(positions), "reason": reason})

    def waiting(self) -> Waiting:
        """How much waits."""
        count, since = self._connection.execute(_WAITING).one()
        refused = self._connection.execute(_REFUSED).scalar_one()
        return Waiting(count, None if since is None else in_utc(since), refused)

    def hold(self, holder: str, now: datetime, until: datetime) -> bool:
        """Whether this instance is the one that empties the outbox, until then."""
        row = self._connection.execute(_MIRROR).first()
        if row is None:
            first = {"only": True, "uri": "", "holder": holder, "until": until}
            self._connection.execute(insert(MIRROR), first)
            return True
        if row.holder != holder and in_utc(row.until) > now:
            return False
        if row.holder != holder or in_utc(row.until) - now < (until - now) / 2:
            self._connection.execute(update(MIRROR).values(holder=holder, until=until))
        return True

    def release(self, holder: str) -> None:
        """Another instance may empty it at once."""
        free = update(MIRROR).where(MIRROR.c.holder == holder).values(until=_FREE)
        self._connection.execute(free)

    def begin(self, uri: str) -> None:
        """Puts all of the registry into the outbox, unless that was done for this mirror."""
        row = self._connection.execute(_MIRROR).one()
        if row.uri == uri:
            return
        self._connection.execute(delete(MIRROR_OUTBOX))
        self._connection.execute(update(MIRROR).values(uri=uri))
        given: dict[str, Any] = {"since": datetime.now(UTC), "refused": ""}
        rest = [literal(value).label(name) for name, value in given.items()]
        versions = (
            select(VERSIONS.c.name, VERSIONS.c.number, literal("").label("alias"), *rest)
            .where(VERSIONS.c.state == State.READY)
            .order_by(VERSIONS.c.position)
        )
        if self._mirrored != "all":
            versions = versions.where(VERSIONS.c.snapshot)
        aliases = select(ALIASES.c.name, literal(0).label("number"), ALIASES.c.alias, *rest).where(
            ALIASES.c.alias != LATEST
        )
        names = ["name", "number", "alias", "since", "refused"]
        for found in (versions, aliases):
            self._connection.execute(insert(MIRROR_OUTBOX).from_select(names, found))

    def forget(self) -> None:
        """There is no mirror any more: nothing waits, and one that comes begins from all."""
        if self._connection.execute(_MIRROR).first() is not None:
            self._connection.execute(delete(MIRROR_OUTBOX))
            self._connection.execute(delete(MIRROR))
