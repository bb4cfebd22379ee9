"""The stores of the Elo service in memory, written by hand for tests; they can be held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import numpy as np

from services.elo.gate.gate import Gate
from services.elo.log.batch import Batch, Duels, LoggedBatch
from services.elo.log.match import LoggedMatch, Match
from services.elo.standings.folding.points import Points
from services.elo.store import Appended, Fenced, Fitted, LadderState, Snapshot, Status, Update
from services.elo.wire.results.payloads import decode, encode


class MemoryLog:
    """Keeps the promises of `ResultLog` but durability."""

    def __init__(self) -> None:
        self.entries: list[LoggedMatch] = []
        self.appends = 0
        self.committed = asyncio.Event()
        self.released = asyncio.Event()
        self.released.set()

    async def append(self, batches: Sequence[Batch]) -> Appended:
        self.appends += 1
        before = self.entries[-1].sequence if self.entries else 0
        statuses: list[list[Status]] = []
        sequences: list[list[int]] = []
        for batch in batches:
            first = len(self.entries)
            statuses.append([self._append(decode(payload)) for payload in batch.payloads])
            sequences.append([entry.sequence for entry in self.entries[first:]])
        self.committed.set()
        await self.released.wait()
        return Appended(before, statuses, sequences)

    async def read(self, after: int) -> AsyncIterator[LoggedBatch]:
        newer = [entry for entry in self.entries if entry.sequence > after]
        for start in range(0, len(newer), 3):
            await asyncio.sleep(0)
            piece = newer[start : start + 3]
            yield LoggedBatch([each.sequence for each in piece], [each.match for each in piece])

    async def raw(self, after: int, count: int) -> Sequence[tuple[int, bytes]]:
        newer = [entry for entry in self.entries if entry.sequence > after]
        return [(entry.sequence, encode(entry.match)) for entry in newer[:count]]

    async def find(self, sequences: Sequence[int]) -> Sequence[Match]:
        matches = {entry.sequence: entry.match for entry in self.entries}
        return [matches[sequence] for sequence in sequences]

    async def named(self, match_ids: Sequence[str]) -> Mapping[str, Match]:
        matches = {entry.match.match_id: entry.match for entry in self.entries}
        return {each: matches[each] for each in match_ids if each in matches}

    def _append(self, match: Match) -> Status:
        for _, known in self.entries:
            if known.match_id == match.match_id:
                return Status.DUPLICATE if known == match else Status.CONFLICT
        self.entries.append(LoggedMatch(len(self.entries) + 1, match))
        return Status.RECORDED


class MemoryProjections:
    """Keeps the promises of `Projections` but durability; `lease` has the present fence."""

    def __init__(self, lease: MemoryLease) -> None:
        self._lease = lease
        self.snapshots: dict[str, LadderState] = {}
        self.snapshot_mark = 0
        self.points: dict[tuple[str, int], list[Points]] = {}
        self.stored = 0
        self.shared: dict[str, Fitted] = {}

    async def load(self) -> Snapshot:
        return Snapshot(self.snapshot_mark, list(self.snapshots.values()))

    async def mark(self) -> int:
        return self.stored

    async def fitted(self, known: Mapping[str, int]) -> Sequence[Fitted]:
        return [one for one in self.shared.values() if known.get(one.ladder) != one.high_water]

    async def history(self, ladder: str, player: int, start: int, count: int) -> Points:
        points = Points.joined(self.points.get((ladder, player), []))
        return points.where(slice(start, start + count))

    async def save(self, fence: int, update: Update) -> None:
        await asyncio.sleep(0)
        if fence != self._lease.fence:
            raise Fenced(f"{fence} is not {self._lease.fence}")
        for ladder, points in update.points.items():
            new = points.where(np.flatnonzero(points.sequences > self.stored))
            for player in np.unique(new.players).tolist():
                mine = new.where(np.flatnonzero(new.players == player))
                self.points.setdefault((ladder, player), []).append(mine)
        self.stored = max(self.stored, update.mark)
        self.shared |= {fitted.ladder: fitted for fitted in update.fitted}
        if update.snapshot is not None:
            self.snapshots |= {state.name: state for state in update.snapshot.ladders}
            self.snapshot_mark = update.snapshot.mark


class MemoryLease:
    """A `Lease` that runs out when the test says so."""

    def __init__(self) -> None:
        self.holder = ""
        self.fence = 0

    async def take(self, holder: str, seconds: float) -> int | None:
        if self.holder not in ("", holder):
            return None
        if not self.holder:
            self.holder, self.fence = holder, self.fence + 1
        return self.fence

    async def give_back(self, fence: int) -> None:
        if fence == self.fence:
            self.run_out()

    def run_out(self) -> None:
        self.holder = ""


class ToldNews:
    """`News` that come when somebody tells."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def tell(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()
        self._event.clear()


def matches_of(content: Duels | Sequence[Match]) -> Sequence[Match]:
    """What a batch holds, of those that are no columns."""
    assert not isinstance(content, Duels)
    return content


class MemoryGates:
    """Keeps the promises of `GateStore` but durability."""

    def __init__(self) -> None:
        self.gates: dict[str, Gate] = {}

    async def open(self, gate: Gate) -> Gate:
        return self.gates.setdefault(gate.gate_id, gate)

    async def get(self, gate_id: str) -> Gate | None:
        return self.gates.get(gate_id)

    async def replace(self, old: Gate, new: Gate) -> bool:
        if self.gates[old.gate_id] != old:
            return False
        self.gates[old.gate_id] = new
        return True

    async def page(self, before: int, count: int, ladder: str) -> Sequence[tuple[int, Gate]]:
        numbered = list(enumerate(self.gates.values(), start=1))
        wanted = [
            (number, gate)
            for number, gate in reversed(numbered)
            if (not before or number < before) and ladder in ("", gate.ladder)
        ]
        return wanted[:count]
