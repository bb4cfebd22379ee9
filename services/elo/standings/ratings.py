"""Keeps every ladder in step with the log, and has those fitted that have changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress

from mazemesh.errors import ResourceExhausted, Unavailable
from services._harness.broadcast import Broadcast, wait
from services.elo.log.batch import Batch
from services.elo.log.match import Match, retraction_id
from services.elo.models.bradley_terry import Fit
from services.elo.models.fitting.posterior import Problem
from services.elo.standings.board import Board
from services.elo.standings.boards import Boards, soon
from services.elo.standings.folding.points import Points
from services.elo.standings.grouping import Grouping
from services.elo.standings.rebuild.rebuilding import Rebuilding, Report
from services.elo.standings.sharing import RENEW_SECONDS, Sharing
from services.elo.standings.standings import EMPTY, Standings, standings
from services.elo.store import (
    Appended,
    Fenced,
    Lease,
    News,
    Projections,
    Rebuilds,
    ResultLog,
    Status,
)

SMALL = 200
"""Players below which a ladder is fitted at once when somebody looks at it: some milliseconds."""

_SHARE = 4.0
"""The background pauses so many times as long as its fits took: at most a fifth of a core."""

_LOOK_SECONDS = 5.0  # between two looks whether something has to be rebuilt
_PATIENCE_SECONDS = 5.0
"""How long one waits for another instance's fit: longer than it takes to replace a lost one."""


