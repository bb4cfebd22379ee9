"""What follows from tournaments' logs, kept at hand and up to date."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from services.matchmaker.tournaments.plan import (
    ELIMINATIONS,
    Encounter,
    Forfeit,
    Log,
    Plan,
    met,
)
from services.matchmaker.tournaments.run import Entry, TournamentRun
from services.matchmaker.tournaments.store import TournamentStore
from services.matchmaker.tournaments.tournament import Tournament, fold

_FEW = 256
"""Entrants that are folded in a moment; more take a thread."""

_SHARE = 9.0
"""Of the time since the last fold, at most one in so many more goes with folding."""

_MOST_BOOKS = 16


class Book:
    """One tournament's log, and its fold; belongs to one event loop.

    Large tournaments are folded less often than results come in: until then `ready` looks at each
    encounter that has news by itself.
    """

    def __init__(self, plan: Plan, clock: Callable[[], float]) -> None:
        self._plan, self._clock = plan, clock
        self._scores: dict[str, tuple[float, ...]] = {}
        self._forfeits: dict[str, Forfeit] = {}
        self._position = 0
        self._news: set[str] = set()
        self._lock = asyncio.Lock()
        self._folded: Tournament | None = None
        self._fold_time = self._fold_seconds = 0.0

    @property
    def up_to_date(self) -> bool:
        """Whether all that was read is folded."""
        return not self._news

    @property
    def folded(self) -> Tournament:
        """The tournament as of the last fold."""
        if self._folded is None:
            raise RuntimeError("a book is read before it is used")
        return self._folded

    async def read(self, run: TournamentRun, store: TournamentStore) -> None:
        """Takes in what is new in the log."""
        async with self._lock:
            for position, entry in await store.entries(run.run_id, self._position):
                self._position = position
                self._take(entry)
            now = self._clock()
            rested = now - self._fold_time >= _SHARE * self._fold_seconds
            if self._folded is None or (self._news and (rested or not run.running)):
                await self._fold()
                self._fold_time = self._clock()
                self._fold_seconds = self._fold_time - now

    def ready(self) -> Iterator[tuple[Encounter, int]]:
        """Encounters that need another match, each with its number."""
        decide = self._plan.format in ELIMINATIONS
        log = Log(self._scores, self._forfeits)
        for one in self.folded.next:
            if one.key in self._news and one.second is not None:
                one = met(
                    *(self._plan, log, one.key, one.round, one.first, one.second), decide=decide
                )
            if not one.over:
                yield one, one.matches

    def _take(self, entry: Entry) -> None:
        self._news.add(entry.key)
        if entry.forfeit is not None:
            self._forfeits[entry.key] = entry.forfeit
        else:
            self._scores[entry.key] = (*self._scores.get(entry.key, ()), entry.score)

    async def _fold(self) -> None:
        news, self._news = self._news, set()
        log = Log(dict(self._scores), dict(self._forfeits))
        try:
            if len(self._plan.entrants) <= _FEW:
                self._folded = fold(self._plan, log)
            else:
                self._folded = await asyncio.to_thread(fold, self._plan, log)
        except BaseException:
            self._news |= news
            raise


class Books:
    """Those of the tournaments that were looked at last."""

    def __init__(self, store: TournamentStore, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock
        self._books: OrderedDict[str, Book] = OrderedDict()

    async def of(self, run: TournamentRun) -> Book:
        """The book of a tournament, with all that the log has by now."""
        book = self._books.setdefault(run.run_id, Book(run.plan, self._clock))
        self._books.move_to_end(run.run_id)
        while len(self._books) > _MOST_BOOKS:
            self._books.popitem(last=False)
        await book.read(run, self._store)
        return book


def changed(before: Sequence[Encounter], now: Sequence[Encounter]) -> list[Encounter]:
    """Encounters that are new, or not as they were."""
    known = {one.key: one for one in before}
    return [one for one in now if known.get(one.key) != one]
