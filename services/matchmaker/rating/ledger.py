"""The lease book with its store behind it: changes are in memory at once, durable with `flush`."""

from __future__ import annotations

from collections.abc import Iterable

from services.matchmaker.rating.leases import LeaseBook, Match, State
from services.matchmaker.store import LeaseStore
from services.matchmaker.unsaved import Unsaved

# Results of matches that ended so recently may not be in Elo's ratings yet (outbox, then refit).
_RATING_LAG = 5.0


class Ledger:
    """Rating matches, remembered.

    Args:
        store: Where they are kept.
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
        self._recent: list[Match] = []
        self._unsaved: Unsaved[str, None] = Unsaved()

    async def load(self) -> None:
        """Continues from the store."""
        matches = await self._store.load()
        self.book = LeaseBook(self._lease_seconds, self._max_attempts, matches)

    def changed(self, matches: Iterable[Match]) -> None:
        """Notes rows that the book changed."""
        for match in matches:
            self._unsaved.rows[match.match_id] = None
            if match.state is State.COMPLETED:
                self._recent.append(match)

    def under_way(self, ladder: str, now: float) -> list[tuple[str, ...]]:
        """Participants of the ladder's matches that the ratings do not show yet."""
        self._recent = [match for match in self._recent if match.end_time > now - _RATING_LAG]
        return [
            match.participants
            for match in (*self.book.live(), *self._recent)
            if match.ladder == ladder
        ]

    def prune(self, now: float) -> None:
        """Forgets what ended long ago."""
        for match_id in self.book.prune(now - self._keep_ended):
            self._unsaved.rows.pop(match_id, None)
            self._unsaved.ids[match_id] = None

    async def flush(self) -> None:
        """Makes all changes durable, in one transaction."""
        await self._unsaved.flush(self._save)

    async def _save(self, dirty: dict[str, None], forgotten: list[str]) -> None:
        matches = [self.book.get(match_id) for match_id in dirty if match_id in self.book]
        await self._store.save(matches, forgotten)
