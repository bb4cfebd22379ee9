"""What the instances of the service share: one fits and writes, the others read.

Every instance folds the log by itself: the log's order makes all their ladders the same. A fit is a
pure function of a ladder, so it does not matter to anybody which instance makes it; a lease keeps
it at one. Its fence keeps one that lost the lease, and does not know it yet, from writing.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from services.elo.standings.board import Board
from services.elo.standings.boards import Boards, soon, state_of
from services.elo.standings.folding.points import Points
from services.elo.standings.standings import of_fitted, to_fitted
from services.elo.store import Fenced, Lease, Projections, Rebuilds, Snapshot, Update

LEASE_SECONDS = 4.0
RENEW_SECONDS = 1.0

SNAPSHOT_MATCHES = 50_000
"""Matches after which all is written anew; of a large log a fourth of it, since that takes
longer."""
_SNAPSHOT_SHARE = 4


class _Saved(NamedTuple):
    """A ladder, as it was when an update was put together."""

    board: Board
    fitted: int
    high_water: int
    matches: int


class Sharing:
    """One instance's part in the projections.

    Args:
        boards: The ladders.
        projections: What is shared.
        lease: Says who writes.
        holder: This instance, a name of its own.
        rebuilds: Where projections are replaced as a whole; None: nowhere.
    """

    def __init__(
        self,
        boards: Boards,
        projections: Projections,
        lease: Lease,
        holder: str,
        rebuilds: Rebuilds | None = None,
    ) -> None:
        self._boards = boards
        self._projections = projections
        self._lease = lease
        self._holder = holder
        self._fence: int | None = None
        self._snapshot_matches = 0
        self.saving = asyncio.Lock()
        """Held while something is written."""
        self._rebuilds, self._generation = rebuilds, 0

    @property
    def fits(self) -> bool:
        """Whether this instance is the one that fits."""
        return self._fence is not None

    async def begin(self) -> None:
        """Continues from the newest snapshot and the log beyond it."""
        if self._rebuilds is not None:
            self._generation = await self._rebuilds.generation()
        await self._boards.begin(await self._projections.load())
        self._of_generation(self._generation)
        self._snapshot_matches = self._matches()
        await self._boards.catch_up()
        await self.read()

    async def renew(self) -> bool:
        """Takes or keeps the lease, if it can be had; whether this instance has become the one."""
        before = self._fence
        self._fence = await self._lease.take(self._holder, LEASE_SECONDS)
        if self._fence is None or self._fence == before:
            return False
        await self.read()  # where the one before has come to
        return True

    async def read(self) -> bool:
        """Takes over what the one who fits has written; whether there were new standings."""
        if self._rebuilds is not None:
            generation = await self._rebuilds.generation()
            if generation != self._generation:  # another instance rebuilt them
                await self._boards.reload(await self._projections.load())
                self._of_generation(generation)
                await self._boards.catch_up()
        known = {board.ladder.name: board.standings.high_water for board in self._boards}
        mark = await self._projections.mark()
        changed = False
        for fitted in await self._projections.fitted(known):
            board = self._boards.get(fitted.ladder)
            if board is None or board.ladder.high_water < fitted.high_water:
                await self._boards.catch_up()
                board = self._boards.get(fitted.ladder)
            if board is not None and board.standings.high_water < fitted.high_water:
                board.publish(of_fitted(fitted, board.ladder.players.names))
                board.stored = fitted.high_water
                changed = True
        for board in self._boards:
            board.ladder.tail.forget(mark)
        return changed

    async def save(self, *, complete: bool = False) -> bool:
        """Writes what is new: standings, points, and once in a while (or if `complete`) all.

        Returns whether there was anything.

        Raises:
            Fenced: another instance fits now; this one stopped to.
        """
        async with self.saving:
            fence = self._fence
            if fence is None:
                raise Fenced("another instance fits")
            async with self._boards.changing:
                update, saved = await self._update(complete)
            if not (update.points or update.fitted or update.snapshot):
                return False
            try:
                await self._projections.save(fence, update)
            except Fenced:
                self._fence = None
                raise
            for one in saved:
                one.board.stored = one.fitted
                one.board.ladder.tail.forget(update.mark)
                if update.snapshot is not None:
                    one.board.snapshot = one.high_water
            if update.snapshot is not None:
                self._snapshot_matches = sum(one.matches for one in saved)
            return True

    async def replace(self, rebuilds: Rebuilds, update: Update) -> None:
        """Puts projections that were made anew in place of what is stored; `saving` is held.

        This instance is the one that fits from then on, whoever was: its fence keeps the other out.
        """
        self._fence = await self._lease.seize(self._holder, LEASE_SECONDS)
        self._of_generation(await rebuilds.replace(self._fence, update))
        self._snapshot_matches = self._matches()

    async def give_back(self) -> None:
        """Writes all that is known, so that the next start is short, and lets another one fit."""
        fence = self._fence
        if fence is None:
            return
        try:
            await self.save(complete=True)
        except Fenced:
            return
        self._fence = None
        await self._lease.give_back(fence)

    def _of_generation(self, generation: int) -> None:
        self._generation = generation
        for board in self._boards:
            board.generation = generation

    def _matches(self) -> int:
        return sum(board.ladder.matches for board in self._boards)

    async def _update(self, complete: bool) -> tuple[Update, list[_Saved]]:
        boards, mark = list(self._boards), self._boards.mark
        points: dict[str, Points] = {}
        for board in boards:
            of_ladder = board.ladder.tail.all()
            if len(of_ladder):
                points[board.ladder.name] = of_ladder
        fitted = [
            to_fitted(board.ladder.name, board.standings)
            for board in boards
            if board.standings.high_water > board.stored
        ]
        matches = self._matches()
        new = matches - self._snapshot_matches
        snapshot = None
        if new > max(SNAPSHOT_MATCHES, matches // _SNAPSHOT_SHARE) or (complete and new > 0):
            changed = [one.ladder for one in boards if one.ladder.high_water > one.snapshot]
            rows = sum(one.pairs.count + len(one.players) for one in changed)
            async with self._boards.settling:
                states = await soon(lambda: list(map(state_of, changed)), rows)
            snapshot = Snapshot(mark, states)
        saved = [
            _Saved(one, one.standings.high_water, one.ladder.high_water, one.ladder.matches)
            for one in boards
        ]
        return Update(mark, points, fitted, snapshot), saved
