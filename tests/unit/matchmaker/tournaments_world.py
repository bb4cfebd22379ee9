"""Tournaments with all that is around them, by hand; `start` is a (re)start or another instance."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from services._harness.peers.game_specs import GameSpecs
from services.matchmaker.numbers import Numbers
from services.matchmaker.rating.cooldown import Cooldowns
from services.matchmaker.rating.evaluation import Evaluation, Throttle
from services.matchmaker.rating.leases import Match, Terms
from services.matchmaker.rating.pairing import PairingRules
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.runs.first import InOrder
from services.matchmaker.runs.resolving import Resolver
from services.matchmaker.tournaments.books import Books
from services.matchmaker.tournaments.driver import Driver
from services.matchmaker.tournaments.issuing import Rules
from services.matchmaker.tournaments.plan import Format
from services.matchmaker.tournaments.run import Asked, Entrant, Seeding, TournamentRun
from services.matchmaker.tournaments.tournaments import PREFIX, Limits, Tournaments
from services.matchmaker.training.snapshots import SnapshotRoster
from tests.game_specs import FakeSpecs
from tests.unit.matchmaker.fakes import FakeClock, FakeElo, FakeGame, FakeModel, roster_of, snapshot
from tests.unit.matchmaker.memory_stores import MemoryLeases, MemoryNumbers, MemoryTournaments

TERMS = Terms(120.0, 2)


def asked(format_: Format, *entrants: str, **given: object) -> Asked:
    """A tournament of entrants, each a player or a team "a=x,y"."""
    made = []
    for one in entrants:
        name, equals, members = one.partition("=")
        made.append(Entrant(name if equals else "", tuple((members or name).split(","))))
    plain: dict[str, object] = {"seeding": Seeding.GIVEN, **given}
    return Asked(format_, entrants=tuple(made), **plain)  # type: ignore[arg-type]


@dataclass
class Instance:
    """One Matchmaker, as far as tournaments need it."""

    tournaments: Tournaments
    driver: Driver
    evaluation: Evaluation
    books: Books


@dataclass
class World:
    """What outlives an instance."""

    outstanding: int = 8
    rounds: int = 1
    patience: float = 600.0
    rates: bool = True
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
        self.store = MemoryTournaments(self.leases)
        self.leases.leaders.clock = self.clock
        for version in range(1, 9):
            self.model.keep(snapshot(version))

    def start(self) -> Instance:
        self.started += 1
        ratings = Ratings(self.elo, 0.0, self.clock)
        books = Books(self.store, self.clock)
        rules = Rules(self.outstanding, bots=4, rounds=self.rounds, play_seconds=100.0)
        tournaments = Tournaments(
            *(self.store, books, Numbers(self.numbers)),
            *(Resolver(GameSpecs(FakeSpecs()), self.model), self.elo),
            limits=Limits(2, self.rates),
            rules=rules,
            terms=TERMS,
            changed=self._changed,
            clock=self.clock,
        )
        instance = f"instance-{self.started}"
        driver = Driver(
            *(self.store, books, self.leases, self.leases.leaders, self.elo, self.game),
            instance=instance,
            rules=rules,
            patience=self.patience,
            changed=self._changed,
            clock=self.clock,
        )
        evaluation = Evaluation(
            self.leases,
            self.leases.leaders,
            Numbers(self.numbers),
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
            first=InOrder({PREFIX: tournaments}),
        )
        return Instance(tournaments, driver, evaluation, books)

    def result(self, match_id: str, *scores: float) -> None:
        """A match was played, and Elo knows."""
        self.elo.played[match_id] = dict(
            zip(self.game.matches[match_id].participants, scores, strict=True)
        )
        self.game.finished.add(match_id)

    async def play(self, instance: Instance, matches: list[Match], score: float) -> None:
        """Completes leased matches; the score is that of the first participant."""
        for match in matches:
            self.result(match.match_id, score, 1.0 - score)
            await instance.evaluation.complete(match.match_id, match.fence, match.worker)

    async def play_out(self, instance: Instance, run: TournamentRun) -> TournamentRun:
        """The better seed always wins."""
        while (present := self.run(run.run_id)).running:
            issue = await instance.evaluation.lease("w", 4)
            mine = [match for match, _ in issue.matches if match.run_id == run.run_id]
            for match in mine:
                seeds = [run.plan.entrants.index(one) for one in match.participants]
                await self.play(instance, [match], float(seeds[0] < seeds[1]))
            await instance.driver.look()
            self.clock.pass_seconds(1.0)
        return present

    def run(self, tournament_id: str) -> TournamentRun:
        return self.store.runs[tournament_id]

    def _changed(self) -> None:
        self.changes += 1
