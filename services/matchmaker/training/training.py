"""Opponents for training, and the outcomes that choose them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from services._harness.peers.known_games import KnownGame
from services.matchmaker.store import OutcomeStore, Told
from services.matchmaker.training.opponents import (
    Curve,
    Mix,
    Opponent,
    Source,
    Weights,
    exploiter_opponents,
    league_opponents,
    pool,
    sample_opponents,
)
from services.matchmaker.training.outcomes import Form, Forms, Outcomes
from services.matchmaker.training.snapshots import SnapshotRoster

KEEP_REQUESTS = 10_000
"""How many of the newest request ids are remembered, so that a retry counts once."""


class Training:
    """Samples opponents from the roster by the outcomes so far.

    Outcomes are in memory at once and in the store, which all instances share, with the next
    `flush`; a crash between the two forgets some games of a decayed average, and never counts any
    twice. What other instances were told is known after a `flush`, too.

    Attributes:
        games: Games whose outcome was counted since the start.
        drawn: Opponents drawn since the start, by source.
    """

    def __init__(
        self,
        roster: SnapshotRoster,
        store: OutcomeStore,
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
        self.games = 0
        self.drawn: Counter[Source] = Counter()
        self._mix = mix
        self._curve: Curve = curve
        self._power = power
        self._pool_size = pool_size
        self._half_life = half_life
        self._rng = rng
        self._forms = Forms(half_life)
        self._revision = 0
        self._requests: dict[str, None] = {}
        self._unsaved: list[Told] = []
        self._saving = asyncio.Lock()

    async def load(self) -> None:
        """Continues from the store."""
        forms, self._revision = await self._store.read()
        self._forms = Forms(self._half_life, forms)
        self._requests = dict.fromkeys(await self._store.request_ids())

    def record(self, request_id: str, student: str, outcomes: Mapping[str, Outcomes]) -> None:
        """Counts outcomes, once for a request id.

        Those against the student's own latest version tell nothing: on average they are even.
        """
        told = {name: one for name, one in outcomes.items() if name != f"{student}:latest"}
        if not told or request_id in self._requests:
            return
        for opponent, one in told.items():
            self._forms.record(student, opponent, one)
            self.games += one.games
        self._unsaved.append(Told(request_id, student, told))
        self._requests[request_id] = None
        while len(self._requests) > KEEP_REQUESTS:
            del self._requests[next(iter(self._requests))]

    def records(self, student: str = "") -> list[tuple[str, str, Form]]:
        """Student, opponent and record of all that have met, or those of one student; by name."""
        return list(self._forms.of(student))

    def sample(
        self,
        student: str,
        game: KnownGame,
        count: int,
        *,
        others: Sequence[str] = (),
        exploits: str = "",
        sides: int = 2,
        adversaries: Sequence[str] = (),
        exploits_pool: bool = False,
    ) -> list[Opponent]:
        """Opponents for the student's next episodes.

        In a game of one seat there is no opponent, and all of them are the student itself.

        Args:
            student: Name of the policy that learns.
            game: What they play; settings do not matter.
            count: How many, 1 or more.
            others: Names of further policies whose snapshots are in the pool.
            exploits: Name of the policy that the student exploits; empty: none.
            sides: How many play against each other; with 1 all of them are the student too.
            adversaries: Names of the policies that hold the other sides, in a run of several.
            exploits_pool: Whether it meets the snapshots of `others` alone.
        """
        if sides == 1 or game.max_seats == 1:
            opponents = [Opponent(f"{student}:latest", Source.LATEST)] * count
        elif exploits:
            opponents = self._exploit(student, exploits, game.spec.name, count)
        elif exploits_pool:
            opponents = self._exploit_all(student, others, game.spec.name, count)
        else:
            against = tuple(adversaries) or (student,)
            opponents = self._draw(student, against, others, game, count)
        self.drawn.update(opponent.source for opponent in opponents)
        return opponents

    async def flush(self) -> None:
        """Makes what was recorded durable, and learns what other instances recorded."""
        async with self._saving:
            if self._unsaved:
                saving, self._unsaved = self._unsaved, []
                try:
                    # A request that another instance was told, too, counts there: hence the answer.
                    present = await self._store.add(saving, self._half_life, KEEP_REQUESTS)
                except BaseException:
                    self._unsaved = [*saving, *self._unsaved]
                    raise
                self._take(present)
            changed, self._revision = await self._store.read(self._revision)
            self._take(changed)

    def _take(self, forms: Mapping[tuple[str, str], Form]) -> None:
        """Takes records of the store, with what came since on top."""
        for key, form in forms.items():
            self._forms.set(key, form)
        for told in self._unsaved:
            for opponent, one in told.outcomes.items():
                if (told.student, opponent) in forms:
                    self._forms.record(told.student, opponent, one)

    def _exploit(self, student: str, target: str, game: str, count: int) -> list[Opponent]:
        snapshots = self._pool([target], game)
        return exploiter_opponents(
            target,
            count,
            win_rate=self._forms.win_rate(student, f"{target}:latest"),
            snapshots=snapshots,
            win_rates=self._win_rates(student, snapshots),
            rng=self._rng,
        )

    def _exploit_all(
        self, student: str, others: Sequence[str], game: str, count: int
    ) -> list[Opponent]:
        snapshots = self._pool(others, game)
        return league_opponents(
            student,
            count,
            snapshots=snapshots,
            win_rates=self._win_rates(student, snapshots),
            curve=self._curve,
            power=self._power,
            rng=self._rng,
        )

    def _draw(
        self,
        student: str,
        against: Sequence[str],
        others: Sequence[str],
        game: KnownGame,
        count: int,
    ) -> list[Opponent]:
        snapshots = self._pool((*against, *others), game.spec.name)
        return sample_opponents(
            against,
            count,
            snapshots=snapshots,
            win_rates=self._win_rates(student, snapshots),
            bots=game.bots,
            mix=self._mix,
            curve=self._curve,
            power=self._power,
            rng=self._rng,
        )

    def _pool(self, names: Sequence[str], game: str) -> list[str]:
        """Snapshots of the policies, from each as many as its share of the places allows."""
        known = {
            name: versions for name in names if (versions := self._roster.versions(name, game))
        }
        return [
            f"{name}:{version}"
            for name, versions in known.items()
            for version in pool(versions, max(1, self._pool_size // len(known)))
        ]

    def _win_rates(self, student: str, opponents: Sequence[str]) -> Weights:
        return np.array([self._forms.win_rate(student, one) for one in opponents], np.float64)
