"""The rules of the registry, each one a function over a transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NoReturn

from mazemesh.errors import (
    AlreadyExists,
    InvalidArgument,
    NotFound,
    OutOfRange,
)
from mazemesh.names import LATEST, Reference
from services.model.registry import leases
from services.model.registry.policy import Alias, Event, State, Submission, Version
from services.model.store import Transaction

MOST_RETIRED: Final = 1000
"""Versions that one transaction retires."""

_NAMES_IN_MESSAGES = 10

_OF_GRAPH = "signature"
"""A check that is made of a graph, so a version that has it was checked whole."""

InUse = Callable[[Transaction, str], Collection[int]]
"""Versions of a name that are not to be retired."""


def _nothing(_tx: Transaction, _name: str) -> Collection[int]:
    return ()


@dataclass(frozen=True, slots=True)
class Published:
    """A version, the files that no version has any more, and what changed, in order."""

    version: Version
    unused_files: tuple[str, ...] = ()
    events: tuple[Event, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes in order; nothing else happened up to and including revision `through`."""

    events: Sequence[Event]
    through: int


def find_published(tx: Transaction, request_id: str, name: str, sha256: str) -> Version | None:
    """The version that an earlier request with this id made.

    Raises:
        AlreadyExists: that request was about another name or file.
    """
    version = tx.versions.by_request(request_id) if request_id else None
    if version and (version.name, version.sha256) != (name, sha256):
        raise AlreadyExists(
            f"request_id {request_id!r} was used for {version.reference} with sha256 "
            f"{version.sha256}; use a new one for {name} with sha256 {sha256}"
        )
    return version


def with_config(tx: Transaction, submission: Submission) -> Submission:
    """The submission, whose config is there or comes with it.

    Raises:
        NotFound: only the hash of a config came, and there is none of it.
    """
    sha256 = submission.config_sha256
    if sha256 and not submission.config and not tx.configs.get(sha256):
        raise NotFound(f"config_sha256 {sha256} is of no config that is known; send the config")
    return submission


def publish(
    tx: Transaction,
    submission: Submission,
    rejection: str,
    *,
    now: datetime,
    keep: int,
    fence: int = 0,
    lease_seconds: float = 0.0,
    content: bytes | None = None,
    reference: bytes = b"",
    in_use: InUse = _nothing,
) -> Published:
    """Gives a submission the next number; READY, or REJECTED for the reason given.

    A ready version becomes `latest`, unless that is a newer one, and the surplus beyond the newest
    `keep` versions is retired. A request that was answered before gets the same version again. Who
    holds the name by `fence` holds it for another `lease_seconds`. `content` is the file where it
    is kept with the rows; else it is among the blobs. Versions that are `in_use` are not retired.
    `reference` is what it was validated on, for its drift.

    Raises:
        InvalidArgument: the parent does not exist.
        Conflict: another run holds the name.
    """
    tx.lock()
    known = find_published(tx, submission.request_id, submission.name, submission.sha256)
    if known is not None:
        used = tx.versions.uses(submission.sha256)
        return Published(known, () if used else (submission.sha256,))
    lease = leases.check(tx, submission.name, fence, now)
    leases.heard_of(tx, lease, now, lease_seconds)
    version = Version.of(
        submission,
        number=_next_number(tx, submission),
        state=State.REJECTED if rejection else State.READY,
        created=now,
        rejection=rejection,
        revision=0,
    )
    published = (
        _add_rejected(tx, version) if rejection else _add_ready(tx, version, keep, content, in_use)
    )
    if version.graph_sha256 and any(one.name == _OF_GRAPH for one in version.checks):
        tx.checks.put_graph(version.graph_sha256, version.reference, version.checks)
    if reference and not rejection:
        tx.references.put(version.name, version.number, reference)
    if version.config:
        tx.configs.put(version.config_sha256, version.config)
    return published


def _add_rejected(tx: Transaction, version: Version) -> Published:
    version = replace(version, revision=tx.advance())
    event = Event(version.revision, version)
    tx.versions.add(version)
    tx.events.append([event])
    return Published(version, events=(event,))


def _add_ready(
    tx: Transaction, version: Version, keep: int, content: bytes | None, in_use: InUse
) -> Published:
    # No other alias can stand for a number that did not exist, and `latest` stands for the highest.
    aliases = (LATEST,)
    revision = tx.advance(2)
    version = replace(version, revision=revision, aliases=aliases)
    moved = Alias(version.name, LATEST, version.number, revision + 1)
    tx.versions.add(version)
    tx.aliases.put(moved)
    if content is not None:
        tx.files.put(version.sha256, content)
    unused, retired = _retire_surplus(tx, version, keep, in_use)
    events = [Event(revision, version), Event(revision + 1, moved), *retired]
    tx.events.append(events)
    return Published(version, unused, tuple(events))


