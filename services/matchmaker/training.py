"""Opponents for training, and the outcomes that choose them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import numpy as np

from mazemesh.games import get_game
from services.matchmaker.ladders import bots_of
from services.matchmaker.metrics import MatchmakerMetrics
from services.matchmaker.opponents import (
    Curve,
    Mix,
    Opponent,
    Source,
    pool,
    sample_opponents,
)
from services.matchmaker.outcomes import Form, Forms, Outcomes
from services.matchmaker.roster import Roster
from services.matchmaker.store import OutcomeState, OutcomeStore

KEEP_REQUESTS = 10_000
"""How many of the newest request ids are remembered, so that a retry counts once."""


class Training:
    """Samples opponents from the roster by the outcomes so far.

    Outcomes are in memory at once and in the store with the next `flush`; a crash between the two
    forgets some games of a decayed average, and never counts any twice.
    """

    def __init__(
        self,
        roster: Roster,
        store: OutcomeStore,
        metrics: MatchmakerMetrics,
        *,
        mix: Mix,
        curve: Curve,
        power: float,
        pool_size: int,
        half_life: float,
        rng: np.random.Generator,
    ) -> None:
        self._roster = roster
        self._store = store
        self._metrics = metrics
        self._mix = mix
        self._curve: Curve = curve
        self._power = power
        self._pool_size = pool_size
        self._half_life = half_life
        self._rng = rng
        self._forms = Forms(half_life)
        self._requests: dict[str, None] = {}
        self._unsaved_forms: dict[tuple[str, str], Form] = {}
        self._unsaved_requests: list[str] = []
        self._saving = asyncio.Lock()

    async def load(self) -> None:
        """Continues from the store."""
        state = await self._store.load()
        self._forms = Forms(self._half_life, state.forms)
        self._requests = dict.fromkeys(state.request_ids)

    def record(self, request_id: str, student: str, outcomes: Mapping[str, Outcomes]) -> None:
        """Counts outcomes, once for a request id. Those against a moving alias tell nothing."""
        told = {name: one for name, one in outcomes.items() if not name.endswith(":latest")}
        if not told or request_id in self._requests:
            return
        for opponent, one in told.items():
            self._unsaved_forms[student, opponent] = self._forms.record(student, opponent, one)
            self._metrics.outcomes.inc(one.games)
        self._requests[request_id] = None
        self._unsaved_requests.append(request_id)
        while len(self._requests) > KEEP_REQUESTS:
            del self._requests[next(iter(self._requests))]

    def sample(self, student: str, game: str, count: int) -> list[Opponent]:
        """Opponents for the student's next episodes.

        In a game of one seat there is no opponent, and all of them are the student itself.

        Raises:
            InvalidArgument: no such game.
        """
        if get_game(game).max_seats == 1:
            opponents = [Opponent(f"{student}:latest", Source.LATEST)] * count
        else:
            opponents = self._draw(student, game, count)
        for source, metric in self._metrics.samples.items():
            metric.inc(sum(opponent.source is source for opponent in opponents))
        return opponents

    async def flush(self) -> None:
        """Makes what was recorded durable, in one transaction."""
        async with self._saving:
            if not self._unsaved_requests:
                return
            forms, self._unsaved_forms = self._unsaved_forms, {}
            requests, self._unsaved_requests = self._unsaved_requests, []
            try:
                await self._store.save(OutcomeState(forms, requests), KEEP_REQUESTS)
            except BaseException:
                self._unsaved_forms = {**forms, **self._unsaved_forms}
                self._unsaved_requests = [*requests, *self._unsaved_requests]
                raise

    def _draw(self, student: str, game: str, count: int) -> list[Opponent]:
        versions = pool(self._roster.versions(student, game), self._pool_size)
        snapshots = [f"{student}:{version}" for version in versions]
        return sample_opponents(
            student,
            count,
            snapshots=snapshots,
            win_rates=np.array([self._forms.win_rate(student, one) for one in snapshots]),
            bots=bots_of(game),
            mix=self._mix,
            curve=self._curve,
            power=self._power,
            rng=self._rng,
        )
