"""Rating matches and the leases under which workers play them.

A match is queued, then leased, then completed or abandoned. A lease that ran out is issued again
under a higher fence, before anything new; whoever comes back with the lower fence is refused. A
row is immutable: every change makes a new one, so that a store can be told exactly what changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from mazemesh.errors import FailedPrecondition, NotFound, Reason
from mazemesh.games import GameSettings
from services.matchmaker.setup import MatchSetup


class State(Enum):
    """Where a match is in its life."""

    QUEUED = "queued"
    LEASED = "leased"
    COMPLETED = "completed"
    ABANDONED = "abandoned"


LIVE = (State.QUEUED, State.LEASED)


@dataclass(frozen=True, slots=True)
class Match:
    """A rating match and its lease. Times are seconds since 1970.

    Attributes:
        match_id: Unique for ever.
        ladder: Where it counts.
        game: Name of the game.
        settings: Its settings.
        participants: Policy names, one a seat.
        seed: Seed of the maze.
        create_time: When the match was decided on.
        state: See `State`.
        fence: Number of the present lease; 0 before the first.
        attempts: Leases that were tried in earnest.
        worker: Who holds or held the lease.
        expire_time: When the lease runs out.
        end_time: When the match was completed or abandoned.
    """

    match_id: str
    ladder: str
    game: str
    settings: GameSettings
    participants: tuple[str, ...]
    seed: int
    create_time: float
    state: State = State.QUEUED
    fence: int = 0
    attempts: int = 0
    worker: str = ""
    expire_time: float = 0.0
    end_time: float = 0.0

    @property
    def setup(self) -> MatchSetup:
        """The rated match, over all rotations, as Game needs to know it under this lease."""
        return MatchSetup(
            self.match_id,
            self.game,
            self.settings,
            self.seed,
            self.participants,
            rated=True,
            fence=self.fence,
        )


class LeaseBook:
    """All matches that are not forgotten yet.

    Args:
        lease_seconds: How long a worker may take.
        max_attempts: Leases after which a match is abandoned.
        matches: What a store remembered.
    """

    def __init__(
        self, lease_seconds: float, max_attempts: int, matches: Iterable[Match] = ()
    ) -> None:
        self._lease_seconds = lease_seconds
        self._max_attempts = max_attempts
        self._matches: dict[str, Match] = {match.match_id: match for match in matches}
        self._live: dict[str, None] = {
            match.match_id: None
            for match in sorted(self._matches.values(), key=lambda one: one.create_time)
            if match.state in LIVE
        }

    def __len__(self) -> int:
        return len(self._matches)

    def __contains__(self, match_id: str) -> bool:
        return match_id in self._matches

    def get(self, match_id: str) -> Match:
        """A match by its id. Raises `NotFound`."""
        try:
            return self._matches[match_id]
        except KeyError:
            raise NotFound(f"match_id: no match {match_id!r}, or it ended long ago") from None

    def live(self) -> Iterator[Match]:
        """Matches that are queued or leased, oldest first."""
        return (self._matches[match_id] for match_id in self._live)

    @property
    def live_count(self) -> int:
        """How many these are."""
        return len(self._live)

    def expired(self, now: float) -> list[Match]:
        """Matches whose lease ran out and was not issued again yet."""
        return [
            match for match in self.live() if match.state is State.LEASED and not _held(match, now)
        ]

    def add(self, match: Match) -> Match:
        """Queues a new match. Its id must be new."""
        if match.match_id in self._matches:
            raise ValueError(f"match {match.match_id} is in the book already")
        return self._put(match)

    def abandon_hopeless(self, now: float) -> list[Match]:
        """Abandons matches whose last attempt ran out; returns them."""
        hopeless = [one for one in self.expired(now) if one.attempts >= self._max_attempts]
        return [self._put(_ended(match, State.ABANDONED, now)) for match in hopeless]

    def issue(self, worker: str, limit: int, now: float, game: str = "") -> list[Match]:
        """Leases at most `limit` matches to a worker: expired leases first, then the oldest.

        `game` restricts to one game; empty is any.
        """
        free = [
            match
            for match in self.live()
            if not _held(match, now)
            and match.attempts < self._max_attempts
            and game in ("", match.game)
        ]
        free.sort(key=lambda match: match.state is not State.LEASED)  # stable: oldest first within
        return [self._put(self._leased(match, worker, now)) for match in free[:limit]]

    def withdraw(self, match_id: str, fence: int) -> Match | None:
        """Takes a lease back that never reached its worker; the attempt does not count.

        None when the lease is not the present one any more.
        """
        match = self._matches.get(match_id)
        if match is None or match.fence != fence or match.state is not State.LEASED:
            return None
        return self._put(
            replace(
                match, state=State.QUEUED, attempts=match.attempts - 1, worker="", expire_time=0.0
            )
        )

    def complete(self, match_id: str, fence: int, worker: str, now: float) -> Match | None:
        """Ends a match under its present fence; None when that was done before.

        Raises:
            NotFound: unknown match.
            FailedPrecondition: the worker does not hold the lease of this fence, or it is over.
        """
        match = self._held_by(match_id, fence, worker)
        if match.state is State.COMPLETED:
            return None
        if match.state is not State.LEASED:
            raise FailedPrecondition(
                f"match {match_id} is {match.state.value} and not leased",
                reason=Reason.LEASE_NOT_HELD,
            )
        return self._put(_ended(match, State.COMPLETED, now))

    def fail(self, match_id: str, fence: int, worker: str, now: float) -> Match | None:
        """The worker could not play: queued again, or abandoned when it was the last attempt.

        None when the lease ended before. Raises like `complete`.
        """
        match = self._held_by(match_id, fence, worker)
        if match.state is not State.LEASED:
            return None
        if match.attempts >= self._max_attempts:
            return self._put(_ended(match, State.ABANDONED, now))
        return self._put(replace(match, state=State.QUEUED, expire_time=0.0))

    def end(self, match_id: str, state: State, now: float) -> Match:
        """Ends a match whatever its lease: it turned out COMPLETED, or unplayable (ABANDONED)."""
        return self._put(_ended(self.get(match_id), state, now))

    def prune(self, ended_before: float) -> list[str]:
        """Forgets matches that ended before; returns their ids."""
        gone = [
            match.match_id
            for match in self._matches.values()
            if match.state not in LIVE and match.end_time < ended_before
        ]
        for match_id in gone:
            del self._matches[match_id]
        return gone

    def _leased(self, match: Match, worker: str, now: float) -> Match:
        return replace(
            match,
            state=State.LEASED,
            fence=match.fence + 1,
            attempts=match.attempts + 1,
            worker=worker,
            expire_time=now + self._lease_seconds,
        )

    def _held_by(self, match_id: str, fence: int, worker: str) -> Match:
        match = self.get(match_id)
        if match.state is State.ABANDONED:
            raise FailedPrecondition(
                f"match {match_id} was abandoned after {match.attempts} attempts",
                reason=Reason.MATCH_ABANDONED,
            )
        if match.fence != fence:
            raise FailedPrecondition(
                f"fence: {fence} is not the present one of match {match_id}, {match.fence}; "
                "the lease ran out and the match was issued again",
                reason=Reason.FENCE_PASSED,
            )
        if match.worker != worker:
            raise FailedPrecondition(
                f"worker_id: {worker!r} holds no lease of match {match_id}; LeaseMatches gives one",
                reason=Reason.LEASE_NOT_HELD,
            )
        return match

    def _put(self, match: Match) -> Match:
        self._matches[match.match_id] = match
        if match.state in LIVE:
            self._live.setdefault(match.match_id)
        else:
            self._live.pop(match.match_id, None)
        return match


def _held(match: Match, now: float) -> bool:
    return match.state is State.LEASED and match.expire_time > now


def _ended(match: Match, state: State, now: float) -> Match:
    return replace(match, state=state, end_time=now)
