"""Gates with all that is around them, by hand; `start` is a (re)start or another instance."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from services._harness.peers.game_specs import GameSpecs
from services.matchmaker.gates.driver import Driver, Policy
from services.matchmaker.gates.gates import Gates, Limits
from services.matchmaker.gates.run import GateRun, Hypotheses
from services.matchmaker.numbers import Numbers
from services.matchmaker.rating.cooldown import Cooldowns
from services.matchmaker.rating.evaluation import Evaluation, Throttle
from services.matchmaker.rating.leases import Match, Terms
from services.matchmaker.rating.pairing import PairingRules
from services.matchmaker.rating.players import Rating
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.training.snapshots import SnapshotRoster
from tests.game_specs import FakeSpecs
from tests.unit.matchmaker.fakes import FakeClock, FakeElo, FakeGame, FakeModel, roster_of, snapshot
from tests.unit.matchmaker.memory_stores import MemoryGates, MemoryLeases, MemoryNumbers

TERMS = Terms(120.0, 2)


def rating(middle: float, width: float = 20.0) -> Rating:
    """A rating of 30 matches."""
    return Rating(middle, middle - width, middle + width, 30)


@dataclass
class Instance:
    """One Matchmaker, as far as gates need it."""

    gates: Gates
    driver: Driver
    evaluation: Evaluation


@dataclass
class World:
    """What outlives an instance."""

    outstanding: int = 4
    memory_each: int = 2
    rounds: int = 1
    automatic: Hypotheses | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    elo: FakeElo = field(default_factory=FakeElo)
    model: FakeModel = field(default_factory=FakeModel)
    game: FakeGame = field(default_factory=FakeGame)
    leases: MemoryLeases = field(default_factory=MemoryLeases)
    numbers: MemoryNumbers = field(default_factory=MemoryNumbers)
    roster: SnapshotRoster = field(default_factory=lambda: roster_of("race"))
    changes: int = 0
    started: int = 0

    def __post_init__(self) -> None:
        self.store = MemoryGates(self.leases)
        self.leases.leaders.clock = self.clock

    async def publish(self, *versions: int) -> None:
        for version in versions:
            self.model.keep(snapshot(version))
        await self.roster.replace(await self.model.snapshots())

    def start(self) -> Instance:
        self.started += 1
        numbers = Numbers(self.numbers)
        ratings = Ratings(self.elo, 0.0, self.clock)
        gates = Gates(
            self.store,
            numbers,
            GameSpecs(FakeSpecs()),
            self.model,
            self.elo,
            limits=Limits(2, self.outstanding, self.memory_each),
            terms=TERMS,
            changed=self._changed,
            clock=self.clock,
        )
        instance = f"instance-{self.started}"
        driver = Driver(
            gates,
            self.store,
            self.leases,
            self.leases.leaders,
            self.roster,
            ratings,
            self.model,
            self.elo,
            instance=instance,
            policy=Policy(self.rounds, 600.0, self.automatic),
            changed=self._changed,
            clock=self.clock,
        )
        evaluation = Evaluation(
            self.leases,
            self.leases.leaders,
            numbers,
            self.roster,
            ratings,
            self.game,
            instance=instance,
            terms=TERMS,
            keep_ended=3600.0,
            cooldowns=Cooldowns(30.0, 3600.0),
            rules=PairingRules(),
            throttle=Throttle(64, retry=1.0, settled_retry=10.0),
            clock=self.clock,
            rng=np.random.default_rng(0),
            first=gates,
        )
        return Instance(gates, driver, evaluation)

    async def play(self, instance: Instance, matches: list[Match], score: float) -> None:
        """Completes leased matches, whose results reach Elo."""
        for match in matches:
            self.elo.scores[match.match_id] = score
            self.game.finished.add(match.match_id)
            await instance.evaluation.complete(match.match_id, match.fence, match.worker)

    def run(self, gate_id: str) -> GateRun:
        return self.store.runs[gate_id]

    def _changed(self) -> None:
        self.changes += 1
