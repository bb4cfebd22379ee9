"""What the registry rests on: rows that change in transactions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from services.model.experiments.store import Experiments
from services.model.mirror.outbox import Outbox
from services.model.registry.policy import (
    Alias,
    AliasMove,
    Event,
    Hold,
    Lease,
)
from services.model.version_store import Checks, Configs, Versions

T = TypeVar("T")


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
