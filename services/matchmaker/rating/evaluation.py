"""Rating matches for evaluators: decided here, created at Game, handed out under leases."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import structlog

from mazemesh.errors import (
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Reason,
    Unavailable,
)
from mazemesh.games import is_bot
from services._harness.pacing import paced
from services.matchmaker.numbers import Numbers
from services.matchmaker.peers import GamePeer
from services.matchmaker.rating.cooldown import Cooldowns
from services.matchmaker.rating.ladders import Ladder
from services.matchmaker.rating.leases import Match, State
from services.matchmaker.rating.ledger import Ledger
from services.matchmaker.rating.pairing import Pairing, PairingRules, pairs_of
from services.matchmaker.rating.players import count_pending, players_of
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.setup import CreatedMatch
from services.matchmaker.training.snapshots import SnapshotRoster

_log = structlog.get_logger(__name__)

# Refusals that concern a match itself; after any other error the same call may succeed later.
_REFUSALS = (Conflict, FailedPrecondition, InvalidArgument, NotFound)


@dataclass(frozen=True, slots=True)
class Issue:
    """Leased matches with their games; without any, when to ask again (seconds)."""

    matches: Sequence[tuple[Match, CreatedMatch]]
    retry_after: float = 0.0


class LeaseEvent(Enum):
    """What happens to a lease."""

    ISSUED = "issued"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Throttle:
    """How much rating may take of the machines.

    Attributes:
        max_outstanding: Matches of one ladder that are under way at once.
        retry: Retry hint, seconds, when all is under way.
        settled_retry: Retry hint, seconds, when every rating is narrow enough.
    """

    max_outstanding: int
    retry: float
    settled_retry: float


class Evaluation:
    """Issues and ends rating matches; belongs to one event loop.

    Attributes:
        events: How often what happened to leases.
    """

    def __init__(
        self,
        ledger: Ledger,
        numbers: Numbers,
        roster: SnapshotRoster,
        ratings: Ratings,
        game: GamePeer,
        *,
        cooldowns: Cooldowns,
        rules: PairingRules,
        throttle: Throttle,
        clock: Callable[[], float],
        rng: np.random.Generator,
    ) -> None:
        self._ledger = ledger
        self._numbers = numbers
        self._roster = roster
        self._ratings = ratings
        self._game = game
        self._cooldowns = cooldowns
        self._rules = rules
        self._throttle = throttle
        self._clock = clock
        self._rng = rng
        self._turn = 0
        self.events: Counter[LeaseEvent] = Counter()
        self._deciding = asyncio.Lock()

    async def lease(self, worker: str, limit: int, game: str = "") -> Issue:
        """Leases at most `limit` matches and creates their games.

        The leases are durable before the games exist, so a fence is never issued twice.

        Raises:
            Unavailable: Game is away.

        Whatever is raised, also when the caller is gone: the matches are queued again, and their
        leases do not count as attempts.
        """
        leased: list[Match] = []
        try:
            async with self._deciding:
                await self._roster.ladders()  # before anything is taken: it may fail
                leased += self._take(worker, limit, game)
                retry = self._throttle.retry
                if len(leased) < limit:
                    retry = await self._decide(limit - len(leased), game)
                    leased += self._take(worker, limit - len(leased), game)
                await self._ledger.flush()
            created = await self._create(leased) if leased else []
        except BaseException:
            self._withdraw(leased)
            raise
        self.events[LeaseEvent.ISSUED] += len(created)
        return Issue(created, 0.0 if created else retry)

    def complete(self, match_id: str, fence: int, worker: str, failure: str = "") -> None:
        """Ends a worker's lease; a `failure` puts the match back.

        See `LeaseBook.complete` for errors.

        Durable with the next flush: were it lost, the match would be issued again, and Game would
        say that it is finished.
        """
        now = self._clock()
        book = self._ledger.book
        end = book.fail if failure else book.complete
        changed = end(match_id, fence, worker, now)
        if changed is None:
            return
        self._ledger.changed([changed])
        if failure:
            self.events[LeaseEvent.FAILED] += 1
            _log.warning("match was not played", match_id=match_id, reason=failure)
        if changed.state is State.COMPLETED:
            self._completed(changed)
        if changed.state is State.ABANDONED:
            self._abandoned(changed, failure)

    @property
    def live(self) -> int:
        """Matches that are queued or leased."""
        return self._ledger.book.live_count

    async def flush(self) -> None:
        """Makes completions durable and forgets what ended long ago."""
        self._ledger.prune(self._clock())
        await self._ledger.flush()

    def _take(self, worker: str, limit: int, game: str) -> list[Match]:
        """Matches that wait for a worker, expired leases first."""
        now = self._clock()
        expired = {match.match_id for match in self._ledger.book.expired(now)}
        abandoned = self._ledger.book.abandon_hopeless(now)
        for match in abandoned:
            self._abandoned(match, "every lease ran out")
        leased = self._ledger.book.issue(worker, limit, now, game)
        changed = [*abandoned, *leased]
        self._ledger.changed(changed)
        self.events[LeaseEvent.EXPIRED] += sum(one.match_id in expired for one in changed)
        return leased

    async def _decide(self, count: int, game: str) -> float:
        """Queues at most `count` new matches; returns when to ask again if there were none."""
        ladders = [one for one in await self._roster.ladders() if game in ("", one.game)]
        retry = self._throttle.settled_retry
        if not ladders:
            return retry
        self._turn += 1
        for offset in range(len(ladders)):
            ladder = ladders[(self._turn + offset) % len(ladders)]
            chosen, settled = await self._choose(ladder, count)
            retry = retry if settled else self._throttle.retry
            for identity, participants in zip(
                await self._numbers.take(ladder.name, len(chosen)), chosen, strict=True
            ):
                match = Match(
                    identity.match_id,
                    ladder.name,
                    ladder.game,
                    ladder.settings,
                    participants,
                    identity.seed,
                    self._clock(),
                )
                self._ledger.changed([self._ledger.book.add(match)])
            count -= len(chosen)
            if count == 0:
                break
        return retry

    async def _choose(self, ladder: Ladder, count: int) -> tuple[list[tuple[str, ...]], bool]:
        """Participants of at most `count` new matches; and whether the ladder is settled."""
        ratings = await self._ratings.of(ladder.name)
        now = self._clock()
        under_way = self._ledger.under_way(ladder.name, now)
        everybody = players_of(ladder, ratings, count_pending(under_way))
        players = [one for one in everybody if not self._cooldowns.rests(one.policy, now)]
        met = Counter(pair for participants in under_way for pair in pairs_of(participants))
        pairing = Pairing(players, met, ladder.players, self._rules)
        live = sum(match.ladder == ladder.name for match in self._ledger.book.live())
        chosen: list[tuple[str, ...]] = []
        async for _ in paced(range(min(count, self._throttle.max_outstanding - live))):
            participants = pairing.next_match(self._rng)
            if participants is None:
                break
            chosen.append(participants)
        return chosen, bool(ladder.snapshots) and not chosen and pairing.settled()

    async def _create(self, leased: Sequence[Match]) -> list[tuple[Match, CreatedMatch]]:
        """Creates the games.

        Raises:
            Unavailable: Game cannot create them now.
        """
        try:
            try:
                created = await self._game.create([match.setup for match in leased])
                return list(zip(leased, created, strict=True))
            except _REFUSALS:
                # All or nothing: one by one shows which match is refused.
                return [pair for match in leased for pair in await self._create_one(match)]
        except MazemeshError as error:
            raise Unavailable(f"Game cannot create the matches now: {error}") from error

    async def _create_one(self, match: Match) -> list[tuple[Match, CreatedMatch]]:
        try:
            created = await self._game.create([match.setup])
        except _REFUSALS as error:
            self._refused(match, error)
            return []
        return [(match, created[0])]

    def _refused(self, match: Match, error: MazemeshError) -> None:
        """A match that Game will not create was played before (completion lost), or cannot be.

        Where Game knows it under a higher fence, or what it says fits no match but Game itself,
        nothing is known of the match: it waits for its next lease, whose fence is higher.
        """
        played = error.reason == Reason.MATCH_FINISHED
        if isinstance(error, FailedPrecondition) and not played:
            self._withdraw([match])
            _log.warning("match not created", match_id=match.match_id, reason=str(error))
            return
        state = State.COMPLETED if played else State.ABANDONED
        self._ledger.changed([self._ledger.book.end(match.match_id, state, self._clock())])
        if played:
            self._completed(match)
        else:
            self._abandoned(match, str(error))

    def _withdraw(self, leased: Sequence[Match]) -> None:
        taken_back = (self._ledger.book.withdraw(one.match_id, one.fence) for one in leased)
        self._ledger.changed(match for match in taken_back if match is not None)

    def _completed(self, match: Match) -> None:
        self.events[LeaseEvent.COMPLETED] += 1
        self._cooldowns.played(match.participants)

    def _abandoned(self, match: Match, reason: str) -> None:
        self.events[LeaseEvent.ABANDONED] += 1
        snapshots = (one for one in match.participants if not is_bot(one))
        self._cooldowns.abandoned(snapshots, self._clock())
        _log.error(
            "match abandoned",
            match_id=match.match_id,
            participants=match.participants,
            attempts=match.attempts,
            reason=reason,
        )
