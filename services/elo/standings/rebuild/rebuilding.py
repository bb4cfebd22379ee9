"""Folds the whole log anew beside what is served, tells what differs, and takes its place.

The fold goes over the log in pieces that end where something is to be compared: at the mark of the
snapshot, of each ladder's standings, of the stored histories. So all is compared as of one place,
and memory goes with the players and pairs, not with the log.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from services.elo.log.batch import Duels, LoggedBatch
from services.elo.models.bradley_terry import Fit
from services.elo.models.fitting.posterior import Problem
from services.elo.standings.board import Board
from services.elo.standings.boards import Boards, soon, state_of
from services.elo.standings.folding.ladder import Ladder
from services.elo.standings.folding.points import Points
from services.elo.standings.rebuild import differences
from services.elo.standings.rebuild.differences import Difference, Histories
from services.elo.standings.sharing import Sharing
from services.elo.standings.standings import Standings, of_fitted, standings, to_fitted
from services.elo.store import (
    Fitted,
    LadderState,
    Projections,
    Rebuilds,
    ResultLog,
    Snapshot,
    Update,
)

TOLD = 1000
"""Differences that a report has at most; it counts all."""

_NEAR = 20_000  # matches that are folded while the ladders that are served stand still
_TRIES = 10

FitOf = Callable[[Problem], Fit]


@dataclass
class Report:
    """How far a rebuilding is, and in the end what it found.

    Attributes:
        folded: Matches.
        matches: Of the log, when it began.
        done: Whether this is the end; the rest is told then.
        ladders: Compared.
        players: Compared.
        pairs: Compared.
        found: The first differences.
        differences: How many there are.
        replaced: Whether the new took the place of what there was.
    """

    folded: int = 0
    matches: int = 0
    done: bool = False
    ladders: int = 0
    players: int = 0
    pairs: int = 0
    found: list[Difference] = field(default_factory=list)
    differences: int = 0
    replaced: bool = False

    def add(self, more: Iterable[Difference]) -> None:
        """Takes in differences."""
        for one in more:
            self.differences += 1
            if len(self.found) < TOLD:
                self.found.append(one)


@dataclass
class _Stored:
    """What the database holds, each as of its own mark."""

    snapshot: Snapshot
    fitted: dict[str, Fitted]
    histories: Histories
    histories_mark: int


class Rebuilding:
    """One refolding.

    Args:
        log: The results.
        boards: What is served.
        sharing: Who writes what is stored.
        projections: What is stored.
        rebuilds: Where it is put.
        fit: See `Ratings`.
    """

    def __init__(
        self,
        log: ResultLog,
        boards: Boards,
        sharing: Sharing,
        projections: Projections,
        rebuilds: Rebuilds,
        fit: FitOf,
    ) -> None:
        self._log, self._boards, self._sharing = log, boards, sharing
        self._projections, self._rebuilds, self._fit = projections, rebuilds, fit
        self._fresh = Boards(log)
        self._histories = Histories()
        self._report = Report()
        self._stops: Sequence[int] = ()
        self._checked: set[tuple[str, bool]] = set()

    async def run(self, *, verify_only: bool) -> AsyncIterator[Report]:
        """Reports after each piece of the log; the last is `done`. The same object each time."""
        report, served = self._report, {one.ladder.name: one.standings for one in self._boards}
        report.matches = sum(one.ladder.matches for one in self._boards)
        stored = await self._stored()
        if not verify_only:
            await self._rebuilds.clear()
        stops = sorted(
            {stored.snapshot.mark, stored.histories_mark}
            | {one.high_water for one in stored.fitted.values()}
            | {one.high_water for one in served.values()}
        )
        self._stops = stops
        while self._boards.mark > self._fresh.mark:
            before = self._fresh.mark
            async for piece in self._log.read(before):
                complete = await self._take(piece, stored, served, stage=not verify_only)
                report.folded = sum(one.ladder.matches for one in self._fresh)
                yield report
                if not complete:
                    break
            if self._boards.mark - self._fresh.mark < _NEAR or self._fresh.mark == before:
                break
        if not verify_only:
            for board in self._fresh:
                board.publish(await self._fitted(board.ladder))
        # Once begun it is ended, whoever hangs up.
        await asyncio.shield(
            asyncio.create_task(self._finish(stored, served, verify_only=verify_only))
        )
        report.folded = sum(one.ladder.matches for one in self._fresh)
        report.done = True
        yield report

    async def _finish(
        self, stored: _Stored, served: dict[str, Standings], *, verify_only: bool
    ) -> None:
        """Compares with what is served, and takes its place."""
        report, saving = self._report, self._sharing.saving
        async with saving:
            async with self._boards.changing:
                await self._last(stored, served, stage=not verify_only)
                fresh = {one.ladder.name: one.ladder for one in self._fresh}
                live = {one.ladder.name: one.ladder for one in self._boards}
                for name in dict.fromkeys([*fresh, *live]):
                    one, other = live.get(name), fresh.get(name)
                    if one is None or other is None:
                        counts = (
                            0 if ladder is None else ladder.matches for ladder in (one, other)
                        )
                        report.add([Difference(name, "", "matches", False, *map(float, counts))])
                        continue
                    found, right = await self._states([one, other])
                    report.add(differences.of_states(found, right, stored=False))
                    report.ladders += 1
                    report.players += len(right.players)
                    report.pairs += len(right.pairs)
                names: dict[str, Sequence[str]] = {
                    name: ladder.players.names for name, ladder in fresh.items()
                }
                report.add(stored.histories.differences(self._histories, names))
                report.add(self._never_checked(stored, served))
                if verify_only:
                    return
                boards = list(self._fresh)
                update = await self._update(boards)
                before = self._boards.replace(self._fresh)
            try:
                await self._sharing.replace(self._rebuilds, update)
            except BaseException:
                # What was served goes on, and has the points that the database has not.
                self._boards.replace(before)
                raise
            for board, fitted in zip(boards, update.fitted, strict=True):
                board.stored = fitted.high_water
                board.snapshot = min(update.mark, board.ladder.high_water)
            report.replaced = True

    async def _last(self, stored: _Stored, served: dict[str, Standings], *, stage: bool) -> None:
        """Folds what is missing up to the place at which the served ladders stand."""
        mark = self._boards.mark
        async for piece in self._log.read(self._fresh.mark):
            if not await self._take(piece, stored, served, stage=stage) or self._fresh.mark >= mark:
                break

    async def _take(
        self, piece: LoggedBatch, stored: _Stored, served: dict[str, Standings], *, stage: bool
    ) -> bool:
        """Folds a piece up to where the served ladders stand; whether that was all of it."""
        known = bisect_right(piece.sequences, self._boards.mark)
        if known:
            for part in _parts(_cut(piece, 0, known), self._stops):
                await self._fold(part, stored, stage=stage)
                await self._check(self._fresh.mark, stored, served)
        return known == len(piece.sequences)

    async def _fold(self, piece: LoggedBatch, stored: _Stored, *, stage: bool) -> None:
        await self._fresh.fold(piece)
        points: dict[str, Points] = {}
        for board in self._fresh:
            of_piece = board.ladder.tail.all()
            if len(of_piece):
                points[board.ladder.name] = of_piece
                if self._fresh.mark <= stored.histories_mark:
                    self._histories.add(board.ladder.name, of_piece)
                board.ladder.tail.forget(self._fresh.mark)
        if stage:
            await self._rebuilds.stage(points)

    async def _check(self, mark: int, stored: _Stored, served: dict[str, Standings]) -> None:
        """Compares what is of this place in the log."""
        report = self._report
        for board in self._fresh:
            ladder, right = board.ladder, None
            name = ladder.name
            kept, there = stored.fitted.get(name), served.get(name)
            for found, in_store in (
                (kept and of_fitted(kept, ladder.players.names), True),
                (there, False),
            ):
                if found and found.high_water == mark == ladder.high_water:
                    self._checked.add((name, in_store))
                    right = right or await self._fitted(ladder)
                    report.add(differences.of_standings(name, found, right, stored=in_store))
        if mark and mark == stored.snapshot.mark:
            self._checked.add(("", True))
            by_name = {state.name: state for state in stored.snapshot.ladders}
            for board in self._fresh:
                state = by_name.pop(board.ladder.name, None)
                if state is None:
                    matches = float(board.ladder.matches)
                    name = board.ladder.name
                    report.add([Difference(name, "", "matches", True, 0.0, matches)])
                    continue
                (right_state,) = await self._states([board.ladder])
                report.add(differences.of_states(state, right_state, stored=True))
            for name, state in by_name.items():
                report.add([Difference(name, "", "matches", True, float(state.matches), 0.0)])

    def _never_checked(self, stored: _Stored, served: dict[str, Standings]) -> Iterator[Difference]:
        """What says that it is of a place which the log does not have."""
        places = [("", True, stored.snapshot.mark)]
        places += [(name, True, one.high_water) for name, one in stored.fitted.items()]
        places += [(name, False, one.high_water) for name, one in served.items()]
        for name, in_store, mark in places:
            if mark and (name, in_store) not in self._checked:
                yield Difference(name, "", "mark", in_store, float(mark), float(self._fresh.mark))

    async def _fitted(self, ladder: Ladder) -> Standings:
        problem = await soon(ladder.problem, ladder.pairs.count + len(ladder.players))
        names, marks = tuple(ladder.players.names), (ladder.high_water, ladder.matches)
        fit = self._fit
        return await asyncio.to_thread(lambda: standings(fit(problem), problem, names, *marks))

    async def _update(self, boards: Sequence[Board]) -> Update:
        states = await self._states([board.ladder for board in boards])
        fitted = [to_fitted(board.ladder.name, board.standings) for board in boards]
        mark = self._fresh.mark
        return Update(mark, {}, fitted, Snapshot(mark, states))

    async def _stored(self) -> _Stored:
        """What is stored, read again where somebody wrote meanwhile."""
        mark = await self._projections.mark()
        fitted = {one.ladder: one for one in await self._projections.fitted({})}
        for _ in range(_TRIES):
            before = await self._rebuilds.snapshot_mark()
            snapshot = await self._projections.load()
            if snapshot.mark == before:
                break
        histories = Histories()
        async for ladder, points in self._rebuilds.histories():
            histories.add(ladder, points.where(points.sequences <= mark))
        return _Stored(snapshot, fitted, histories, mark)

    async def _states(self, ladders: Sequence[Ladder]) -> list[LadderState]:
        rows = sum(one.pairs.count + len(one.players) for one in ladders)
        async with self._boards.settling, self._fresh.settling:
            return await soon(lambda: list(map(state_of, ladders)), rows)


def _parts(piece: LoggedBatch, stops: Sequence[int]) -> Iterator[LoggedBatch]:
    """A piece cut where something is to be compared."""
    at, sequences = 0, piece.sequences
    for stop in stops:
        end = bisect_right(sequences, stop)
        if at < end < len(sequences):
            yield _cut(piece, at, end)
            at = end
    yield _cut(piece, at, len(sequences))


def _cut(piece: LoggedBatch, start: int, end: int) -> LoggedBatch:
    rows = slice(start, end)
    content = piece.content
    part = content.select(rows) if isinstance(content, Duels) else content[rows]
    return LoggedBatch(piece.sequences[rows], part)
