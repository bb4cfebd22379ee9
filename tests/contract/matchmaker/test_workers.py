"""Workers in SQL: what is decided about them, and what the audit finds by itself."""

from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest

from mazemesh.errors import FailedPrecondition, NotFound, Reason, Unavailable
from mazemesh.games import GameSettings
from services._harness.sql.database import Database
from services.matchmaker.gates.run import Asked, Finding, GateRun, Hypotheses, RunState, Verdict
from services.matchmaker.rating.leases import Match, State, Terms, completed, leased
from services.matchmaker.rating.ledger import Chosen
from services.matchmaker.rating.players import Rating
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.rating.rota import Rule
from services.matchmaker.runs.store import Step
from services.matchmaker.store import RATING
from services.matchmaker.stores.contests.sql_gates import SqlGates
from services.matchmaker.stores.sql_leaders import SqlLeaders
from services.matchmaker.stores.sql_leases import SqlLeases
from services.matchmaker.stores.sql_workers import SqlWorkers
from services.matchmaker.workers.auditor import Auditor, Standards
from services.matchmaker.workers.events import Reported, Suspicion, WorkerEvent
from services.matchmaker.workers.quarantine import Quarantine
from tests.unit.matchmaker.fakes import FakeClock, FakeElo, FakeGame

TERMS = Terms(120.0, 5)
SETTINGS = GameSettings()


class GivingUp:
    """As much of `Gates` as quarantine needs."""

    def __init__(self, store: SqlGates) -> None:
        self.store = store
        self.given_up: list[str] = []

    async def give_up(self, gate_id: str, words: str) -> None:
        self.given_up.append(words)
        await self.store.change(
            gate_id, lambda run: Step(replace(run, state=RunState.GIVEN_UP, end_time=1.0))
        )


class World:
    """The real stores over one database, and peers by hand."""

    def __init__(self, database: Database) -> None:
        self.clock, self.elo, self.game = FakeClock(), FakeElo(), FakeGame()
        self.leases, self.leaders = SqlLeases(database), SqlLeaders(database)
        self.gate_store, self.store = SqlGates(database), SqlWorkers(database)
        self.gates = GivingUp(self.gate_store)
        self.quarantine = Quarantine(
            self.store,
            self.game,
            self.elo,
            self.gates,
            self.clock,
        )
        self.auditor = Auditor(
            self.store,
            self.quarantine,
            self.leaders,
            Ratings(self.elo, 0.0, self.clock),
            self.elo,
            self.game,
            instance="i",
            standards=Standards(recordings=0.0, patience=600.0),
            clock=self.clock,
            rng=np.random.default_rng(0),
        )

    async def lease(
        self,
        worker: str,
        *ids: str,
        players: tuple[str, str] = ("race:1", "race:2"),
        gate: str = "",
    ) -> list[Match]:
        now = self.clock()
        fence = await self.leaders.hold(RATING, "i", 60.0)
        assert fence is not None
        new = [
            leased(
                Match(one, "race", "race", SETTINGS, players, 1 << 61, now, run_id=gate),
                *(worker, TERMS, now),
            )
            for one in ids
        ]
        assert await self.leases.add(new, fence)
        await self.leaders.leave(RATING, "i")
        return new

    async def play(
        self,
        worker: str,
        *ids: str,
        score: float = 0.5,
        seconds: float = 1.0,
        players: tuple[str, str] = ("race:1", "race:2"),
        gate: str = "",
    ) -> None:
        matches = await self.lease(worker, *ids, players=players, gate=gate)
        self.clock.pass_seconds(seconds)
        for match in matches:
            await self.leases.change(
                match.match_id, lambda one: completed(one, one.fence, worker, self.clock())
            )
            self.elo.told[match.match_id] = Reported(match.participants, score, 100, {})

    async def look(self) -> None:
        self.clock.pass_seconds(10.0)
        await self.auditor.look()

    async def reasons(self) -> list[tuple[str, Suspicion]]:
        return [(one.worker, one.rule) for _, one in await self.store.events(0, 10)]


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    database = Database(database_url)
    await database.migrate("services.matchmaker")
    yield World(database)
    await database.close()


def by_hand(worker: str, reason: str = "it plays at night") -> WorkerEvent:
    return WorkerEvent(worker, 0.0, True, Suspicion.MANUAL, reason, starter="ann", key_id="k")


async def test_all_that_follows_from_a_quarantine(world: World) -> None:
    await world.play("bad", "a", "b")
    await world.play("good", "c")
    await world.lease("bad", "held")
    event = await world.quarantine.put(by_hand("bad"))
    assert (event.retracted, event.kept) == (2, 0)
    assert world.elo.retracted == {"a", "b"}
    with pytest.raises(FailedPrecondition, match="it plays at night") as refused:
        await world.quarantine.check("bad")
    assert refused.value.reason == Reason.WORKER_QUARANTINED
    await world.quarantine.check("good")
    # Its seats are dead: the game was made anew under a fence that nobody else has had.
    assert world.game.matches["held"].fence == 2
    issued = await world.leases.issue("good", 5, TERMS, world.clock())
    assert [(one.match_id, one.fence, one.attempts) for one in issued.leased] == [("held", 3, 1)]
    statuses = {one.worker: one for one in await world.store.statuses()}
    assert statuses["bad"].quarantined
    assert (statuses["bad"].held, statuses["bad"].completed) == (0, 2)
    assert statuses["good"].last is None
    # A second time the reason is added, and nothing is taken twice.
    again = await world.quarantine.put(by_hand("bad", "and by day"))
    assert (again.retracted, again.kept) == (0, 0)
    await world.quarantine.release(by_hand("bad", "it was the clock"))
    await world.quarantine.check("bad")
    with pytest.raises(FailedPrecondition, match="not in quarantine"):
        await world.quarantine.release(by_hand("bad"))
    assert [one.reason for _, one in await world.store.events(0, 10, "bad")] == [
        "it was the clock",
        "and by day",
        "it plays at night",
    ]
    with pytest.raises(NotFound, match="never leased"):
        await world.quarantine.put(by_hand("nobody"))


