"""What the registry rests on: rows that change in transactions, and files that never change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from services.model.checks import Check
from services.model.experiments.store import Experiments
from services.model.mirror.outbox import Outbox
from services.model.registry.policy import (
    Alias,
    AliasMove,
    Event,
    Hold,
    Lease,
    State,
    Version,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which versions a list shows; what is empty, 0 or None does not matter.

    Attributes:
        name: Of the policy.
        snapshots_only: Only those that are kept for rating.
        include_all_states: Not only those that are READY.
        run_id, game, game_hash, spec_hash, sha256: As they are.
        code_version: How it begins.
        parent_version: Number of the version that they grew from.
        min_training_step, max_training_step: Steps of the run, both included.
        config: Values by name, all of which the run was started with.
        created_from, created_before: Times.
    """

    name: str = ""
    snapshots_only: bool = False
    include_all_states: bool = False
    run_id: str = ""
    game: str = ""
    game_hash: str = ""
    spec_hash: str = ""
    sha256: str = ""
    code_version: str = ""
    parent_version: int = 0
    min_training_step: int = 0
    max_training_step: int | None = None
    config: tuple[tuple[str, str], ...] = ()
    created_from: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some versions with their positions, newest first.

    Attributes:
        rows: Those that were asked for.
        through: Position of the last one that was looked at; 0 at the end of all.
    """

    rows: Sequence[tuple[int, Version]]
    through: int


@dataclass(frozen=True, slots=True)
class Brief:
    """What collection looks at of a READY version."""

    number: int
    snapshot: bool
    created: datetime


class KeptBy(IntEnum):
    """What keeps a version; the first of several tells."""

    ALIAS = 0
    LAST_MOVE = 1
    """An alias that stood for it before its last move: the way back."""
    HOLD = 2


class Kept(NamedTuple):
    """A version that is kept: by which alias or holder, and what a holder holds it for."""

    number: int
    by: KeptBy
    who: str
    reason: str


class Versions(Protocol):
    """The versions of all names. What is returned has its `aliases` filled in."""

    def get(self, name: str, number: int) -> Version | None:
        """The version, or None."""

    def get_all(self, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Version]:
        """Those of the (name, number) pairs that exist."""

    def by_request(self, request_id: str) -> Version | None:
        """The version that a request made, or None."""

    def last(self, name: str) -> int:
        """Highest number of a name in any state; 0 when there is none."""

    def names(self, limit: int) -> list[str]:
        """Names that have a version, sorted."""

    def add(self, version: Version) -> None:
        """Adds a version that does not exist yet, with its checks."""

    def retire(self, retired: Sequence[Version]) -> list[str]:
        """Marks READY versions of one name RETIRED, at the revisions that they tell.

        Returns:
            Hashes of files that no READY version has any more.
        """

    def sole_files(self, name: str, numbers: Collection[int]) -> dict[str, int]:
        """Files, variants' too, that of all READY versions these alone have: sizes by hash."""

    def surplus(self, name: str, keep: int) -> list[int]:
        """READY versions without snapshot or alias but for the newest `keep`, oldest first."""

    def page(self, chosen: Filter, before: int, limit: int) -> Page:
        """At most `limit` versions; `before` is a position, 0 for the newest.

        Only so many are looked at, so a page may be empty and not the last.
        """

    def kept(self, name: str, now: datetime) -> list[Kept]:
        """Versions of a name that have an alias, had one before its last move, or are held.

        In the order of `KeptBy`; one that is kept by several is there several times.
        """

    def briefs(self, name: str) -> list[Brief]:
        """All READY versions of a name, oldest first."""

    def files(self) -> set[str]:
        """Hashes of all files that a READY version has."""

    def uses(self, sha256: str) -> bool:
        """Whether a READY version has this file."""

    def counts(self) -> dict[State, int]:
        """Number of versions by state."""

    def file_bytes(self) -> int:
        """Bytes of all files, each counted once."""


class Checks(Protocol):
    """What files were checked for: a version's own checks, and those of its graph, made once."""

    def put(self, name: str, number: int, checks: Sequence[Check]) -> None:
        """Keeps a version's own checks, in place of those that it was added with."""

    def get(self, name: str, number: int) -> tuple[Check, ...]:
        """A version's own checks; none of versions from before they were kept."""

    def put_graph(self, graph_sha256: str, of: str, checks: Sequence[Check]) -> None:
        """Keeps the checks of a graph, made with the file of version `of`, unless it has some."""

    def graph(self, graph_sha256: str) -> tuple[str, tuple[Check, ...]]:
        """The version with whose file a graph was checked, and the checks; ("", ()) without."""


class Configs(Protocol):
    """What runs were started with, by hashes."""

    def put(self, sha256: str, config: Mapping[str, str]) -> None:
        """Keeps a config, unless it is there."""

    def get(self, sha256: str) -> dict[str, str]:
        """The config; empty without one."""


class Holds(Protocol):
    """Who uses which version; see `registry.keeping`."""

    def put(self, holds: Sequence[Hold]) -> None:
        """Adds holds; one that the holder has on a version already is never shortened."""

    def delete(self, name: str, number: int, holder: str) -> None:
        """Deletes a hold, if it is there."""

    def of(self, name: str, now: datetime, most: int) -> list[Hold]:
        """The first so many on versions of a name that have not expired; in order."""

    def on(self, name: str, number: int, now: datetime, most: int) -> list[Hold]:
        """The same of one version."""

    def by(self, holder: str, now: datetime, most: int) -> list[Hold]:
        """The first so many of a holder that have not expired; in order."""

    def forget(self, now: datetime) -> None:
        """Deletes those that have expired."""


