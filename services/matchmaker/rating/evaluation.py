"""Rating matches for evaluators: decided here, created at Game, handed out under leases."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Protocol

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
from services.matchmaker.rating.champions import Champions
from services.matchmaker.rating.cooldown import Cooldowns
from services.matchmaker.rating.ladders import Ladder
from services.matchmaker.rating.leases import (
    Match,
    State,
    Terms,
    completed,
    failed,
    given_up,
    leased,
    withdrawn,
)
from services.matchmaker.rating.ledger import NEWS_SECONDS, Chosen, Ledger, Told
from services.matchmaker.rating.pairing import Pairing, PairingRules, Pick, pairs_of
from services.matchmaker.rating.players import count_pending, players_of
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.rating.rota import Rota, Rule
from services.matchmaker.runs.holds import Holds
from services.matchmaker.setup import CreatedMatch
from services.matchmaker.store import RATING, LeaderStore, LeaseStore
from services.matchmaker.training.snapshots import SnapshotRoster

_log = structlog.get_logger(__name__)

# Refusals that concern a match itself; after any other error the same call may succeed later.
_REFUSALS = (Conflict, FailedPrecondition, InvalidArgument, NotFound)

# One instance chooses at a time. When it dies, another does after so long.
_TURN_SECONDS = 4.0
# A turn takes milliseconds; whoever asks waits a second for it.
_TRIES_TO_ENTER = 20
_ENTER_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Issue:
    """Leased matches with their games; without any, when to ask again (seconds)."""

    matches: Sequence[tuple[Match, CreatedMatch]]
    retry_after: float = 0.0


class FirstMatches(Protocol):
    """Matches that are more urgent than those that ratings ask for."""

    @property
    def busy(self) -> bool:
        """Whether there may be more in a moment, as of the last `issue`."""

    async def issue(self, worker: str, limit: int, game: str = "") -> list[Match]:
        """At most `limit` new matches, leased to a worker; `game` restricts to one."""

    async def created(self, match: Match, made: CreatedMatch) -> CreatedMatch:
        """Told of a match of a run whose games exist; what its worker gets of it."""


class Admission(Protocol):
    """Says who may have matches."""

    async def check(self, worker: str) -> None:
        """Raises `FailedPrecondition` for a worker that may not."""


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
        max_held: Leases that one worker holds at once.
        retry: Retry hint, seconds, when all is under way.
        settled_retry: Retry hint, seconds, when every rating is narrow enough.
    """

    max_outstanding: int
    retry: float
    settled_retry: float
    max_held: int = 256


