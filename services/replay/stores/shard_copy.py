"""What lies in the blob store of one shard's tables, and under which keys.

A shard has lives: each begins when a Replay service starts with a folder that has none yet. What a
life puts is its own alone, so a service that was thought lost and is not disturbs nobody:

    <life>/claim                     who began it
    <life>/<table>/<id>/checkpoint-N
    <life>/<table>/<id>/log-M        sealed segments
    <life>/whole                     all tables were there once: it may be restored from

`<table>` is the name of the table's folder, `<id>` tells tables apart that had one name, one after
the other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from services._harness.blobs.store import Blobs, every
from services.replay.journal.table_folder import parse_name

CLAIM: Final = "claim"
WHOLE: Final = "whole"


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """The files of one table that a restart needs, oldest first: a checkpoint, then segments."""

    folder: str
    prefix: str
    names: tuple[str, ...]


class ShardCopy:
    """The lives of one shard in `blobs`. Calls block."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs

    def lives(self) -> list[int]:
        """Numbers of all lives, in order."""
        found, after = list[int](), ""
        while page := self.blobs.list("", after, 1):
            life, _, _ = page[0].key.partition("/")
            found.append(int(life))
            after = f"{life}0"  # a zero comes after the slash: what is of this life is passed over
        return found

    def newest_whole(self) -> int | None:
        """The life that a lost shard is restored from; None where there is none."""
        whole = (life for life in reversed(self.lives()) if self.is_whole(life))
        return next(whole, None)

    def is_whole(self, life: int) -> bool:
        """Whether all tables of a life were there once."""
        return self.blobs.find(key(life, WHOLE)) is not None

    def begin(self, who: str) -> int:
        """A new life, after all others."""
        life = max(self.lives(), default=0)
        while True:
            life += 1
            if self.blobs.find(key(life, CLAIM)) is None and self.blobs.put(
                key(life, CLAIM), who.encode()
            ):
                return life

    def tables(self, life: int) -> list[CopiedTable]:
        """The tables of a life; of several that had one name, the newest."""
        names: dict[tuple[str, str], list[str]] = defaultdict(list)
        times: dict[tuple[str, str], float] = defaultdict(float)
        for blob in every(self.blobs, f"{life:06}/"):
            parts = blob.key.split("/")
            if len(parts) == 4:
                of = parts[1], parts[2]
                names[of].append(parts[3])
                times[of] = max(times[of], blob.put_time)
        newest: dict[str, CopiedTable] = {}
        for folder, token in sorted(names, key=lambda of: times[of]):
            needed = _needed(names[folder, token])
            if needed:
                newest[folder] = CopiedTable(folder, key(life, folder, token), needed)
        return list(newest.values())

    def names(self, life: int) -> set[str]:
        """Keys of all that a life has put."""
        return {blob.key for blob in every(self.blobs, f"{life:06}/")}

    def forget_before(self, life: int, put_before: float) -> None:
        """Deletes what earlier lives put before a time."""
        for earlier in self.lives():
            if earlier >= life:
                return
            old = [b.key for b in every(self.blobs, f"{earlier:06}/") if b.put_time < put_before]
            # From then on nothing is restored from it.
            for gone in sorted(old, key=lambda each: not each.endswith(f"/{WHOLE}")):
                self.blobs.delete(gone)


def key(life: int, *parts: str) -> str:
    """The key of something that a life put."""
    return "/".join((f"{life:06}", *parts))


def _needed(names: list[str]) -> tuple[str, ...]:
    """The newest checkpoint and the segments that follow it without a gap; empty without one."""
    numbers: dict[str, set[int]] = {"checkpoint": set(), "log": set()}
    for name in names:
        kind, number = parse_name(name)
        if kind is not None:
            numbers[kind].add(number)
    if not numbers["checkpoint"]:
        return ()
    first = following = max(numbers["checkpoint"])
    segments = []
    while following in numbers["log"]:
        segments.append(f"log-{following:010}")
        following += 1
    return (f"checkpoint-{first:010}", *segments)
