"""Versions of a policy that may go, and why the others may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mazemesh.errors import FailedPrecondition
from services.model.registry.keeping.in_use import VersionsInUse, all_in_use
from services.model.registry.policy import Event
from services.model.registry.registry import MOST_RETIRED, not_found, retire
from services.model.store import Transaction
from services.model.version_store import Brief, Kept, KeptBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be collected of a policy.

    Attributes:
        name: Of the policy.
        keep: Newest versions that stay, not counting snapshots; None takes no such versions.
        keep_snapshots: Newest snapshots that stay; None: all of them.
        versions: These alone, whatever their age; empty: as above.
        older_than: Seconds since they were published, at least.
        dry_run: Nothing is changed.
    """

    name: str
    keep: int | None = None
    keep_snapshots: int | None = None
    versions: tuple[int, ...] = ()
    older_than: float = 0.0
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Collected:
    """What goes and what stays.

    Attributes:
        gone: Versions, oldest first.
        file_bytes: Of files, variants' too, that no version has any more.
        kept: Those that would have gone, and why they stay.
        more: There is more to collect; ask again.
        unused_files: Among the blobs.
        events: What changed, in order.
    """

    gone: tuple[int, ...]
    file_bytes: int
    kept: tuple[tuple[int, str], ...]
    more: bool = False
    unused_files: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()


def protected(
    tx: Transaction, name: str, users: Sequence[VersionsInUse], now: datetime
) -> dict[int, str]:
    """Versions of a name that are never collected, and why, whoever asks."""
    found: dict[int, str] = {}
    for one in tx.versions.kept(name, now):
        found.setdefault(one.number, _why(one))
    for number, reason in all_in_use(tx, name, users).items():
        found.setdefault(number, reason)
    return found


def _why(kept: Kept) -> str:
    if kept.by is KeptBy.ALIAS:
        return f"alias {kept.who}"
    if kept.by is KeptBy.LAST_MOVE:
        return f"{kept.who} before its last move"
    return f"held by {kept.who}" + (f": {kept.reason}" if kept.reason else "")


def collect(
    tx: Transaction, wanted: Wanted, users: Sequence[VersionsInUse], *, now: datetime
) -> Collected:
    """Retires versions that nobody uses, at most `MOST_RETIRED`, the oldest first.

    Raises:
        NotFound: there is no such policy, or no such version of it.
        FailedPrecondition: a version that is named is not READY.
    """
    tx.lock()
    name = wanted.name
    ready = tx.versions.briefs(name)
    if not tx.versions.last(name):
        not_found(tx, name, f"{name} does not exist")
    chosen = _named(tx, wanted, ready) if wanted.versions else _surplus(wanted, ready)
    latest = now - timedelta(seconds=wanted.older_than)
    reasons = protected(tx, name, users, now)
    going, staying = [], []
    for one in chosen:
        if one.number in reasons:
            staying.append((one.number, reasons[one.number]))
        elif one.created > latest:
            staying.append((one.number, f"younger than {wanted.older_than:g} s"))
        else:
            going.append(one)
    more = len(going) > MOST_RETIRED
    going = going[:MOST_RETIRED]
    gone = tuple(one.number for one in going)
    size = sum(tx.versions.sole_files(name, gone).values())
    told = tuple(staying[:MOST_RETIRED])
    if wanted.dry_run or not going:
        return Collected(gone, size, told, more)
    unused, events = retire(tx, name, gone)
    tx.events.append(events)
    return Collected(gone, size, told, more, unused, tuple(events))


def _named(tx: Transaction, wanted: Wanted, ready: Sequence[Brief]) -> list[Brief]:
    known = {one.number: one for one in ready}
    for number in wanted.versions:
        if number in known:
            continue
        version = tx.versions.get(wanted.name, number)
        if version is None:
            not_found(tx, wanted.name, f"{wanted.name}:{number} does not exist")
        raise FailedPrecondition(
            f"{version.reference} is {version.state.name}; only READY versions have a file to "
            "collect"
        )
    return [known[number] for number in sorted(set(wanted.versions))]


def _surplus(wanted: Wanted, ready: Sequence[Brief]) -> list[Brief]:
    found: list[Brief] = []
    for snapshot, keep in ((False, wanted.keep), (True, wanted.keep_snapshots)):
        if keep is not None:
            kind = [one for one in ready if one.snapshot == snapshot]
            found += kind[: max(0, len(kind) - keep)]
    return sorted(found, key=lambda one: one.number)
