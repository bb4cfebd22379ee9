"""What rows of versions rest on, as parts of a `services.model.store.Transaction`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple, Protocol

from services.model.checks import Check
from services.model.registry.policy import (
    State,
    Version,
)


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