def resolve(tx: Transaction, reference: Reference) -> Version:
    """The version that a reference stands for, in any state.

    Raises:
        NotFound: no such version or alias; the message tells what exists.
    """
    number = reference.number
    if not number:
        alias = tx.aliases.get(reference.name, reference.alias)
        if alias is None:
            not_found(tx, reference.name, f"{reference.name}:{reference.alias} does not exist")
        number = alias.number
    version = tx.versions.get(reference.name, number)
    if version is None:
        not_found(tx, reference.name, f"{reference.name}:{number} does not exist")
    return version


def resolve_file(tx: Transaction, reference: Reference) -> Version:
    """The READY version that a reference stands for.

    Raises:
        NotFound: no such version, or its file is not kept; the message tells what exists.
    """
    version = resolve(tx, reference)
    if version.state is State.RETIRED:
        not_found(tx, version.name, f"{version.reference} is retired and its file was deleted")
    if version.state is State.REJECTED:
        not_found(tx, version.name, f"{version.reference} was rejected: {version.rejection}")
    return version


def changes(tx: Transaction, since: int, name: str, limit: int) -> Changes:
    """At most `limit` changes after revision `since`, of one name or (empty) of all.

    Raises:
        OutOfRange: the registry has not come so far, or has forgotten what came next.
    """
    present = tx.revision()
    if since == present:
        return Changes((), present)
    if since > present:
        raise OutOfRange(
            f"since_revision is {since}, but the registry is at {present}; list, then watch from "
            "there"
        )
    events = tx.events.after(since, name, limit)
    oldest = tx.events.oldest()  # last, for events may be forgotten while they are read
    if since < (present if oldest is None else oldest - 1):
        raise OutOfRange(
            f"since_revision is {since}, but changes are kept from {oldest} on; list, then watch "
            f"from the revision of the list (now {present})"
        )
    last = events[-1].revision if events else present
    # Others may have come since the revision was asked for, and all before them are here too.
    return Changes(events, last if len(events) == limit else max(present, last))


def _next_number(tx: Transaction, submission: Submission) -> int:
    last = tx.versions.last(submission.name)
    if submission.parent_version > last:
        raise InvalidArgument(
            f"parent_version is {submission.parent_version}, but {submission.name} has "
            f"{f'versions 1..{last}' if last else 'no version yet'}; 0 stands for no parent"
        )
    return last + 1


def _retire_surplus(
    tx: Transaction, newest: Version, keep: int, in_use: InUse
) -> tuple[tuple[str, ...], list[Event]]:
    """Files among the blobs that are not used any more, and what changed.

    Once in a while several at once, which is cheaper; so for a while a quarter more is kept. Where
    there are very many, as after fewer are to be kept, the next ones take the rest.
    """
    if newest.number % max(1, keep // 4):
        return (), []
    surplus = tx.versions.surplus(newest.name, keep)
    if surplus:
        used = in_use(tx, newest.name)
        surplus = [number for number in surplus if number not in used][:MOST_RETIRED]
    return retire(tx, newest.name, surplus) if surplus else ((), [])


def retire(
    tx: Transaction, name: str, numbers: Sequence[int]
) -> tuple[tuple[str, ...], list[Event]]:
    """Retires READY versions of a name, at most `MOST_RETIRED`, in this order.

    Returns:
        Files among the blobs that no version has any more, and what changed; the events are not
        appended yet.
    """
    found = tx.versions.get_all((name, number) for number in numbers)
    retired = [
        replace(found[name, number], state=State.RETIRED, revision=revision)
        for revision, number in enumerate(numbers, tx.advance(len(numbers)))
    ]
    unused = tx.versions.retire(retired)
    with_rows = tx.files.delete(unused)
    events = [Event(version.revision, version) for version in retired]
    return tuple(file for file in unused if file not in with_rows), events


def not_found(tx: Transaction, name: str, reason: str) -> NoReturn:
    """Raises `NotFound`, which tells what exists."""
    last = tx.versions.last(name)
    if not last:
        names = tx.versions.names(_NAMES_IN_MESSAGES)
        known = f"the first policies are {', '.join(names)}" if names else "there is no policy yet"
        raise NotFound(f"{reason}: no policy is named {name!r}; {known}")
    aliases = ", ".join(f"{alias.alias} = {alias.number}" for alias in tx.aliases.of(name))
    raise NotFound(f"{reason}; {name} has versions 1..{last} and aliases: {aliases or 'none'}")
