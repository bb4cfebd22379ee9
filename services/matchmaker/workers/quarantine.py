"""Puts workers in quarantine and lets them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import structlog

from mazemesh.errors import FailedPrecondition, MazemeshError, NotFound, Reason
from services.matchmaker.gates.gates import Gates
from services.matchmaker.peers import EloPeer, GamePeer
from services.matchmaker.workers.events import Audit, Suspicion, WorkerEvent
from services.matchmaker.workers.store import WorkerStore

_log = structlog.get_logger(__name__)

_AT_ONCE = 500


class Quarantine:
    """Who is given no matches, and what becomes of their results.

    Args:
        store: Where events are.
        game: Where the games of matches are that are taken from a worker.
        elo: Where results are retracted.
        gates: Which are given up when they have seen a result of such a worker.
        clock: Seconds since 1970.

    Attributes:
        entered: Workers that were put in quarantine since the start, by rule.
        retracted: Results that were retracted since the start.
    """

    def __init__(
        self,
        store: WorkerStore,
        game: GamePeer,
        elo: EloPeer,
        gates: Gates,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._game, self._elo = store, game, elo
        self._gates, self._clock = gates, clock
        self.entered: Counter[Suspicion] = Counter()
        self.retracted = 0

    async def check(self, worker: str) -> None:
        """Refuses a worker that is in quarantine.

        Raises:
            FailedPrecondition: it is.
        """
        last = await self._store.last(worker)
        if last is not None and last.quarantined:
            raise FailedPrecondition(
                f"worker_id: {worker!r} is in quarantine ({last.reason}); who runs the mesh can "
                "release it (`mazemesh workers release`)",
                reason=Reason.WORKER_QUARANTINED,
            )

    async def put(self, event: WorkerEvent) -> WorkerEvent:
        """Puts a worker in quarantine; the event as it is kept.

        Raises:
            NotFound: it has never been leased a match.
            Unavailable: Elo is away; the rest is done, and results are retracted when it is back.
        """
        if not await self._store.known(event.worker):
            raise NotFound(
                f"worker_id: {event.worker!r} was never leased a match; `mazemesh workers` lists "
                "those that were"
            )
        event = replace(event, quarantined=True, time=self._clock())
        # Gates that run before results are void: of those that have a verdict by then they are not.
        for gate_id in await self._store.running_gates(event.worker):
            words = f"given up: worker {event.worker}, which played in it, is in quarantine"
            await self._gates.give_up(gate_id, words)
        event, queued = await self._store.quarantine(event)
        self.entered[event.rule] += 1
        _log.warning(
            "worker in quarantine",
            worker=event.worker,
            rule=event.rule.value,
            reason=event.reason,
            retracted=event.retracted,
            kept=event.kept,
        )
        for match in queued:
            try:
                # Under a higher fence the seats that it holds are dead.
                await self._game.create([match.setup])
            except MazemeshError as error:
                _log.info("match not made anew", match_id=match.match_id, reason=str(error))
        await self.retract()
        return event

    async def release(self, event: WorkerEvent) -> WorkerEvent:
        """Lets a worker have matches again; the event as it is kept.

        Raises:
            FailedPrecondition: it is not in quarantine.
        """
        last = await self._store.last(event.worker)
        if last is None or not last.quarantined:
            raise FailedPrecondition(f"worker_id: {event.worker!r} is not in quarantine")
        event = replace(event, quarantined=False, time=self._clock())
        await self._store.add(event)
        _log.info("worker released", worker=event.worker, reason=event.reason)
        return event

    async def retract(self) -> None:
        """Has Elo count void results no more; those that it does not have yet are tried again.

        Raises:
            Unavailable: Elo is away.
        """
        void = await self._store.completed(Audit.VOID, float("inf"), _AT_ONCE)
        if not void:
            return
        gone = await self._elo.retract([one.match_id for one in void])
        self.retracted += len(gone)
        await self._store.mark(
            {one.match_id: (Audit.RETRACTED, one.score) for one in void if one.match_id in gone}
        )
