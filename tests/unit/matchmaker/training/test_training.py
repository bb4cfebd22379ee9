from collections import Counter

import numpy as np
import pytest

from services.matchmaker.training import training as module
from services.matchmaker.training.opponents import Mix, Source
from services.matchmaker.training.outcomes import Outcomes
from services.matchmaker.training.training import Training
from tests.game_specs import known
from tests.unit.matchmaker.fakes import roster_of, snapshot
from tests.unit.matchmaker.memory_stores import MemoryOutcomes

LOST = {"race:1": Outcomes(0, 0, 50)}


async def training_on(store: MemoryOutcomes, *versions: int) -> Training:
    roster = roster_of("race")
    await roster.replace([snapshot(version) for version in versions])
    return Training(
        roster,
        store,
        mix=Mix(0.0, 1.0, 0.0),
        curve="hard",
        power=2.0,
        pool_size=32,
        half_life=200.0,
        rng=np.random.default_rng(0),
    )


def times(training: Training, count: int = 1000) -> Counter[str]:
    return Counter(one.policy for one in training.sample("race", known("race"), count))


async def test_losses_bring_an_opponent_back() -> None:
    training = await training_on(MemoryOutcomes(), 1, 2)
    assert times(training)["race:1"] == pytest.approx(500, abs=1)
    training.record("r1", "race", {**LOST, "race:2": Outcomes(50, 0, 0)})
    assert times(training)["race:1"] > 980


async def test_a_request_counts_once() -> None:
    store = MemoryOutcomes()
    training = await training_on(store, 1)
    for _ in range(3):
        training.record("r1", "race", LOST)
    await training.flush()
    assert store.forms["race", "race:1"][0].games == 50


async def test_a_restart_continues_and_still_knows_the_requests() -> None:
    store = MemoryOutcomes()
    first = await training_on(store, 1, 2)
    first.record("r1", "race", LOST)
    await first.flush()
    saved = dict(store.forms)
    second = await training_on(store, 1, 2)
    await second.load()
    second.record("r1", "race", LOST)
    await second.flush()
    assert store.forms == saved
    assert times(second)["race:1"] > 750


async def test_many_requests_are_one_save() -> None:
    store = MemoryOutcomes()
    training = await training_on(store, 1)
    for number in range(100):
        training.record(f"r{number}", "race", LOST)
    await training.flush()
    await training.flush()
    assert store.saves == 1
    assert store.forms["race", "race:1"][0].games == 5000


async def test_a_failed_save_is_made_up_for() -> None:
    store = MemoryOutcomes()
    store.broken = True
    training = await training_on(store, 1)
    training.record("r1", "race", LOST)
    with pytest.raises(OSError, match="disk full"):
        await training.flush()
    store.broken = False
    training.record("r2", "race", LOST)
    await training.flush()
    assert store.forms["race", "race:1"][0].games == 100
    assert store.ids == ["r1", "r2"]


async def test_only_the_newest_requests_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_REQUESTS", 2)
    store = MemoryOutcomes()
    training = await training_on(store, 1)
    for request in ("r1", "r2", "r3", "r3"):
        training.record(request, "race", LOST)
    await training.flush()
    assert store.ids == ["r2", "r3"]
    assert store.forms["race", "race:1"][0].games == 150


async def test_outcomes_against_a_moving_alias_tell_nothing() -> None:
    store = MemoryOutcomes()
    training = await training_on(store, 1)
    training.record("r1", "race", {"race:latest": Outcomes(1, 0, 0)})
    await training.flush()
    assert store.saves == 0


async def test_in_a_game_of_one_seat_everybody_is_the_latest() -> None:
    opponents = (await training_on(MemoryOutcomes(), 1)).sample("race", known("solo"), 5)
    assert {(one.policy, one.source) for one in opponents} == {("race:latest", Source.LATEST)}
    assert len(opponents) == 5


async def test_only_snapshots_of_the_student_and_the_game_are_drawn() -> None:
    training = await training_on(MemoryOutcomes())
    await training._roster.replace(
        [snapshot(1), snapshot(2, game="solo"), snapshot(3, name="other"), snapshot(4, kept=False)]
    )
    assert set(times(training)) == {"race:1"}


async def league() -> Training:
    training = await training_on(MemoryOutcomes())
    await training._roster.replace(
        [*(snapshot(v) for v in range(1, 41)), *(snapshot(v, name="spy") for v in range(1, 4))]
    )
    return training


