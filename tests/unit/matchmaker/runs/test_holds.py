"""Versions are held before they are played, and as long as what plays them runs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mazemesh.errors import NotFound, Unavailable
from services.matchmaker.runs.holds import MATCH_SECONDS, Holds
from tests.unit.matchmaker.fakes import FakeModel, snapshot


class CountingModel(FakeModel):
    """Keeps what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []
        for number in (1, 2, 3):
            self.keep(snapshot(number))

    async def hold(self, policies: Sequence[str], reason: str, seconds: float) -> None:
        self.asked.append(list(policies))
        await super().hold(policies, reason, seconds)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_bots_and_people_are_not_held() -> None:
    model = CountingModel()
    await Holds(model, Clock()).of_run(("race:1", "bot/random", "player/zoe"), "gate gate-1")
    assert model.held == {"race:1": "gate gate-1"}


async def test_rating_matches_ask_once_for_a_while() -> None:
    model, clock = CountingModel(), Clock()
    holds = Holds(model, clock)
    await holds.of_matches({"race:1", "race:2"})
    await holds.of_matches({"race:1", "race:3"})
    assert model.asked == [["race:1", "race:2"], ["race:3"]]
    clock.now += MATCH_SECONDS / 2 + 1
    await holds.of_matches({"race:1"})
    assert model.asked[-1] == ["race:1"]


async def test_what_is_gone_or_unreachable_is_not_played() -> None:
    model = CountingModel()
    holds = Holds(model, Clock())
    with pytest.raises(NotFound):
        await holds.of_matches({"race:9"})
    model.down = True
    with pytest.raises(Unavailable):
        await holds.of_run(("race:1",), "gate gate-1")
    model.down = False
    await holds.of_matches({"race:1"})  # what failed is asked for again
    assert model.asked[-1] == ["race:1"]


async def test_what_runs_is_held_on_and_one_that_is_gone_is_in_nobodys_way() -> None:
    model = CountingModel()

    async def running() -> list[tuple[str, tuple[str, ...]]]:
        return [("gate gate-1", ("race:9",)), ("tournament-1", ("race:1", "race:2"))]

    await Holds(model, Clock()).renew(running)
    assert model.held == {"race:1": "tournament-1", "race:2": "tournament-1"}
