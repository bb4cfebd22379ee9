"""Tells Model how matches ended in which an experiment chose a participant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from mazemesh.errors import (
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unavailable,
)
from services.matchmaker.experiments.served import Served, ServedStore
from services.matchmaker.lobby.tickets import Ticket
from services.matchmaker.peers import EloPeer, ModelPeer

LOOK_SECONDS: Final = 2.0
KEPT_SECONDS: Final = 86_400.0
"""How long the result of a match is waited for."""

_AT_ONCE: Final = 500
_MOST_NOTED: Final = 10_000

_log = structlog.get_logger(__name__)


class Reporting:
    """Waits for results, and tells them; belongs to one event loop.

    Several instances may tell the same: an outcome counts once for a session.

    Args:
        store: Who is waited for.
        elo: Tells results.
        model: Is told outcomes.
        clock: Seconds.

    Attributes:
        told: Outcomes that were told since the start.
        waiting: Participants whose matches had no result at the last look.
    """

    def __init__(
        self, store: ServedStore, elo: EloPeer, model: ModelPeer, clock: Callable[[], float]
    ) -> None:
        self._store, self._elo, self._model, self._clock = store, elo, model, clock
        self._noted: list[Served] = []
        self._came = asyncio.Event()
        self.told = 0
        self.waiting = 0

    def note(self, match_id: str, tickets: Sequence[Ticket], now: float) -> None:
        """A rated match was made for these tickets."""
        found = [
            Served(match_id, one.request_id, one.wish.experiment_id, one.wish.player, now)
            for one in tickets
            if one.wish.experiment_id and one.wish.rated
        ]
        if len(self._noted) >= _MOST_NOTED and found:
            _log.warning("no outcome will be told: too many wait for the database", match=match_id)
        elif found:
            self._noted += found
            self._came.set()

    async def run(self) -> None:
        """Looks without end: at once when a match was made, and again and again until all ended."""
        away = False
        while True:
            self._came.clear()
            try:
                await self.look()
                away = False
            except (ResourceExhausted, Unavailable) as error:
                if not away:
                    _log.warning("outcomes of experiments wait", reason=str(error))
                away = True
            # Of other instances' matches this one hears by its own, or when it starts.
            need = bool(self.waiting or self._noted or away)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS if need else None):
                    await self._came.wait()

    async def look(self) -> None:
        """Writes down who is new, and tells outcomes of all matches that have a result."""
        noted = list(self._noted)
        if noted:
            await self._store.add(noted)
            del self._noted[: len(noted)]
        waiting, after = 0, ""
        while page := await self._store.after(after, _AT_ONCE):
            waiting += len(page) - await self._settle(page)
            after = page[-1].match_id
        self.waiting = waiting

    async def close(self) -> None:
        """Writes down who is new."""
        with suppress(MazemeshError):
            await self._store.add(self._noted)

    async def _settle(self, page: Sequence[Served]) -> int:
        """How many of them are not waited for any more."""
        results = await self._elo.results(sorted({one.match_id for one in page}))
        late = self._clock() - KEPT_SECONDS
        over = [
            one for one in page if one.player in results.get(one.match_id, {}) or one.since < late
        ]
        scores: dict[str, dict[str, float]] = {}
        for one in over:
            result = results.get(one.match_id, {})
            if one.player in result:  # or its seat was given to another player
                score = min(1.0, max(0.0, result[one.player]))
                scores.setdefault(one.experiment_id, {})[one.session] = score
        for experiment_id, own in scores.items():
            await self._tell(experiment_id, own)
        await self._store.remove(over)
        return len(over)

    async def _tell(self, experiment_id: str, scores: Mapping[str, float]) -> None:
        try:
            self.told += await self._model.record(experiment_id, scores)
        except (FailedPrecondition, InvalidArgument, NotFound, PermissionDenied) as error:
            _log.warning("outcomes are not taken", experiment=experiment_id, reason=str(error))