def names(training: Training, **whom: object) -> Counter[str]:
    return Counter(one.policy for one in training.sample("race", known("race"), 4000, **whom))  # type: ignore[arg-type]


async def test_a_pool_of_several_policies_deals_its_places_evenly() -> None:
    found = names(await league(), others=["spy", "nobody"])
    by_name = Counter(name.split(":")[0] for name in found)
    # 32 places: 16 for each of the two that have snapshots, of which spy has three.
    assert by_name == {"race": 16, "spy": 3}
    assert {"race:1", "race:40", "spy:1", "spy:3"} <= set(found)


async def test_an_exploiter_that_beats_the_student_is_met_more() -> None:
    training = await league()
    training.record(
        "r1",
        "race",
        {f"race:{v}": Outcomes(90, 0, 10) for v in range(1, 41)} | {"spy:2": LOST["race:1"]},
    )
    found = names(training, others=["spy"])
    assert found["spy:2"] > 2 * max(found[name] for name in found if name.startswith("race"))


async def test_an_exploiter_meets_the_newest_version_of_its_target_while_within_reach() -> None:
    training = await league()
    drawn = training.sample("spy", known("race"), 100, exploits="race")
    assert {(one.policy, one.source) for one in drawn} == {("race:latest", Source.LATEST)}
    training.record("r1", "spy", {"race:latest": Outcomes(20, 0, 80)})
    assert {one.policy for one in training.sample("spy", known("race"), 100, exploits="race")} == {
        "race:latest"
    }


async def test_an_exploiter_out_of_its_depth_meets_snapshots_that_it_may_beat() -> None:
    training = await league()
    beaten = {f"race:{v}": Outcomes(100, 0, 0) for v in range(1, 11)}
    even = {f"race:{v}": Outcomes(50, 0, 50) for v in range(11, 16)}
    lost = {f"race:{v}": Outcomes(0, 0, 100) for v in range(16, 41)}
    training.record("r1", "spy", {**beaten, **even, **lost, "race:latest": Outcomes(0, 0, 300)})
    drawn = Counter(
        one.policy for one in training.sample("spy", known("race"), 1000, exploits="race")
    )
    assert drawn["race:latest"] == pytest.approx(200, abs=1)
    assert all(name.startswith("race:") for name in drawn)
    assert max(drawn, key=lambda name: drawn[name] * (name != "race:latest")) in even


async def test_a_league_exploiter_meets_the_snapshots_of_all_others_by_pfsp() -> None:
    training = await league()
    training.record("r1", "all", {f"race:{v}": Outcomes(100, 0, 0) for v in range(1, 41)})
    whom = {"others": ["race", "spy"], "exploits_pool": True}
    drawn = training.sample("all", known("race"), 1000, **whom)  # type: ignore[arg-type]
    assert {one.source for one in drawn} == {Source.PFSP}
    found = Counter(one.policy for one in drawn)
    assert not any(name.endswith(":latest") or name.startswith("bot/") for name in found)
    # It beats all of race by now, and spy is as good as ever.
    assert sum(found[name] for name in found if name.startswith("spy")) > 900
    alone = training.sample("all", known("race"), 3, others=["nobody"], exploits_pool=True)
    assert [(one.policy, one.source) for one in alone] == [("all:latest", Source.LATEST)] * 3


async def test_records_are_by_name_and_of_one_student_if_asked() -> None:
    training = await league()
    training.record("r1", "spy", {"race:latest": Outcomes(3, 0, 1)})
    training.record("r2", "race", {"spy:1": Outcomes(0, 1, 1), "bot/random": Outcomes(1, 0, 0)})
    assert [(s, o, form.games) for s, o, form in training.records()] == [
        ("race", "bot/random", 1),
        ("race", "spy:1", 2),
        ("spy", "race:latest", 4),
    ]
    ((_, _, form),) = training.records("spy")
    assert form.win_rate == pytest.approx((3 + 1) / (4 + 2), abs=0.01)


async def test_two_instances_count_a_request_once_and_learn_of_each_other() -> None:
    store = MemoryOutcomes()
    first, second = await training_on(store, 1, 2), await training_on(store, 1, 2)
    first.record("r1", "race", LOST)
    second.record("r1", "race", LOST)  # the answer of the first was lost
    second.record("r2", "race", {"race:2": Outcomes(10, 0, 0)})
    await first.flush()
    second.record("r3", "race", LOST)
    await second.flush()
    await first.flush()
    assert first.records() == second.records()
    assert {(opponent, form.games) for _, opponent, form in first.records()} == {
        ("race:1", 100),
        ("race:2", 10),
    }
