"""Calls on their way to inference."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mazemesh.errors import (
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    ResourceExhausted,
)
from services.model.experiments.calls.routes import Route, Routes
from services.model.experiments.calls.serving import Serving
from services.model.experiments.calls.tallies import Tallies
from services.model.experiments.experiment import Experiment, Kind
from services.model.experiments.judging.figures import Figures
from services.model.inference.calls import Answer, Asked, RunFailed, Sessions
from services.model.registry.policy import Alias, Event
from tests.unit.model.experiments.calls.fake_inference import FakeInference, asked
from tests.unit.model.experiments.simulated import experiment

SESSIONS = [f"game-{number}" for number in range(40)]


class FakeShadow:
    def __init__(self) -> None:
        self.offered: list[Asked] = []

    def offer(self, route: Route, asked: Asked, answer: Answer) -> None:
        self.offered.append(asked)


class World:
    def __init__(self, one: Experiment | None = None) -> None:
        self.inference, self.shadow = FakeInference(), FakeShadow()
        self.inference.failing["race:champion"] = NotFound("nobody should ask for the alias")
        self.routes, self.tallies = Routes(), Tallies()
        drawn = itertools.count()
        self.serving = Serving(
            self.inference,
            self.routes,
            self.tallies,
            self.shadow,
            lambda: self.inference.now,
            lambda: f"drawn-{next(drawn)}",
        )
        self.experiment = experiment(Kind.AB) if one is None else one
        self.routes.set([self.experiment])

    def arm(self, session: str) -> int:
        route = self.routes.get("race:champion")
        assert route is not None
        return route.arm_of(session)

    def counted(self, arm: int) -> Figures:
        return self.tallies.totals["try"][arm]


async def test_a_session_is_served_by_its_arm_and_counted() -> None:
    world = World()
    for one in SESSIONS:
        answer = await world.serving.infer(asked(), one)
        assert answer.version.number == (37, 41)[world.arm(one)]
        assert answer.experiment_id == "try"
    assert set(world.inference.served) == {"race:37", "race:41"}
    assert [world.counted(arm).calls for arm in (0, 1)] == list(world.inference.served.values())
    taken = world.tallies.take()["try"]
    assert sum(one.calls for one in taken.values()) == len(SESSIONS)
    assert world.tallies.take() == {}
    world.tallies.put_back("try", taken)
    assert sum(one.calls for one in world.tallies.take()["try"].values()) == len(SESSIONS)


async def test_other_policies_are_none_of_its_business() -> None:
    world = World()
    answer = await world.serving.infer(asked(policy="race:5"), "game-1")
    assert (answer.version.number, answer.experiment_id) == (5, "")
    assert world.tallies.totals == {}


async def test_a_call_without_a_session_is_one_by_itself() -> None:
    world = World()
    for _ in range(40):
        await world.serving.infer(asked())
    assert min(world.inference.served.values()) > 5


async def test_rows_are_served_by_their_sessions() -> None:
    world = World()
    ids = tuple(SESSIONS[:8])
    arms = [world.arm(one) for one in ids]
    begin = (1, 6)
    answer = await world.serving.infer(asked(8, first=3, sessions=Sessions("me", ids, begin)))
    numbers = [(37, 41)[arm] for arm in arms]
    assert answer.row_versions == tuple(numbers)
    assert answer.version.number == numbers[0]
    value = np.frombuffer(answer.column(2), "<f4")
    assert value.tolist() == [10 * number + 3 + row for row, number in enumerate(numbers)]
    assert np.frombuffer(answer.column(0), "<i4").tolist() == numbers
    logits = np.frombuffer(answer.column(1), "<f4").reshape(8, 2)
    assert logits[:, 0].tolist() == [float((3 + row) % 2 == n % 2) for row, n in enumerate(numbers)]
    assert answer.begun == list(begin)
    for one in world.inference.calls:
        own = [row for row, number in enumerate(numbers) if one.policy == f"race:{number}"]
        assert one.sessions.ids == tuple(ids[row] for row in own)
        assert [own[row] for row in one.sessions.begin] == [row for row in begin if row in own]


async def test_rows_of_one_arm_stay_one_call() -> None:
    world = World()
    ids = tuple(one for one in SESSIONS if world.arm(one) == 1)[:3]
    answer = await world.serving.infer(asked(3, sessions=Sessions("me", ids)))
    assert answer.row_versions == ()
    assert world.inference.served == {"race:41": 1}


async def test_a_call_that_is_wrong_is_refused_as_a_whole() -> None:
    world = World()
    world.inference.failing |= {f"race:{n}": InvalidArgument("columns") for n in (37, 41)}
    with pytest.raises(InvalidArgument):
        await world.serving.infer(asked(3, sessions=Sessions("me", ("a", "b"))), "")
    assert len(world.inference.calls) == 1
    assert world.tallies.totals == {}


def run_failed() -> FailedPrecondition:
    error = FailedPrecondition("it cannot be run")
    error.__cause__ = RunFailed("why")
    return error


@pytest.mark.parametrize(
    "error", [run_failed(), NotFound("retired"), FailedPrecondition("damaged")]
)
async def test_what_an_arm_fails_the_first_one_answers(error: MazemeshError) -> None:
    world = World()
    world.inference.failing["race:41"] = error
    for one in SESSIONS:
        assert (await world.serving.infer(asked(), one)).version.number == 37
    second = sum(map(world.arm, SESSIONS))
    assert (world.counted(1).calls, world.counted(1).errors) == (second, second)
    assert world.counted(0).calls == len(SESSIONS) - second
    assert world.counted(0).errors == 0


async def test_what_the_first_one_fails_is_told() -> None:
    world = World()
    world.inference.failing["race:37"] = run_failed()
    first = next(one for one in SESSIONS if not world.arm(one))
    with pytest.raises(FailedPrecondition):
        await world.serving.infer(asked(), first)
    assert world.counted(0).errors == 1


@pytest.mark.parametrize(
    ("error", "sessions"),
    [(ResourceExhausted("full"), ()), (FailedPrecondition("remembers nothing"), ("game-1",))],
)
async def test_what_is_no_arms_fault_is_not_counted(
    error: MazemeshError, sessions: tuple[str, ...]
) -> None:
    world = World()
    world.inference.failing |= {"race:37": error, "race:41": error}
    call = asked(sessions=Sessions("me", sessions)) if sessions else asked()
    with pytest.raises(type(error)):
        await world.serving.infer(call, "game-1")
    assert world.tallies.totals == {}


async def test_slow_calls_are_counted() -> None:
    world = World()
    world.inference.seconds = 0.2
    await world.serving.infer(asked(), "game-1")
    assert world.counted(world.arm("game-1")).slow == 1


async def test_a_shadow_is_shown_its_share_and_answers_nobody() -> None:
    world = World(experiment(Kind.SHADOW, weights=(1.0, 0.5)))
    for one in SESSIONS:
        assert (await world.serving.infer(asked(), one)).version.number == 37
    assert 5 < len(world.shadow.offered) < 35
    assert world.inference.served == {"race:37": len(SESSIONS)}


def moved(number: int, alias: str = "champion") -> Event:
    return Event(9, Alias("race", alias, number, 9))


async def test_who_moves_the_alias_is_heeded_at_once() -> None:
    world = World()
    world.routes.take([moved(37), moved(41, "previous")])
    assert len(world.routes) == 1
    world.routes.take([moved(41)])
    assert world.routes.get("race:champion") is None


async def test_an_experiment_that_ended_serves_nobody() -> None:
    from dataclasses import replace

    from services.model.experiments.experiment import State

    world = World()
    world.routes.put(replace(world.experiment, weights=(0.0, 1.0)))
    assert {world.arm(one) for one in SESSIONS} == {1}
    world.routes.put(replace(world.experiment, state=State.STOPPED))
    assert len(world.routes) == 0