def gate(name: str, state: RunState) -> GateRun:
    asked = Asked("race:2", "race:1")
    plain = GateRun(
        *(name, f"request-{name}", asked, "race:2", "race:1", (), "race", "race", SETTINGS, 1.0),
        finding=Finding(Verdict.RUNNING, Hypotheses()),
    )
    return replace(plain, state=state)


async def test_what_decided_a_gate_stays_and_one_that_runs_is_given_up(world: World) -> None:
    for name, state in (("old", RunState.PROMOTED), ("new", RunState.RUNNING)):
        await world.gate_store.open(gate(name, state), 9)
    await world.play("bad", "old/0", "old/1", gate="old")
    await world.play("bad", "new/0", gate="new")
    await world.play("bad", "plain")
    event = await world.quarantine.put(by_hand("bad"))
    assert (event.retracted, event.kept) == (2, 2)
    assert world.elo.retracted == {"new/0", "plain"}
    (words,) = world.gates.given_up
    assert "worker bad" in words
    again = await world.gate_store.get("old")
    assert again is not None
    assert again.state is RunState.PROMOTED


async def test_without_elo_a_worker_is_in_quarantine_all_the_same(world: World) -> None:
    await world.play("bad", "a", "late")
    del world.elo.told["late"]  # on its way from Game
    world.elo.down = True
    with pytest.raises(Unavailable):
        await world.quarantine.put(by_hand("bad"))
    with pytest.raises(FailedPrecondition):
        await world.quarantine.check("bad")
    world.elo.down = False
    await world.look()
    assert world.elo.retracted == {"a"}
    world.elo.told["late"] = Reported(("race:1", "race:2"), 1.0, 100, {})
    await world.look()
    assert world.elo.retracted == {"a", "late"}


async def test_a_match_that_is_over_too_soon(world: World) -> None:
    await world.play("fast", "a", seconds=0.001)
    await world.play("good", "b")
    await world.look()
    assert await world.reasons() == [("fast", Suspicion.DURATION)]
    assert world.elo.retracted == {"a"}


async def test_a_match_of_which_no_result_comes(world: World) -> None:
    await world.play("liar", "a")
    del world.elo.told["a"]
    await world.look()
    assert await world.reasons() == []
    world.clock.pass_seconds(600.0)
    await world.look()
    ((_, event),) = await world.store.events(0, 10)
    assert (event.worker, event.match_ids) == ("liar", ("a",))
    assert "no result" in event.reason


async def test_a_recording_that_does_not_give_the_result(world: World) -> None:
    world.auditor._standards = Standards(recordings=1.0)
    await world.play("forger", "a")
    await world.play("good", "b")
    world.game.differences["a"] = "game a/0: step 3: the hash is another"
    await world.look()
    assert sorted(world.game.verified) == ["a", "b"]
    assert await world.reasons() == [("forger", Suspicion.RECORDING)]
    assert world.auditor.replayed == 2


async def test_results_that_contradict_those_of_others(world: World) -> None:
    players = ("race:2", "race:1")
    world.elo.known["race"] = {
        "race:1": Rating(900.0, 880.0, 920.0, 100),
        "race:2": Rating(1100.0, 1080.0, 1120.0, 100),
    }
    for worker in ("a", "b", "c"):
        for part in range(4):
            ids = [f"{worker}/{part}/{number}" for number in range(10)]
            score = 0.0 if worker == "b" else 1.0 if part else 0.5
            await world.play(worker, *ids, score=score, players=players)
    await world.look()
    ((_, event),) = await world.store.events(0, 10)
    assert (event.worker, event.rule) == ("b", Suspicion.RESULTS)
    assert 0.0 < event.p_value < 1e-6
    assert event.retracted == 40
    assert "1e-06" in event.reason
    # What was retracted is held against nobody any more: it may come back.
    await world.quarantine.release(by_hand("b"))
    await world.play("a", "z")
    await world.look()
    assert len(await world.store.events(0, 10)) == 2


async def test_one_instance_audits_at_a_time(world: World) -> None:
    await world.play("fast", "a", seconds=0.001)
    await world.leaders.hold("audit", "other", 60.0)
    await world.look()
    assert await world.reasons() == []
    assert (await world.leases.look(0.0))[0].state is State.COMPLETED


async def test_leases_say_what_was_chosen_and_who_holds_them(world: World) -> None:
    fence = await world.leaders.hold(RATING, "i", 60.0)
    assert fence is not None
    now = world.clock()
    new = [
        leased(
            Match(
                *(f"m{number}", "race", "race", SETTINGS, ("race:1", "race:2"), 1 << 61, now),
                rule=rule,
                bits=0.25,
            ),
            *("w", TERMS, now),
        )
        for number, rule in enumerate(("uniform", "uniform", "fewest", ""))
    ]
    assert await world.leases.add(new, fence)
    assert await world.leases.count_held("w", now) == 4
    await world.leases.change("m0", lambda one: completed(one, 1, "w", now + 1.0))
    assert await world.leases.count_held("w", now) == 3
    assert await world.leases.count_held("w", now + TERMS.seconds + 1.0) == 0
    assert await world.leases.told(now) == [
        Chosen("race", Rule.FEWEST, 1, 0, 0.25, 0.0),
        Chosen("race", Rule.UNIFORM, 2, 1, 0.5, 0.25),
    ]
    assert await world.leases.told(now + 1.0) == []