class Ratings:
    """All ladders of a log. Lives on one event loop; fits run in a thread.

    Args:
        log: Where the results are.
        projections: Where what was made of them is.
        lease: Says which instance fits.
        news: Says when to look at what other instances wrote; None where there are none.
        fit: `bradley_terry.fit`, or a wrapper of it.
        refit_seconds: Least time between two fits in the background.
        holder: Name of this instance.
        rebuilds: Where projections are replaced as a whole; None: nowhere.
    """

    def __init__(
        self,
        log: ResultLog,
        projections: Projections,
        lease: Lease,
        news: News | None,
        fit: Callable[[Problem], Fit],
        *,
        refit_seconds: float,
        holder: str,
        rebuilds: Rebuilds | None = None,
    ) -> None:
        self.boards = Boards(log)
        self._projections = projections
        self._log, self._rebuilds = log, rebuilds
        self._sharing = Sharing(self.boards, projections, lease, holder, rebuilds)
        self._rebuilding = asyncio.Lock()
        self._news = news
        self._fit = fit
        self._refit_seconds = refit_seconds
        self._grouping = Grouping(log, self._fold)
        self._changed = asyncio.Event()
        self._published = Broadcast()

    @property
    def fits(self) -> bool:
        """Whether this instance is the one that fits."""
        return self._sharing.fits

    async def begin(self) -> None:
        """Continues from what is stored; to be awaited before anything else."""
        await self._sharing.begin()
        await self._sharing.renew()
        self._changed.set()

    def board(self, ladder: str) -> Board | None:
        """A ladder; None while it has no result."""
        return self.boards.get(ladder)

    def met(self, ladder: str, player: str, opponent: str) -> tuple[float, int]:
        """See `gate.gates.Records`."""
        board = self.boards.get(ladder)
        if board is None:
            return 0.0, 0
        one, other = board.ladder.index(player), board.ladder.index(opponent)
        if one is None or other is None:
            return 0.0, 0
        meeting = board.ladder.pairs.between(one, other)
        return (0.0, 0) if meeting is None else (meeting.score, meeting.games)

    async def record(self, batch: Batch) -> Sequence[Status]:
        """Appends to the log and folds in what is new; statuses in the order of the batch."""
        return await self._grouping.append(batch)

    async def retractions(self, match_ids: Sequence[str]) -> list[Match]:
        """Entries that take results back, of those that the log has; recorded, each counts once."""
        there = await self._log.named(match_ids)
        found = [there[one] for one in dict.fromkeys(match_ids) if one in there]
        return [
            one._replace(match_id=retraction_id(one.match_id), retracts=one.match_id)
            for one in found
            if not one.retracts
        ]

    async def current(self, ladder: str, players: Iterable[int] = ()) -> Board | None:
        """A ladder whose standings hold these players.

        Where this instance fits, those of a small one hold everything, else what there was a second
        or two ago.

        Raises:
            Unavailable: the standings come from another instance, and do not come.
        """
        board = self.boards.get(ladder)
        if board is None:
            return None
        needed = max(players, default=-1) + 1
        if not self.fits:
            await self._shared(board, needed)
        elif len(board.standings.names) < needed or (
            board.dirty and len(board.ladder.players) < SMALL
        ):
            await self._refit(board)
        return board

    async def history(self, board: Board, player: int, start: int, count: int) -> Points:
        """The points of a player from its match `start` on, at most `count`."""
        # Before the store, since what is in the store leaves the tail.
        tail = board.ladder.tail.of(player, start, count)
        stored = await self._projections.history(board.ladder.name, player, start, count)
        rest = tail.where(tail.numbers >= start + len(stored))
        return Points.joined([stored, rest]).where(slice(0, count))

    async def rebuild(self, *, verify_only: bool) -> AsyncIterator[Report]:
        """Refolds the whole log, compares, and unless only to verify replaces; see `Rebuilding`.

        Raises:
            ResourceExhausted: it is being done.
        """
        if self._rebuilds is None:
            raise ValueError("there is nowhere to put what is rebuilt")
        if self._rebuilding.locked():
            raise ResourceExhausted("ratings are being rebuilt by another call; wait for its end")
        async with self._rebuilding:
            rebuilding = Rebuilding(
                *(self._log, self.boards, self._sharing, self._projections, self._rebuilds),
                self._fit,
            )
            async for report in rebuilding.run(verify_only=verify_only):
                yield report
            if not verify_only:
                await self.boards.catch_up()
                self._changed.set()
                self._published.notify()
                if self._news is not None:
                    self._news.tell()

    async def complete_forever(self) -> None:
        """Rebuilds what an earlier version stored without all models, where this instance fits."""
        while True:
            if self.fits and any(board.ladder.skills is None for board in self.boards):
                with suppress(ResourceExhausted, Unavailable, Fenced):
                    async for _ in self.rebuild(verify_only=False):
                        pass
            await asyncio.sleep(_LOOK_SECONDS)

    async def refit_forever(self) -> None:
        """Where this instance fits: fits ladders that have changed and stores them."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._changed.wait()
            self._changed.clear()
            began = clock()
            if self._news is None and not self.fits:
                await self._sharing.renew()
            if self.fits:
                with suppress(Fenced):
                    await self._refit_all()
            await asyncio.sleep(max(self._refit_seconds, _SHARE * (clock() - began)))

    async def lead_forever(self) -> None:
        """Becomes the one that fits whenever there is none."""
        while True:
            if await self._sharing.renew():
                self._changed.set()
            await asyncio.sleep(RENEW_SECONDS)

    async def follow_forever(self) -> None:
        """Takes in what other instances recorded and fitted."""
        while self._news is not None:
            await self._news.wait()
            if await self.boards.catch_up():
                self._changed.set()
            if not self.fits and await self._sharing.read():
                self._published.notify()

    async def changes(
        self, ladder: str, *, least: float, most: float
    ) -> AsyncIterator[Board | None]:
        """A ladder now, again whenever it was fitted, and after `most` seconds without that.

        At least `least` seconds lie between two. Ends when the ratings are closed.
        """
        board = await self.current(ladder)
        while not self._published.closed:
            yield board
            seen = board.standings if board else EMPTY
            heartbeat = asyncio.get_running_loop().time() + most
            await asyncio.sleep(least)
            board = await self._next(ladder, seen, heartbeat)

    async def close(self) -> None:
        """Ends `changes` and waits for appends that were begun."""
        self._published.close()
        await self._grouping.finish()

    async def leave(self) -> None:
        """Stores all, and lets another instance fit; after `close`."""
        await self._sharing.give_back()

    async def _fold(self, batches: Sequence[Batch], appended: Appended) -> None:
        if await self.boards.appended(batches, appended):
            self._changed.set()
        if self._news is not None and any(appended.sequences):
            self._news.tell()

    async def _next(self, ladder: str, seen: Standings, until: float) -> Board | None:
        """The ladder once its standings are not those that were seen, or the time has come."""
        clock = asyncio.get_running_loop().time
        while not self._published.closed:
            published, board = self._published.ticket(), self.boards.get(ladder)
            if board is not None and board.standings is not seen:
                return board
            if not await wait(published, until - clock()):
                break
        return self.boards.get(ladder)

    async def _shared(self, board: Board, players: int) -> None:
        """Waits until the standings that another instance makes have so many players."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while len(board.standings.names) < players and not self._published.closed:
                    await self._published.ticket().wait()
        except TimeoutError:
            raise Unavailable(
                f"ladder {board.ladder.name!r} is fitted by another instance, which has not seen "
                "the newest players yet; try again"
            ) from None

    async def _refit_all(self) -> None:
        for board in self.boards:
            await self._refit(board)
        if await self._sharing.save() and self._news is not None:
            self._news.tell()

    async def _refit(self, board: Board) -> None:
        asked = board.ladder.high_water
        async with board.fitting:
            # Whoever held the lock may have done it.
            if board.standings.high_water >= asked:
                return
            ladder = board.ladder
            async with self.boards.changing:
                mark, matches, names = (
                    ladder.high_water,
                    ladder.matches,
                    tuple(ladder.players.names),
                )
                problem = await soon(ladder.problem, ladder.pairs.count + len(names))
            board.publish(
                await asyncio.to_thread(
                    lambda: standings(self._fit(problem), problem, names, mark, matches)
                )
            )
        self._published.notify()
