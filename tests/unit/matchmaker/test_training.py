from collections import Counter

import numpy as np
import pytest

from mazemesh.errors import InvalidArgument
from services.matchmaker import training as module
from services.matchmaker.opponents import Mix, Source
from services.matchmaker.outcomes import Outcomes
from services.matchmaker.roster import Roster
from services.matchmaker.training import Training
from tests.unit.matchmaker.fakes import MemoryOutcomes, metrics, snapshot

LOST = {"race:1": Outcomes(0, 0, 50)}


def training_on(store: MemoryOutcomes, *versions: int) -> Training:
    roster = Roster(("race",), metrics())
    roster.replace([snapshot(version) for version in versions])
    return Training(
        roster,
        store,
        metrics(),
        mix=Mix(0.0, 1.0, 0.0),
        curve="hard",
        power=2.0,
        pool_size=32,
        half_life=200.0,
        rng=np.random.default_rng(0),
    )


def times(training: Training, count: int = 1000) -> Counter[str]:
    return Counter(one.policy for one in training.sample("race", "race", count))


def test_losses_bring_an_opponent_back() -> None:
    training = training_on(MemoryOutcomes(), 1, 2)
    assert times(training)["race:1"] == pytest.approx(500, abs=1)
    training.record("r1", "race", {**LOST, "race:2": Outcomes(50, 0, 0)})
    assert times(training)["race:1"] > 980


async def test_a_request_counts_once() -> None:
    store = MemoryOutcomes()
    training = training_on(store, 1)
    for _ in range(3):
        training.record("r1", "race", LOST)
    await training.flush()
    assert store.state.forms["race", "race:1"].games == 50


async def test_a_restart_continues_and_still_knows_the_requests() -> None:
    store = MemoryOutcomes()
    first = training_on(store, 1, 2)
    first.record("r1", "race", LOST)
    await first.flush()
    saved = store.state
    second = training_on(store, 1, 2)
    await second.load()
    second.record("r1", "race", LOST)
    await second.flush()
    assert store.state == saved
    assert times(second)["race:1"] > 750


async def test_many_requests_are_one_save() -> None:
    store = MemoryOutcomes()
    training = training_on(store, 1)
    for number in range(100):
        training.record(f"r{number}", "race", LOST)
    await training.flush()
    await training.flush()
    assert store.saves == 1
    assert store.state.forms["race", "race:1"].games == 5000


async def test_a_failed_save_is_made_up_for() -> None:
    store = MemoryOutcomes()
    store.broken = True
    training = training_on(store, 1)
    training.record("r1", "race", LOST)
    with pytest.raises(OSError, match="disk full"):
        await training.flush()
    store.broken = False
    training.record("r2", "race", LOST)
    await training.flush()
    assert store.state.forms["race", "race:1"].games == 100
    assert store.state.request_ids == ["r1", "r2"]


async def test_only_the_newest_requests_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_REQUESTS", 2)
    store = MemoryOutcomes()
    training = training_on(store, 1)
    for request in ("r1", "r2", "r3", "r3"):
        training.record(request, "race", LOST)
    await training.flush()
    assert store.state.request_ids == ["r2", "r3"]
    assert store.state.forms["race", "race:1"].games == 150


async def test_outcomes_against_a_moving_alias_tell_nothing() -> None:
    store = MemoryOutcomes()
    training = training_on(store, 1)
    training.record("r1", "race", {"race:latest": Outcomes(1, 0, 0)})
    await training.flush()
    assert store.saves == 0


def test_in_a_game_of_one_seat_everybody_is_the_latest() -> None:
    opponents = training_on(MemoryOutcomes(), 1).sample("race", "solo", 5)
    assert {(one.policy, one.source) for one in opponents} == {("race:latest", Source.LATEST)}
    assert len(opponents) == 5


def test_only_snapshots_of_the_student_and_the_game_are_drawn() -> None:
    training = training_on(MemoryOutcomes())
    training._roster.replace(
        [snapshot(1), snapshot(2, game="solo"), snapshot(3, name="other"), snapshot(4, kept=False)]
    )
    assert set(times(training)) == {"race:1"}


def test_an_unknown_game_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"'chess' is unknown; the games are .*race, solo"):
        training_on(MemoryOutcomes()).sample("race", "chess", 1)
