"""Looks at what workers completed, and quarantines those whose results cannot be believed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from mazemesh.errors import MazemeshError
from services.matchmaker.peers import EloPeer, GamePeer
from services.matchmaker.rating.ledger import RATING_LAG
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.store import LeaderStore
from services.matchmaker.workers.events import (
    MATCHMAKER,
    MOST_IDS,
    Audit,
    Completed,
    Reported,
    Suspicion,
    WorkerEvent,
)
from services.matchmaker.workers.quarantine import Quarantine
from services.matchmaker.workers.store import WorkerStore
from services.matchmaker.workers.suspicion import contradiction, residuals, too_fast

_log = structlog.get_logger(__name__)

AUDIT = "audit"
"""The task of looking at results; one instance does at a time."""

_TURN_SECONDS = 30.0
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Standards:
    """What is held against a worker.

    Attributes:
        significance: Chance of contradicting others as much, below which that is no accident.
        step_seconds: Of a step of a game, at the least.
        recordings: Share of matches whose recordings are played once more.
        patience: Seconds after which a result should have reached Elo.
    """

    significance: float = 1e-6
    step_seconds: float = 2e-5
    recordings: float = 0.02
    patience: float = 600.0


class Auditor:
    """Audits without end; belongs to one event loop.

    Attributes:
        audited: Matches that were looked at since the start.
        replayed: Those of them whose recordings were played once more.
    """

    def __init__(
        self,
        store: WorkerStore,
        quarantine: Quarantine,
        leaders: LeaderStore,
        ratings: Ratings,
        elo: EloPeer,
        game: GamePeer,
        *,
        instance: str,
        standards: Standards,
        clock: Callable[[], float],
        rng: np.random.Generator,
    ) -> None:
        self._store, self._quarantine, self._leaders = store, quarantine, leaders
        self._ratings, self._elo, self._game = ratings, elo, game
        self._instance, self._standards = instance, standards
        self._clock, self._rng = clock, rng
        self.audited = 0
        self.replayed = 0

    async def run(self, seconds: float) -> None:
        """Looks every so many seconds, without end."""
        reachable = True
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.look()
                reachable = True
            except MazemeshError as error:
                if reachable:
                    _log.warning("results are not audited, trying again", reason=str(error))
                reachable = False

    async def look(self) -> None:
        """Looks once, unless another instance does.

        Raises:
            MazemeshError: Elo or the database is away; what was found before that is kept.
        """
        if await self._leaders.hold(AUDIT, self._instance, _TURN_SECONDS) is None:
            return
        await self._quarantine.retract()
        now = self._clock()
        new = await self._store.completed(Audit.OPEN, now - RATING_LAG, _AT_ONCE)
        if not new:
            return
        told = await self._elo.reported([one.match_id for one in new])
        suspects: list[WorkerEvent] = []
        found: dict[str, tuple[Audit, float]] = {}
        for one in new:
            event = await self._judge(one, told.get(one.match_id), found, now)
            if event is not None:
                suspects.append(event)
        await self._store.mark(found)
        self.audited += len(found)
        if found:
            suspects += await self._contradictions()
        for event in {one.worker: one for one in reversed(suspects)}.values():
            last = await self._store.last(event.worker)
            if last is None or not last.quarantined:
                await self._quarantine.put(event)

    async def _judge(
        self,
        one: Completed,
        told: Reported | None,
        found: dict[str, tuple[Audit, float]],
        now: float,
    ) -> WorkerEvent | None:
        """What is wrong with a match, None: nothing; what is known of it is put in `found`."""
        if told is None:
            if now - one.end_time <= self._standards.patience:
                return None
            found[one.match_id] = Audit.MISSING, 0.0
            words = (
                f"it completed match {one.match_id}, of which no result has come in "
                f"{self._standards.patience:g} s"
            )
            return self._event(one, Suspicion.DURATION, words)
        score = told.score if told.participants[0] == one.participants[0] else 1.0 - told.score
        found[one.match_id] = Audit.SOUND, score
        if too_fast(one, told, self._standards.step_seconds):
            took = (one.end_time - one.lease_time) * 1e3
            words = f"it completed match {one.match_id} of {told.steps} steps in {took:.3g} ms"
            return self._event(one, Suspicion.DURATION, words)
        if self._rng.random() < self._standards.recordings:
            return await self._replay(one, told)
        return None

    async def _replay(self, one: Completed, told: Reported) -> WorkerEvent | None:
        try:
            difference = await self._game.verify(one.match_id, told)
        except MazemeshError as error:  # it may be dropped by now, or not be played here
            _log.info("recording not played", match_id=one.match_id, reason=str(error))
            return None
        self.replayed += 1
        if not difference:
            return None
        words = f"the recording of match {one.match_id} does not give its result: {difference}"
        return self._event(one, Suspicion.RECORDING, words)

    async def _contradictions(self) -> Sequence[WorkerEvent]:
        sound = await self._store.sound()
        ratings: Mapping[str, Mapping[str, float]] = {
            ladder: {
                player: known.rating for player, known in (await self._ratings.of(ladder)).items()
            }
            for ladder in {one.ladder for one in sound}
        }
        worst = contradiction(residuals(sound, ratings))
        if worst is None or worst.p_value >= self._standards.significance:
            return ()
        words = (
            f"its results contradict those of others: as much has a chance of {worst.p_value:.2g}, "
            f"below {self._standards.significance:g}"
        )
        event = WorkerEvent(
            worst.worker,
            *(0.0, True, Suspicion.RESULTS, words),
            match_ids=worst.match_ids[:MOST_IDS],
            p_value=worst.p_value,
            starter=MATCHMAKER,
        )
        return (event,)

    @staticmethod
    def _event(one: Completed, rule: Suspicion, words: str) -> WorkerEvent:
        return WorkerEvent(
            one.worker,
            *(0.0, True, rule, words[:1024]),
            match_ids=(one.match_id,),
            starter=MATCHMAKER,
        )
