"""What a mirror is still to be told: where to look, not what was there, so it may be told late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

Mirrored = Literal["none", "kept", "all"]
"""Which versions a mirror is told of: none, snapshots and what an alias stands for, or all."""


class Entry(NamedTuple):
    """A version (by its number), or an alias (with number 0), that has changed."""

    position: int
    name: str
    number: int
    alias: str


class Waiting(NamedTuple):
    """How many entries wait, since when the oldest does, and how many were refused for ever."""

    entries: int
    since: datetime | None
    refused: int


class Outbox(Protocol):
    """Entries in the order of the changes, written in the transactions that make them."""

    def first(self, most: int) -> list[Entry]:
        """The entries that have waited for longest."""

    def done(self, positions: Sequence[int]) -> None:
        """The mirror was told."""

    def refuse(self, positions: Sequence[int], reason: str) -> None:
        """The mirror will never take it."""

    def waiting(self) -> Waiting:
        """How much waits."""

    def hold(self, holder: str, now: datetime, until: datetime) -> bool:
        """Whether this instance is the one that empties the outbox, until then."""

    def release(self, holder: str) -> None:
        """Another instance may empty it at once."""

    def begin(self, uri: str) -> None:
        """Puts all of the registry into the outbox, unless that was done for this mirror."""

    def forget(self) -> None:
        """There is no mirror any more: nothing waits, and one that comes begins from all."""
