"""The lease book with its store behind it: changes are in memory at once, durable with `flush`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

from services.matchmaker.ladders import BOT_POLICIES
from services.matchmaker.leases import LeaseBook, Match, State
from services.matchmaker.pairing import pairs_of
from services.matchmaker.store import LadderPair, LeaseState, LeaseStore

# Results of matches that ended so recently may not be in Elo's ratings yet (outbox, then refit).
_RATING_LAG = 5.0


class Ledger:
    """Rating matches and bot encounters, remembered.

    Args:
        store: Where they last.
        lease_seconds: See `LeaseBook`.
        max_attempts: See `LeaseBook`.
        keep_ended: Seconds that an ended match is remembered.
    """

    def __init__(
        self, store: LeaseStore, lease_seconds: float, max_attempts: int, keep_ended: float
    ) -> None:
        self._store = store
        self._lease_seconds = lease_seconds
        self._max_attempts = max_attempts
        self._keep_ended = keep_ended
        self.book = LeaseBook(lease_seconds, max_attempts)
        self._bot_pairs: Counter[LadderPair] = Counter()
        self._recent: list[Match] = []
        self._dirty: dict[str, None] = {}
        self._dirty_pairs: set[LadderPair] = set()
        self._forgotten: dict[str, None] = {}
        self._saving = asyncio.Lock()

    async def load(self) -> None:
        """Continues from the store."""
        state = await self._store.load()
        self.book = LeaseBook(self._lease_seconds, self._max_attempts, state.matches)
        self._bot_pairs = Counter(dict(state.bot_pairs))

    def changed(self, matches: Iterable[Match]) -> None:
        """Notes rows that the book changed; counts what was completed."""
        for match in matches:
            self._dirty[match.match_id] = None
            if match.state is State.COMPLETED:
                self._completed(match)

    def under_way(self, ladder: str, now: float) -> list[tuple[str, ...]]:
        """Participants of the ladder's matches that the ratings do not show yet."""
        self._recent = [match for match in self._recent if match.end_time > now - _RATING_LAG]
        return [
            match.participants
            for match in (*self.book.live(), *self._recent)
            if match.ladder == ladder
        ]

    def met(self, ladder: str, under_way: Sequence[tuple[str, ...]]) -> Counter[tuple[str, str]]:
        """How often pairs met: those under way, and bots at any time."""
        met = Counter(pair for participants in under_way for pair in pairs_of(participants))
        for (where, pair), completed in self._bot_pairs.items():
            if where == ladder:
                # Recent matches are in both counts: bots meet a few times less, which is no harm.
                met[pair] += completed
        return met

    def prune(self, now: float) -> None:
        """Forgets what ended long ago."""
        for match_id in self.book.prune(now - self._keep_ended):
            self._dirty.pop(match_id, None)
            self._forgotten[match_id] = None

    async def flush(self) -> None:
        """Makes all changes durable, in one transaction."""
        async with self._saving:
            dirty, self._dirty = self._dirty, {}
            pairs, self._dirty_pairs = self._dirty_pairs, set()
            forgotten, self._forgotten = self._forgotten, {}
            if not (dirty or pairs or forgotten):
                return
            changes = LeaseState(
                [self.book.get(match_id) for match_id in dirty if match_id in self.book],
                {pair: self._bot_pairs[pair] for pair in pairs},
                list(forgotten),
            )
            try:
                await self._store.save(changes)
            except BaseException:
                self._dirty = {**dirty, **self._dirty}
                self._dirty_pairs |= pairs
                self._forgotten = {**forgotten, **self._forgotten}
                raise

    def _completed(self, match: Match) -> None:
        self._recent.append(match)
        for pair in pairs_of(match.participants):
            if pair[0] in BOT_POLICIES and pair[1] in BOT_POLICIES:
                self._bot_pairs[match.ladder, pair] += 1
                self._dirty_pairs.add((match.ladder, pair))