class Evaluation:
    """Issues and ends rating matches; belongs to one event loop, beside those of other instances.

    Attributes:
        live: Matches that were queued or leased when last counted, on all instances.
        events: How often what happened to leases.
        picked: Matches that were chosen, by rule.
        games: Games of these.
        bits: What these should tell about ratings, in bits (`rating.information`).
    """

    def __init__(
        self,
        leases: LeaseStore,
        leaders: LeaderStore,
        numbers: Numbers,
        roster: SnapshotRoster,
        ratings: Ratings,
        game: GamePeer,
        *,
        instance: str,
        terms: Terms,
        keep_ended: float,
        cooldowns: Cooldowns,
        rules: PairingRules,
        throttle: Throttle,
        clock: Callable[[], float],
        rng: np.random.Generator,
        first: FirstMatches | None = None,
        champions: Champions | None = None,
        admission: Admission | None = None,
        holds: Holds | None = None,
    ) -> None:
        self._champions, self._admission, self._holds = champions, admission, holds
        self._rotas: dict[str, Rota] = {}
        self._leases = leases
        self._first = first
        self._leaders = leaders
        self._numbers = numbers
        self._roster = roster
        self._ratings = ratings
        self._game = game
        self._instance = instance
        self._terms = terms
        self._keep_ended = keep_ended
        self._cooldowns = cooldowns
        self._rules = rules
        self._throttle = throttle
        self._clock = clock
        self._rng = rng
        self._turn = 0
        self._told = Told()
        self.live = 0
        self.events: Counter[LeaseEvent] = Counter()
        self.picked: Counter[Rule] = Counter()
        self.games: Counter[Rule] = Counter()
        self.bits: dict[Rule, float] = dict.fromkeys(Rule, 0.0)
        self._deciding = asyncio.Lock()

    async def lease(self, worker: str, limit: int, game: str = "") -> Issue:
        """Leases at most `limit` matches and creates their games.

        The leases are durable before the games exist, so a fence is never issued twice.

        Raises:
            FailedPrecondition: the worker is given none.
            Unavailable: Game is away.

        Whatever is raised, also when the caller is gone: the matches are queued again, and their
        leases do not count as attempts.
        """
        taken: list[Match] = []
        retry = self._throttle.retry
        if self._admission is not None:
            await self._admission.check(worker)
        limit = min(limit, self._throttle.max_held - await self._held(worker))
        if limit <= 0:
            return Issue([], retry)
        try:
            await self._roster.ladders()  # before anything is taken: it may fail
            taken += await self._take(worker, limit, game)
            if self._first is not None and len(taken) < limit:
                taken += await self._sure(self._first.issue(worker, limit - len(taken), game))
            if len(taken) < limit:
                retry = await self._decide_in_turn(worker, limit - len(taken), game, taken)
            created = await self._create(taken) if taken else []
            if self._first is not None:
                created = [
                    (match, await self._first.created(match, made) if match.run_id else made)
                    for match, made in created
                ]
        except BaseException:
            await self._withdraw(taken)
            raise
        if self._first is not None and self._first.busy:
            retry = min(retry, self._throttle.retry)
        self.events[LeaseEvent.ISSUED] += len(created)
        return Issue(created, 0.0 if created else retry)

    async def _held(self, worker: str) -> int:
        """Leases that a worker holds; of calls that it makes at once each may see the same."""
        return await self._leases.count_held(worker, self._clock())

    async def complete(self, match_id: str, fence: int, worker: str, failure: str = "") -> None:
        """Ends a worker's lease; a `failure` puts the match back. Durable when it returns.

        Raises:
            NotFound: unknown match.
            FailedPrecondition: see `leases.completed`.
        """
        now = self._clock()
        changed = await self._leases.change(
            match_id,
            lambda match: (
                failed(match, fence, worker, self._terms, now)
                if failure
                else completed(match, fence, worker, now)
            ),
        )
        if changed is None:
            return
        if failure:
            self.events[LeaseEvent.FAILED] += 1
            _log.warning("match was not played", match_id=match_id, reason=failure)
        if changed.state is State.COMPLETED:
            self._completed(changed)
        if changed.state is State.ABANDONED:
            self._abandoned(changed, failure)

    async def chosen(self) -> tuple[list[Chosen], dict[str, int]]:
        """What was chosen of the matches that are remembered; and games of a match, by ladder."""
        told = await self._leases.told(self._clock() - self._keep_ended)
        return told, {one.name: one.players for one in await self._roster.ladders()}

    async def tidy(self) -> None:
        """Forgets what ended long ago, and counts what is live."""
        await self._leases.prune(self._clock() - self._keep_ended)
        self.live = await self._leases.count_live()

    async def _take(self, worker: str, limit: int, game: str) -> list[Match]:
        """Matches that wait for a worker, expired leases first."""
        return await self._sure(self._reissue(worker, limit, game))

    async def _reissue(self, worker: str, limit: int, game: str) -> list[Match]:
        issued = await self._leases.issue(worker, limit, self._terms, self._clock(), game)
        for match in issued.abandoned:
            self._abandoned(match, "every lease ran out")
        self.events[LeaseEvent.EXPIRED] += issued.expired
        return issued.leased

    async def _sure(self, leasing: Coroutine[Any, Any, list[Match]]) -> list[Match]:
        """What is leased, given back when the caller goes: a transaction that began goes on."""
        taking = asyncio.create_task(leasing)
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            await self._withdraw(await taking)
            raise

    async def _decide_in_turn(
        self, worker: str, count: int, game: str, taken: list[Match]
    ) -> float:
        """As `_decide`, unless others take their time over it."""
        async with self._deciding:
            fence = await self._enter()
            if fence is None:
                return self._throttle.retry
            try:
                return await self._decide(worker, count, game, fence, taken)
            finally:
                await self._leaders.leave(RATING, self._instance)

    async def _enter(self) -> int | None:
        """The fence under which this instance alone chooses; None when others take long."""
        for attempt in range(_TRIES_TO_ENTER):
            if attempt:
                await asyncio.sleep(_ENTER_PAUSE * self._rng.uniform(0.5, 1.5))
            fence = await self._leaders.hold(RATING, self._instance, _TURN_SECONDS)
            if fence is not None:
                return fence
        return None

    async def _decide(
        self, worker: str, count: int, game: str, fence: int, taken: list[Match]
    ) -> float:
        """Adds at most `count` new matches to those that the worker has taken.

        Returns when to ask again if there were none.
        """
        ladders = [one for one in await self._roster.ladders() if game in ("", one.game)]
        retry = self._throttle.settled_retry
        if not ladders:
            return retry
        now = self._clock()
        ledger = Ledger(await self._leases.look(now - NEWS_SECONDS))
        self._hear(ledger)
        self._turn += 1
        for offset in range(len(ladders)):
            ladder = ladders[(self._turn + offset) % len(ladders)]
            chosen, settled = await self._choose(ladder, count, ledger)
            retry = retry if settled else self._throttle.retry
            identities = await self._numbers.take(ladder.name, len(chosen))
            now = self._clock()
            new = [
                Match(
                    identity.match_id,
                    ladder.name,
                    ladder.game,
                    ladder.settings,
                    pick.participants,
                    identity.seed,
                    now + number * 1e-6,  # issued again in this order
                    rule=pick.rule.value,
                    bits=pick.bits,
                )
                for number, (identity, pick) in enumerate(zip(identities, chosen, strict=True))
            ]
            new = [leased(match, worker, self._terms, now) for match in new]
            if not await self._are_held(new):
                return self._throttle.retry
            if new and not await self._leases.add(new, fence):
                # It took so long that others took over.
                return self._throttle.retry
            taken += new
            self._note(chosen, ladder)
            count -= len(chosen)
            if count == 0:
                break
        return retry

    async def _are_held(self, matches: Sequence[Match]) -> bool:
        """Whether all who play are kept until then; not when one is gone that the roster has yet.

        Raises:
            Unavailable: Model is away.
        """
        if self._holds is None or not matches:
            return True
        try:
            await self._holds.of_matches({one for match in matches for one in match.participants})
        except (FailedPrecondition, NotFound) as error:
            _log.warning("rating matches wait for the list of snapshots", reason=str(error))
            return False
        return True

    async def _choose(self, ladder: Ladder, count: int, ledger: Ledger) -> tuple[list[Pick], bool]:
        """At most `count` new matches; and whether the ladder is settled."""
        ratings = await self._ratings.of(ladder.name)
        now = self._clock()
        under_way = ledger.under_way(ladder.name, now)
        champions: set[str] = set()
        if self._champions is not None:
            champions = await self._champions.of({one.name for one in ladder.snapshots})
        live = count_pending(ledger.playing(ladder.name))
        everybody = players_of(ladder, ratings, count_pending(under_way), champions, live)
        players = [one for one in everybody if not self._cooldowns.rests(one.policy, now)]
        met = Counter(pair for participants in under_way for pair in pairs_of(participants))
        rota = self._rotas.setdefault(ladder.name, Rota())
        pairing = Pairing(players, met, ladder.players, self._rules, rota)
        chosen: list[Pick] = []
        room = self._throttle.max_outstanding - ledger.live(ladder.name)
        async for _ in paced(range(min(count, room))):
            pick = pairing.next_match(self._rng)
            if pick is None:
                break
            chosen.append(pick)
        return chosen, bool(ladder.snapshots) and not chosen and pairing.settled()

    def _note(self, chosen: Sequence[Pick], ladder: Ladder) -> None:
        for pick in chosen:
            self.picked[pick.rule] += 1
            self.bits[pick.rule] += pick.bits
            self.games[pick.rule] += ladder.players

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
            await self._refused(match, error)
            return []
        return [(match, created[0])]

    async def _refused(self, match: Match, error: MazemeshError) -> None:
        """A match that Game will not create was played before (completion lost), or cannot be.

        Where Game knows it under a higher fence, or what it says fits no match but Game itself,
        nothing is known of the match: it waits for its next lease, whose fence is higher.
        """
        played = error.reason == Reason.MATCH_FINISHED
        if isinstance(error, FailedPrecondition) and not played:
            await self._withdraw([match])
            _log.warning("match not created", match_id=match.match_id, reason=str(error))
            return
        state, now = State.COMPLETED if played else State.ABANDONED, self._clock()
        changed = await self._leases.change(
            match.match_id, lambda present: given_up(present, match.fence, state, now)
        )
        if changed is None:
            return
        if played:
            self._completed(match)
        else:
            self._abandoned(match, str(error))

    async def _withdraw(self, taken: Sequence[Match]) -> None:
        """Gives leases back; where the store is away they run out by themselves."""
        for one in taken:
            try:
                await self._leases.change(one.match_id, partial(withdrawn, fence=one.fence))
            except MazemeshError as error:
                _log.warning("lease not given back", match_id=one.match_id, reason=str(error))

    def _hear(self, ledger: Ledger) -> None:
        """Takes what ended at other instances."""
        for one in ledger.ended:
            if not self._told.is_new(one.match_id):
                continue
            if one.state is State.COMPLETED:
                self._cooldowns.played(one.participants)
            else:
                self._rest(one.participants)

    def _completed(self, match: Match) -> None:
        self.events[LeaseEvent.COMPLETED] += 1
        if self._told.is_new(match.match_id):
            self._cooldowns.played(match.participants)

    def _rest(self, participants: Sequence[str]) -> None:
        snapshots = (one for one in participants if not is_bot(one))
        self._cooldowns.abandoned(snapshots, self._clock())

    def _abandoned(self, match: Match, reason: str) -> None:
        self.events[LeaseEvent.ABANDONED] += 1
        if self._told.is_new(match.match_id):
            self._rest(match.participants)
        _log.error(
            "match abandoned",
            match_id=match.match_id,
            participants=match.participants,
            attempts=match.attempts,
            reason=reason,
        )
