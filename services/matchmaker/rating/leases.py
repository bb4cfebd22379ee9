"""Rating matches and the leases under which workers play them.

A match is queued, then leased, then completed or abandoned. A lease that ran out is issued again
under a higher fence, before anything new; whoever comes back with the lower fence is refused. What
a match is, a store tells, which all instances share; here is what may become of it. Each function
makes a new match of one, and the store replaces it unless it was changed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from mazemesh.errors import FailedPrecondition, Reason
from mazemesh.games import GameSettings
from mazemesh.games.ladder import EXHIBITION
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
        run_id: Of the gate or tournament that it is for; empty: none.
        lease_seconds: How long a worker has at least, where people play too.
        rule: Why it was chosen (`rating.rota.Rule`); empty for one of a gate or tournament.
        bits: What it should tell about ratings, in bits, when it was chosen.
        lease_time: When the present lease began; 0 before the first.
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
    run_id: str = ""
    lease_seconds: float = 0.0
    rule: str = ""
    bits: float = 0.0
    lease_time: float = 0.0

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
            exhibition=self.ladder.endswith(EXHIBITION),
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of a lease.

    Attributes:
        seconds: How long a worker may take.
        max_attempts: Leases after which a match is abandoned.
    """

    seconds: float
    max_attempts: int


def is_expired(match: Match, now: float) -> bool:
    """Whether its lease ran out, and was not issued again yet."""
    return match.state is State.LEASED and match.expire_time <= now


def is_free(match: Match, terms: Terms, now: float) -> bool:
    """Whether it may be leased."""
    waits = match.state is State.QUEUED or is_expired(match, now)
    return waits and match.attempts < terms.max_attempts


def is_hopeless(match: Match, terms: Terms, now: float) -> bool:
    """Whether its last attempt ran out."""
    return is_expired(match, now) and match.attempts >= terms.max_attempts


def leased(match: Match, worker: str, terms: Terms, now: float) -> Match:
    """The match, which is free, under its next lease."""
    return replace(
        match,
        state=State.LEASED,
        fence=match.fence + 1,
        attempts=match.attempts + 1,
        worker=worker,
        expire_time=now + max(terms.seconds, match.lease_seconds),
        lease_time=now,
    )


def withdrawn(match: Match, fence: int) -> Match | None:
    """Takes a lease back that never reached its worker; the attempt does not count.

    None when the lease is not the present one any more.
    """
    if match.fence != fence or match.state is not State.LEASED:
        return None
    return replace(
        match, state=State.QUEUED, attempts=match.attempts - 1, worker="", expire_time=0.0
    )


def completed(match: Match, fence: int, worker: str, now: float) -> Match | None:
    """Ended under its present fence; None when that was done before.

    Raises:
        FailedPrecondition: the worker does not hold the lease of this fence, or it is over.
    """
    _check_held(match, fence, worker)
    if match.state is State.COMPLETED:
        return None
    if match.state is not State.LEASED:
        raise FailedPrecondition(
            f"match {match.match_id} is {match.state.value} and not leased",
            reason=Reason.LEASE_NOT_HELD,
        )
    return ended(match, State.COMPLETED, now)


def failed(match: Match, fence: int, worker: str, terms: Terms, now: float) -> Match | None:
    """The worker could not play: queued again, or abandoned when it was the last attempt.

    None when the lease ended before. Raises as `completed`.
    """
    _check_held(match, fence, worker)
    if match.state is not State.LEASED:
        return None
    if match.attempts >= terms.max_attempts:
        return ended(match, State.ABANDONED, now)
    return replace(match, state=State.QUEUED, expire_time=0.0)


def given_up(match: Match, fence: int, state: State, now: float) -> Match | None:
    """A lease turned out COMPLETED, or unplayable (ABANDONED); None when it is another's by now."""
    if match.fence != fence or match.state is not State.LEASED:
        return None
    return ended(match, state, now)


def ended(match: Match, state: State, now: float) -> Match:
    """The match, at its end."""
    return replace(match, state=state, end_time=now)


def _check_held(match: Match, fence: int, worker: str) -> None:
    if match.state is State.ABANDONED:
        raise FailedPrecondition(
            f"match {match.match_id} was abandoned after {match.attempts} attempts",
            reason=Reason.MATCH_ABANDONED,
        )
    if match.fence != fence:
        raise FailedPrecondition(
            f"fence: {fence} is not the present one of match {match.match_id}, {match.fence}; "
            "the lease ran out and the match was issued again",
            reason=Reason.FENCE_PASSED,
        )
    if match.worker != worker:
        raise FailedPrecondition(
            f"worker_id: {worker!r} holds no lease of match {match.match_id}; "
            "LeaseMatches gives one",
            reason=Reason.LEASE_NOT_HELD,
        )
