"""How matches of experiments ended is told to Model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from mazemesh.errors import NotFound, Unavailable
from mazemesh.games import GameSettings
from services.matchmaker.experiments.reporting import KEPT_SECONDS, Reporting
from services.matchmaker.experiments.served import Served
from services.matchmaker.lobby.tickets import Ticket, Wish
from tests.unit.matchmaker.fakes import FakeElo, FakeModel


class MemoryServed:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Served] = {}

    async def add(self, served: Sequence[Served]) -> None:
        for one in served:
            self.rows.setdefault((one.match_id, one.session), one)

    async def after(self, match_id: str, limit: int) -> list[Served]:
        ids = sorted({one for one, _ in self.rows if one > match_id})[:limit]
        return [row for (one, _), row in sorted(self.rows.items()) if one in ids]

    async def remove(self, served: Sequence[Served]) -> None:
        for one in served:
            del self.rows[one.match_id, one.session]


class RefusingModel(FakeModel):
    async def record(self, experiment_id: str, scores: Mapping[str, float]) -> int:
        if experiment_id == "gone":
            raise NotFound("no experiment is called 'gone'")
        return await super().record(experiment_id, scores)


class World:
    def __init__(self) -> None:
        self.store, self.elo, self.model = MemoryServed(), FakeElo(), RefusingModel()
        self.now = 100.0
        self.reporting = Reporting(self.store, self.elo, self.model, lambda: self.now)

    def note(self, match_id: str, experiment_id: str = "try", *, rated: bool = True) -> None:
        self.reporting.note(match_id, [ticket(match_id, experiment_id, rated=rated)], self.now)


def ticket(session: str, experiment_id: str, *, rated: bool) -> Ticket:
    wish = Wish(
        player="race:41",
        ladder="race",
        game="race",
        settings=GameSettings(),
        size=2,
        rated=rated,
        max_wait=60.0,
        asked="race:champion",
        experiment_id=experiment_id,
    )
    return Ticket(f"ticket-{session}", f"ask-{session}", wish, 1000.0, 0.0)


async def test_a_result_is_the_outcome_of_its_session() -> None:
    world = World()
    for match_id in ("m1", "m2"):
        world.note(match_id)
    world.elo.played["m1"] = {"race:41": 0.75, "player/zoe": 0.25}
    await world.reporting.look()
    assert world.model.outcomes == {("try", "ask-m1"): 0.75}
    assert (world.reporting.told, world.reporting.waiting) == (1, 1)
    world.elo.played["m2"] = {"race:41": 0.0, "player/zoe": 1.0}
    await world.reporting.look()
    assert world.model.outcomes["try", "ask-m2"] == 0.0
    assert world.store.rows == {}


async def test_others_are_not_waited_for() -> None:
    world = World()
    world.note("m1", rated=False)
    world.note("m2", "")
    await world.reporting.look()
    assert world.store.rows == {}


async def test_who_is_away_is_told_later() -> None:
    world = World()
    world.note("m1")
    world.elo.played["m1"] = {"race:41": 1.0}
    world.model.down = True
    with pytest.raises(Unavailable):
        await world.reporting.look()
    assert len(world.store.rows) == 1
    world.model.down = False
    await world.reporting.look()
    assert world.model.outcomes == {("try", "ask-m1"): 1.0}


async def test_what_model_refuses_and_what_never_ends_is_let_go() -> None:
    world = World()
    world.note("m1", "gone")
    world.note("m2")
    world.elo.played["m1"] = {"race:41": 1.0}
    await world.reporting.look()
    assert [one for one, _ in world.store.rows] == ["m2"]
    world.now += KEPT_SECONDS + 1
    await world.reporting.look()
    assert world.store.rows == {}
    assert world.model.outcomes == {}


async def test_whose_seat_was_given_away_is_not_waited_for_without_end() -> None:
    world = World()
    world.note("m1")
    world.elo.played["m1"] = {"bot/random": 0.0, "player/zoe": 1.0}
    await world.reporting.look()
    assert len(world.store.rows) == 1
    world.now += KEPT_SECONDS + 1
    await world.reporting.look()
    assert world.store.rows == {}
    assert world.model.outcomes == {}


async def test_what_was_noted_last_is_kept_when_it_stops() -> None:
    world = World()
    world.note("m1")
    await world.reporting.close()
    assert len(world.store.rows) == 1
