"""All ladders of a log, folded from it in its order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from services._harness.pacing import paced
from services.elo.log.batch import Batch, Duels, Integers, LoggedBatch
from services.elo.log.match import LoggedMatch, Match
from services.elo.models.counting.pairs import Pairs
from services.elo.models.skills import Skills
from services.elo.standings.board import Board
from services.elo.standings.folding.ladder import Ladder
from services.elo.standings.folding.records import Records
from services.elo.store import Appended, LadderState, ResultLog, Snapshot, Status

_DUELS_AT_ONCE = 2000  # some milliseconds
_ROWS_AT_ONCE = 5000
_SETTLED_AT = 8192  # duels that wait for other models, when a thread takes them in
_MOST_WAITING = 8 * _SETTLED_AT

T = TypeVar("T")


class Boards:
    """Keeps every ladder in step with the log. Lives on one event loop."""

    def __init__(self, log: ResultLog) -> None:
        self._log = log
        self._boards: dict[str, Board] = {}
        self.mark = 0
        """Sequence of the last match that was folded in."""
        self._settler: asyncio.Task[None] | None = None
        self.settling = asyncio.Lock()
        """Held by whoever takes in, or reads, what models believe; after `changing`, where both."""
        self.changing = asyncio.Lock()
        """Held while ladders change, and by whoever needs them to stand still for longer."""

    def __iter__(self) -> Iterator[Board]:
        """Every ladder that has a result."""
        return iter(list(self._boards.values()))

    def get(self, ladder: str) -> Board | None:
        """A ladder; None while it has no result."""
        return self._boards.get(ladder)

    async def begin(self, snapshot: Snapshot) -> None:
        """Takes a snapshot for a beginning."""
        for state in snapshot.ladders:
            self._boards[state.name] = Board(await asyncio.to_thread(restored, state))
        self.mark = snapshot.mark

    async def reload(self, snapshot: Snapshot) -> None:
        """Forgets all ladders and takes a snapshot for a beginning."""
        async with self.changing:
            self._boards = {}
            await self.begin(snapshot)

    def replace(self, other: Boards) -> Boards:
        """Takes the place of these ladders with others, folded as far; what there was."""
        before = Boards(self._log)
        before._boards, before.mark = self._boards, self.mark
        self._boards, self.mark = other._boards, other.mark
        return before

    async def fold(self, piece: LoggedBatch) -> None:
        """Folds in the next piece of the log; for whoever is alone with these ladders."""
        await self._fold(piece)

    async def catch_up(self) -> bool:
        """Folds in what the log holds beyond the mark; whether that was anything."""
        async with self.changing:
            before = self.mark
            async for piece in self._log.read(before):
                await self._fold(piece)
            return self.mark > before

    async def appended(self, batches: Sequence[Batch], appended: Appended) -> bool:
        """Folds in what was recorded of batches, and what others recorded before; if anything."""
        async with self.changing:
            before = self.mark
            if appended.before == before:
                for batch, statuses, sequences in zip(batches, *appended[1:], strict=True):
                    if sequences:
                        await self._fold(LoggedBatch(sequences, _recorded(batch, statuses)))
            else:
                async for piece in self._log.read(before):
                    await self._fold(piece)
            return self.mark > before

    async def _fold(self, piece: LoggedBatch) -> None:
        sequences, content = piece
        if isinstance(content, Duels):
            for start in range(0, len(content), _DUELS_AT_ONCE):
                rows = slice(start, start + _DUELS_AT_ONCE)
                self._fold_duels(np.array(sequences[rows], np.int64), content.select(rows))
                await asyncio.sleep(0)
            await self._settle(content.ladders)
        else:
            async for logged in paced(map(LoggedMatch, sequences, content)):
                self._board(logged.match.ladder).ladder.fold(logged)
            await self._settle([match.ladder for match in content])
        self.mark = sequences[-1]

    async def _settle(self, ladders: Sequence[str]) -> None:
        """Has a thread take in what waits for other models; waits for it where that is too much."""
        of_all = [self._board(name).ladder.skills for name in dict.fromkeys(ladders)]
        behind = [one for one in of_all if one is not None and one.waiting >= _SETTLED_AT]
        if not behind:
            return
        if self._settler is None or self._settler.done():
            self._settler = asyncio.create_task(self._settle_all(behind))
        if max(one.waiting for one in behind) >= _MOST_WAITING:
            await self._settler

    async def _settle_all(self, skills: Sequence[Skills]) -> None:
        async with self.settling:
            for one in skills:
                await asyncio.to_thread(one.settle)

    def _fold_duels(self, sequences: Integers, duels: Duels) -> None:
        names = dict.fromkeys(duels.ladders)
        if len(names) == 1:
            self._board(duels.ladders[0]).ladder.fold_duels(sequences, duels)
            return
        rows_of: dict[str, list[int]] = {name: [] for name in names}
        for row, name in enumerate(duels.ladders):
            rows_of[name].append(row)
        for name, rows in rows_of.items():
            self._board(name).ladder.fold_duels(sequences[rows], duels.select(rows))

    def _board(self, ladder: str) -> Board:
        board = self._boards.get(ladder)
        if board is None:
            self._boards[ladder] = board = Board(Ladder(ladder))
        return board


async def soon(copy: Callable[[], T], rows: int) -> T:
    """Copies of so many rows of ladders that stand still: large ones are made in a thread."""
    return copy() if rows < _ROWS_AT_ONCE else await asyncio.to_thread(copy)


def restored(state: LadderState) -> Ladder:
    """The ladder whose `state` it is."""
    return Ladder(
        state.name,
        high_water=state.high_water,
        matches=state.matches,
        players=Records.of(state.players, state.ratings, state.numbers),
        pairs=Pairs(state.pairs),
        skills=None if state.skills is None else Skills(state.skills),
    )


def state_of(ladder: Ladder) -> LadderState:
    """All of a ladder but the points of histories, as copies."""
    ratings, numbers = ladder.players.used()
    return LadderState(
        ladder.name,
        ladder.high_water,
        ladder.matches,
        tuple(ladder.players.names),
        ratings,
        numbers,
        ladder.pairs.rows.copy(),
        None if ladder.skills is None else ladder.skills.used(len(ladder.players)),
    )


def _recorded(batch: Batch, statuses: Sequence[object]) -> Duels | Sequence[Match]:
    """Those results of a batch that were recorded."""
    rows = [row for row, status in enumerate(statuses) if status is Status.RECORDED]
    content = batch.content
    if len(rows) == len(statuses):
        return content
    return content.select(rows) if isinstance(content, Duels) else [content[row] for row in rows]