class RuleBook(Protocol):
    """Rules for moves of aliases, as text, with a revision of their own that counts from 1."""

    def get(self, name: str, alias: str) -> tuple[int, str]:
        """Revision and text; (0, "") where there never were any."""

    def of(self, name: str) -> list[tuple[str, int, str]]:
        """Alias, revision and text of all of a name, in order."""

    def put(self, name: str, alias: str, revision: int, text: str) -> None:
        """Keeps rules in place of those before."""


class Aliases(Protocol):
    """The aliases of all names."""

    def get(self, name: str, alias: str) -> Alias | None:
        """The alias, or None."""

    def of(self, name: str) -> list[Alias]:
        """All aliases of a name, sorted."""

    def put(self, alias: Alias) -> None:
        """Adds or moves an alias."""


class Moves(Protocol):
    """All moves of aliases that somebody made; nothing is ever taken out."""

    def add(self, move: AliasMove) -> None:
        """Adds the newest move; its revision is higher than all before."""

    def last(self, name: str, alias: str) -> AliasMove | None:
        """The last move of an alias, or None."""

    def stood(self, name: str, alias: str, number: int) -> bool:
        """Whether an alias was ever moved to, or from, a version."""

    def page(self, name: str, alias: str, before: int, limit: int) -> list[AliasMove]:
        """The last `limit` moves before a revision (0: the last of all), newest first.

        Of one alias, or (empty) of all of the name.
        """


class Events(Protocol):
    """The newest changes, one for each revision."""

    def append(self, events: Sequence[Event]) -> None:
        """Adds the newest changes in order, and forgets those that are too many."""

    def after(self, revision: int, name: str, limit: int) -> list[Event]:
        """The first `limit` changes after a revision, of one name or (empty) of all, in order."""

    def oldest(self) -> int | None:
        """Lowest revision that is still kept; None when there is no event."""


class References(Protocol):
    """What snapshots were validated on (`services.model.drift.reference`), serialized."""

    def put(self, name: str, number: int, content: bytes) -> None:
        """Adds that of a version."""

    def nearest(self, name: str, number: int) -> tuple[int, bytes] | None:
        """That of a version, or of the last one before it that has any, with its number."""


class Leases(Protocol):
    """Who holds which name, or did last."""

    def get(self, name: str) -> Lease | None:
        """The last lease of a name, expired or not; None when there was none."""

    def put(self, lease: Lease) -> None:
        """Adds or replaces the lease of a name."""


class Files(Protocol):
    """Files that are kept with the rows, by the SHA-256 of their content: small, and for a while.

    They are durable with the row that names them, which a file among the blobs is before it.
    """

    def get(self, sha256: str) -> bytes | None:
        """The file, or None."""

    def put(self, sha256: str, content: bytes) -> None:
        """Adds a file, unless it is there."""

    def delete(self, sha256s: Collection[str]) -> set[str]:
        """Deletes files; those of them that were there."""


class Transaction(Protocol):
    """All or nothing. A decision that rests on what was read needs `lock` first."""

    @property
    def versions(self) -> Versions:
        """The versions."""

    @property
    def aliases(self) -> Aliases:
        """The aliases."""

    @property
    def moves(self) -> Moves:
        """The moves of aliases."""

    @property
    def events(self) -> Events:
        """The changes."""

    @property
    def outbox(self) -> Outbox:
        """What a mirror is still to be told."""

    @property
    def references(self) -> References:
        """What snapshots were validated on."""

    @property
    def checks(self) -> Checks:
        """What files were checked for."""

    @property
    def configs(self) -> Configs:
        """What runs were started with."""

    @property
    def holds(self) -> Holds:
        """Who uses which version."""

    @property
    def rules(self) -> RuleBook:
        """What moves of aliases have to keep to."""

    @property
    def leases(self) -> Leases:
        """The holders of names."""

    @property
    def files(self) -> Files:
        """The files that are kept with the rows."""

    @property
    def experiments(self) -> Experiments:
        """The experiments."""

    def lock(self) -> None:
        """Waits until no other transaction writes; from here to the end this one is alone."""

    def revision(self) -> int:
        """The present revision; 1 in an empty registry."""

    def advance(self, count: int = 1) -> int:
        """Raises the revision so far and returns the first of the new ones; only after `lock`."""


class RegistryStore(Protocol):
    """Rows of the registry."""

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` in one transaction: durable when it returns, undone when it raises."""


class BlobReader(Protocol):
    """An open file; it stays readable when the blob is deleted meanwhile."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, fewer only at the end; empty at the end."""

    def close(self) -> None:
        """Releases the file."""


class BlobStore(Protocol):
    """Files by the SHA-256 of their content. Calls block: make them from a worker thread."""

    def put(self, content: Path | bytes, sha256: str) -> object:
        """Takes over the file at `content`, or copies it; bytes are written.

        Durable when it returns; a reader sees the whole file or none. Putting what exists is no
        error, and makes it young: see `UnusedFiles`.
        """

    def open(self, sha256: str, offset: int = 0) -> BlobReader:
        """The file from a byte on.

        Raises:
            NotFound: there is no such blob.
        """


class UnusedFiles(Protocol):
    """Deletes files that no version has. Calls block.

    Young ones stay: another instance may be about to write down a version that has one.
    """

    def discard(self, sha256s: Iterable[str]) -> object:
        """Deletes those that are old; the others are left to a later `sweep`."""

    def candidates(self) -> Collection[str]:
        """Hashes of all old files; which of them are used is to be read after this."""

    def sweep(self, candidates: Collection[str], used: Collection[str]) -> object:
        """Deletes the candidates that are not used."""
