"""What experiments rest on, and their rules, in SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from mazemesh.errors import (
    AlreadyExists,
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
)
from services._harness.sql.database import Database
from services.model.experiments import changes
from services.model.experiments.arms import ArmsInUse
from services.model.experiments.changes import Outcome
from services.model.experiments.experiment import (
    MOST_RUNNING,
    Definition,
    Experiment,
    Kind,
    Plan,
    State,
)
from services.model.experiments.judging.figures import Figures
from services.model.registry.aliases import set_alias
from services.model.registry.keeping.collecting import protected
from services.model.registry.policy import Alias, Told, Version
from services.model.registry.policy import State as VersionState
from services.model.registry.rules import Rules
from services.model.store import Transaction
from services.model.stores.sql.registry import SqlRegistry
from tests.unit.model.experiments.simulated import BEGIN

DEFINITION = Definition(
    experiment_id="try",
    kind=Kind.AB,
    name="race",
    alias="champion",
    versions=(1, 2),
    weights=(1.0, 1.0),
    reason="to see",
)
CANARY = replace(
    DEFINITION,
    kind=Kind.CANARY,
    weights=(0.5, 0.5),
    plan=Plan(steps=(0.5,), step_seconds=60.0, step_answers=2, promote=True),
)
LATER = BEGIN + timedelta(seconds=61)


def version(number: int, name: str = "race", **given: Any) -> Version:
    said = {"sha256": f"{number:064x}", "size_bytes": 1, "metadata": {}, "created": BEGIN}
    state = {"state": VersionState.READY, "revision": number}
    return Version(**{**said, **state, "name": name, "number": number, **given})


class World:
    """A registry with versions 1 to 5 of race, of which 1 is the champion."""

    def __init__(self, database_url: str) -> None:
        self.database = Database(database_url)
        self.store = SqlRegistry(self.database, 100)

    async def fill(self) -> None:
        await self.database.migrate("services.model")

        def work(tx: Transaction) -> None:
            tx.lock()
            for number in range(1, 6):
                tx.versions.add(version(number))
            tx.aliases.put(Alias("race", "champion", 1, tx.advance()))

        await self.store.transact(work)

    async def do(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return await self.store.transact(lambda tx: work(tx, *arguments, **named))

    async def create(self, definition: Definition = DEFINITION) -> Experiment:
        created: Experiment = await self.do(changes.create, definition, "key", BEGIN)
        return created

    async def figures(self, experiment_id: str = "try") -> list[Figures]:
        return await self.store.transact(lambda tx: tx.experiments.figures(experiment_id))


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    world = World(database_url)
    await world.fill()
    yield world
    await world.database.close()


async def test_what_was_asked_for_is_kept(world: World) -> None:
    created = await world.create(CANARY)
    assert await world.do(changes.find, "try") == created
    assert (created.definition, created.key_id, created.revision) == (CANARY, "key", 1)
    assert await world.create(CANARY) == created
    with pytest.raises(AlreadyExists, match="'try' is another experiment, over race:champion"):
        await world.create(replace(CANARY, reason="another"))
    with pytest.raises(NotFound, match=r"no experiment is called 'none'; those that run: try"):
        await world.do(changes.find, "none")


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"alias": "latest"}, FailedPrecondition, "moves by itself"),
        ({"alias": "best"}, NotFound, "race:best does not exist"),
        ({"versions": (2, 1)}, FailedPrecondition, "race:champion stands for 1"),
        ({"versions": (1, 9)}, NotFound, "race:9 does not exist"),
    ],
)
async def test_what_cannot_be_is_refused(
    world: World, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await world.create(replace(DEFINITION, **given))


async def test_an_alias_has_one_at_a_time(world: World) -> None:
    await world.create()
    other = replace(DEFINITION, experiment_id="other")
    with pytest.raises(FailedPrecondition, match="has the experiment try, which runs"):
        await world.create(other)
    stopped = await world.do(changes.stop, "try", "enough", LATER)
    assert (stopped.state, stopped.explanation, stopped.ended) == (State.STOPPED, "enough", LATER)
    assert await world.do(changes.stop, "try", "again", LATER) == stopped
    assert (await world.create(other)).is_running
    rows = await world.store.transact(
        lambda tx: tx.experiments.page("race", 0, 9, running_only=False)
    )
    assert [one.experiment_id for _, one in rows] == ["other", "try"]
    position = rows[0][0]
    after = await world.store.transact(
        lambda tx: (
            tx.experiments.page("", position, 9, running_only=False),
            tx.experiments.page("race", 0, 9, running_only=True),
            tx.experiments.page("none", 0, 9, running_only=False),
        )
    )
    assert [[one.experiment_id for _, one in page] for page in after] == [["try"], ["other"], []]


async def test_there_is_room_for_so_many(world: World) -> None:
    def fill(tx: Transaction) -> None:
        tx.lock()
        for number in range(MOST_RUNNING):
            tx.aliases.put(Alias("race", f"a{number}", 1, tx.advance()))
            one = replace(DEFINITION, experiment_id=f"e{number}", alias=f"a{number}")
            changes.create(tx, one, "", BEGIN)

    await world.store.transact(fill)
    with pytest.raises(ResourceExhausted, match=f"{MOST_RUNNING} experiments run"):
        await world.create()


async def test_of_two_that_begin_at_once_one_runs(world: World) -> None:
    both = [replace(DEFINITION, experiment_id=one) for one in ("one", "two")]
    ends = await asyncio.gather(*map(world.create, both), return_exceptions=True)
    assert sorted(type(one).__name__ for one in ends) == ["Experiment", "FailedPrecondition"]


async def test_weights_change_while_it_runs(world: World) -> None:
    await world.create()
    changed = await world.do(changes.update, "try", (1.0, 3.0), 1, LATER)
    assert (changed.shares, changed.revision) == ((0.25, 0.75), 2)
    assert await world.do(changes.find, "try") == changed
    with pytest.raises(Conflict, match="expected_revision is 1, but try is at 2"):
        await world.do(changes.update, "try", (1.0, 1.0), 1, LATER)
    with pytest.raises(InvalidArgument, match="expected one for each of 2 arms"):
        await world.do(changes.update, "try", (1.0, 1.0, 1.0), 0, LATER)
    await world.do(changes.stop, "try", "enough", LATER)
    with pytest.raises(FailedPrecondition, match=r"try has ended \(STOPPED\): enough"):
        await world.do(changes.update, "try", (1.0, 1.0), 0, LATER)


async def test_what_instances_count_adds_up(world: World) -> None:
    await world.create()

    def counted(calls: int) -> dict[int, Figures]:
        figures = Figures(outcomes=0, dropped=1)
        for _ in range(calls):
            figures.count(0.01, is_slow=False, is_error=True)
        return {1: figures}

    await asyncio.gather(*(world.do(changes.count, "try", counted(n)) for n in range(1, 6)))
    first, second = await world.figures()
    assert (first.calls, second.calls, second.errors, second.dropped) == (0, 15, 15, 5)
    assert sum(second.latencies) == 15
    assert second.seconds == pytest.approx(0.15)
    await world.do(changes.count, "none", counted(1))


async def test_a_session_has_one_outcome(world: World) -> None:
    await world.create()
    outcomes = [Outcome(f"s{n}", n % 2, 1 + n % 2) for n in range(10)]
    again = [Outcome("s1", 0.0, 1), Outcome("s10", 0.5), Outcome("s10", 1.0)]
    assert await world.do(changes.record, "try", outcomes, LATER) == 10
    assert await world.do(changes.record, "try", outcomes, LATER) == 0
    assert await world.do(changes.record, "try", again, LATER) == 1
    first, second = await world.figures()
    assert (first.outcomes + second.outcomes, first.score + second.score) == (11, 5.5)
    with pytest.raises(InvalidArgument, match=r"version 3 of session 's99' is no arm of try"):
        await world.do(changes.record, "try", [Outcome("s99", 1.0, 3)], LATER)
    assert sum(one.outcomes for one in await world.figures()) == 11


async def test_many_who_record_the_same_count_once(world: World) -> None:
    await world.create()
    outcomes = [Outcome(f"s{n}", 1.0) for n in range(20)]
    found = await asyncio.gather(
        *(world.do(changes.record, "try", outcomes, LATER) for _ in range(6))
    )
    assert sum(found) == 20
    assert sum(one.outcomes for one in await world.figures()) == 20


async def test_a_session_that_was_assigned_keeps_its_arm(world: World) -> None:
    await world.create()
    sessions = [f"s{n}" for n in range(40)]
    before = [await world.do(changes.assign, "try", one) for one in sessions]
    assert set(before) == {0, 1}
    await world.do(changes.update, "try", (0.0, 1.0), 0, LATER)
    assert [await world.do(changes.assign, "try", one) for one in sessions] == before
    assert await world.do(changes.assign, "try", "new") == 1
    won = [Outcome(one, 1.0) for one in sessions]
    assert await world.do(changes.record, "try", won, LATER) == 40
    assert [one.outcomes for one in await world.figures()] == [before.count(0), before.count(1)]
    await world.do(changes.stop, "try", "", LATER)
    assert await world.do(changes.assign, "try", "late") is None


async def test_sessions_go_some_days_after_the_end(world: World) -> None:
    await world.create()
    await world.do(changes.record, "try", [Outcome("s", 1.0)], LATER)
    forget = lambda tx, when: tx.experiments.forget_sessions(when - changes.KEPT)  # noqa: E731
    assert await world.do(forget, LATER + timedelta(days=90)) == 0
    await world.do(changes.stop, "try", "", LATER)
    assert await world.do(changes.record, "try", [Outcome("t", 1.0)], LATER) == 1
    after = LATER + timedelta(days=8)
    assert await world.do(forget, after) == 2
    with pytest.raises(FailedPrecondition, match="outcomes are taken no more"):
        await world.do(changes.record, "try", [Outcome("s", 1.0)], after)
    assert sum(one.outcomes for one in await world.figures()) == 2


async def test_a_shadow_has_no_outcomes(world: World) -> None:
    await world.create(replace(DEFINITION, kind=Kind.SHADOW))
    with pytest.raises(InvalidArgument, match="answers nobody"):
        await world.do(changes.record, "try", [Outcome("s", 1.0)], LATER)
    with pytest.raises(InvalidArgument, match=r"expected the share of calls, 0\.\.1"):
        await world.do(changes.update, "try", (1.0, 2.0), 0, LATER)


async def passed(world: World) -> Experiment:
    await world.create(CANARY)
    counted = Figures()
    counted.count(0.01, is_slow=False, is_error=False, calls=2)
    await world.do(changes.count, "try", {1: counted})
    ended: Experiment = await world.do(changes.look, "try", LATER)
    return ended


async def test_a_canary_that_passed_is_promoted(world: World) -> None:
    ended = await passed(world)
    assert ended.state is State.PASSED
    assert ended.explanation.endswith("race:champion stands for it now")
    alias, previous = await world.store.transact(
        lambda tx: (tx.aliases.get("race", "champion"), tx.aliases.get("race", "previous"))
    )
    assert (alias.number, previous.number) == (2, 1)
    (move, *_) = await world.store.transact(lambda tx: tx.moves.page("race", "champion", 0, 9))
    assert (move.told.mover, move.told.reason) == ("experiment", "canary try passed")
    assert await world.do(changes.look, "try", LATER) == ended


async def move(world: World, number: int) -> None:
    def work(tx: Transaction) -> None:
        present = tx.aliases.get("race", "champion")
        assert present is not None
        set_alias(
            *(tx, "race", "champion", number, present.revision), now=LATER, told=Told("by hand")
        )

    await world.store.transact(work)


async def test_who_moves_the_alias_ends_it(world: World) -> None:
    await world.create()
    assert [one.experiment_id for one in await world.do(changes.routed)] == ["try"]
    await move(world, 3)
    assert await world.do(changes.routed) == []
    ended = await world.do(changes.look, "try", LATER)
    assert ended.state is State.OVERTAKEN
    assert "race:champion stands for 3 now, and race:1 was the first arm" in ended.explanation


async def test_arms_are_protected_while_it_runs(world: World) -> None:
    users = [ArmsInUse()]
    kept = partial(world.do, protected, "race", users, LATER)
    assert await kept() == {1: "alias champion"}
    await world.create(replace(DEFINITION, versions=(1, 4)))
    assert await kept() == {1: "alias champion", 4: "experiment try"}
    in_use = partial(world.do, lambda tx, name: tx.experiments.in_use(name))
    assert await in_use("race") == {1: "try", 4: "try"}
    assert await in_use("other") == {}
    await world.do(changes.stop, "try", "", LATER)
    assert await kept() == {1: "alias champion"}


async def test_a_canary_is_promoted_only_as_the_rules_allow(world: World) -> None:
    text = Rules(movers=("another-key",)).to_text()
    await world.store.transact(lambda tx: (tx.lock(), tx.rules.put("race", "champion", 1, text)))
    ended = await passed(world)
    assert ended.state is State.PASSED
    assert "; not promoted: " in ended.explanation
    alias = await world.store.transact(lambda tx: tx.aliases.get("race", "champion"))
    assert alias.number == 1


async def test_an_arm_that_is_retired_all_the_same_ends_it(world: World) -> None:
    await world.create()

    def retire(tx: Transaction) -> None:
        tx.lock()
        gone = replace(version(2), state=VersionState.RETIRED, revision=tx.advance())
        tx.versions.retire([gone])

    await world.store.transact(retire)
    ended = await world.do(changes.look, "try", LATER)
    assert (ended.state, ended.explanation) == (State.OVERTAKEN, "race:2 is RETIRED, not READY")
