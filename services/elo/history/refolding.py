"""The matches of one ladder from the log, in pieces between which others have their turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.elo.log.batch import Duels, Integers, LoggedBatch
from services.elo.log.match import LoggedMatch, Match
from services.elo.standings.folding.ladder import Ladder
from services.elo.store import ResultLog

_DUELS_AT_ONCE = 2000  # some milliseconds
_SETTLED_AT = 8192  # duels
_COMPARED_AT_ONCE = 100_000  # scores of pairs; one match has at most 64 * 64 * 64 of them


@dataclass(frozen=True)
class Piece:
    """Some matches of a ladder in the order of the log.

    Attributes:
        sequences: Their places in the log.
        content: What they say.
        finishes: When each ended, in nanoseconds since 1970-01-01 UTC.
        mark: The log was read up to here.
    """

    sequences: Integers
    content: Duels | Sequence[Match]
    finishes: Integers
    mark: int

    def __len__(self) -> int:
        """Number of matches."""
        return len(self.sequences)

    def where(self, rows: Integers | slice) -> Piece:
        """Some of them, in their order."""
        chosen = np.arange(len(self))[rows].tolist()
        content = self.content
        some = (
            content.select(chosen)
            if isinstance(content, Duels)
            else [content[row] for row in chosen]
        )
        return Piece(self.sequences[rows], some, self.finishes[rows], self.mark)


async def settled(ladder: Ladder) -> None:
    """Has a thread take in what waits for other models, where that is much."""
    if ladder.skills is not None and ladder.skills.waiting >= _SETTLED_AT:
        await asyncio.to_thread(ladder.skills.settle)


async def pieces(log: ResultLog, ladder: str, after: int) -> AsyncIterator[Piece]:
    """What the log has of a ladder after a place; a piece may be empty."""
    async for read in log.read(after):
        piece = _of_ladder(read, ladder)
        for rows in _turns(piece):
            await asyncio.sleep(0)
            part = piece.where(rows)
            # What was read beyond it is not folded yet.
            yield replace(part, mark=int(part.sequences[-1]))
        yield piece.where(slice(0, 0))


def fold(ladder: Ladder, piece: Piece) -> None:
    """Folds a piece in; points of histories, which nobody asks here, are forgotten."""
    if not len(piece):
        return
    if isinstance(piece.content, Duels):
        ladder.fold_duels(piece.sequences, piece.content)
    else:
        for sequence, match in zip(piece.sequences.tolist(), piece.content, strict=True):
            ladder.fold(LoggedMatch(sequence, match))
    ladder.tail.forget(ladder.high_water)


def _turns(piece: Piece) -> Iterator[slice]:
    """What is folded before others have their turn."""
    if isinstance(piece.content, Duels):
        for start in range(0, len(piece), _DUELS_AT_ONCE):
            yield slice(start, start + _DUELS_AT_ONCE)
        return
    start = compared = 0
    for row, match in enumerate(piece.content):
        compared += len(match.participants) ** 2 * len(match.games)
        if compared >= _COMPARED_AT_ONCE:
            yield slice(start, row + 1)
            start, compared = row + 1, 0
    if start < len(piece):
        yield slice(start, len(piece))


def _of_ladder(read: LoggedBatch, ladder: str) -> Piece:
    sequences, content = read
    if isinstance(content, Duels):
        finishes, ladders = content.finishes, content.ladders
    else:
        finishes = np.array([match.finish_nanoseconds for match in content], np.int64)
        ladders = [match.ladder for match in content]
    piece = Piece(np.array(sequences, np.int64), content, finishes, sequences[-1])
    if all(name == ladder for name in ladders):
        return piece
    return piece.where(np.flatnonzero([name == ladder for name in ladders]))
