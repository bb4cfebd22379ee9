"""What is called drift, and what is not."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from services.model.drift.features import BEST, ENTROPY, answered_columns
from services.model.drift.reference import MOST_FEATURES, Reference
from services.model.drift.statistics import chi_squared, largest_gaps, stability_indices
from services.model.drift.watching import (
    MOST_WINDOWS,
    ROWS_OF_A_CALL,
    TOGETHER_ROWS,
    Measure,
    Watching,
)
from services.model.drift.window import LEAST_ROWS, Window
from services.model.inference.calls import Part
from services.model.inference.layout import Column, Layout
from services.model.registry.policy import Version
from services.model.validation.parity import Parity
from tests.unit.model.inference.fake_runner import version

ACTIONS = 4
MASK = np.ones((1, ACTIONS), np.uint8)


def rows_of(count: int, seed: int = 0, shift: float = 0.0) -> dict[str, Any]:
    """Observations, masks, logits and values of a world; `shift` moves all but the masks."""
    rng = np.random.default_rng(seed)
    observation = np.clip(rng.normal(100 + 40 * shift, 20, (count, 6)), 0, 255).astype(np.uint8)
    logits = rng.normal(0, 1 + 4 * shift, (count, ACTIONS)).astype(np.float32)
    return {
        "observation": observation,
        "action_mask": np.repeat(MASK, count, axis=0),
        "logits": logits,
        "value": rng.normal(shift, 0.3, count).astype(np.float32),
    }


def parity_of(rows: dict[str, Any]) -> Parity:
    given = {name: rows[name] for name in ("observation", "action_mask")}
    expected = {name: rows[name] for name in ("logits", "value")}
    return Parity(given, expected, {"logits": "action_mask"})


def reference(count: int = 500) -> Reference:
    made = Reference.of(parity_of(rows_of(count, seed=99)), greedy=False)
    again = Reference.from_bytes(made.to_bytes())
    assert again == made
    return again


def columns_of(rows: dict[str, Any]) -> dict[str, Any]:
    outputs = {name: rows[name] for name in ("logits", "value")}
    answered = dict(answered_columns(outputs, {"logits": (ACTIONS,)}, greedy=False))
    return {name: rows[name] for name in ("observation", "action_mask")} | answered


def window_of(measure: Reference, *chunks: dict[str, Any]) -> Window:
    window = Window(measure, 100.0, 0.0)
    for rows in chunks:
        window.add(columns_of(rows), 1.0)
    return window


def test_statistics_are_those_of_their_definitions() -> None:
    live, expected = np.array([[30, 70, 0]]), np.array([[50, 50, 0]])
    p, q = (live[0, :2] + 0.5) / 101, (expected[0, :2] + 0.5) / 101
    (index,) = stability_indices(live, expected, np.array([2]))
    assert index == pytest.approx(((p - q) * np.log(p / q)).sum())
    assert largest_gaps(live, expected)[0] == pytest.approx(0.2)
    assert chi_squared(9, 0.001) == pytest.approx(27.877, rel=0.01)


def test_entropy_and_best_are_those_of_the_actions() -> None:
    logits = np.array([[0, 0, 0, -1e9], [50, 0, 0, 0]], np.float32)
    told = dict(answered_columns({"logits": logits}, {"logits": (ACTIONS,)}, greedy=False))
    np.testing.assert_allclose(told[ENTROPY][:, 0], [np.log(3), 0], atol=1e-6)
    assert told[BEST][:, 0].tolist() == [0, 0]
    assert ENTROPY not in dict(
        answered_columns({"logits": logits}, {"logits": (ACTIONS,)}, greedy=True)
    )
    gaussian = {"log_std": np.zeros((1, 2), np.float32), "mean": np.zeros((1, 2), np.float32)}
    told = dict(answered_columns(gaussian, {}, greedy=False))
    assert told[ENTROPY][0, 0] == pytest.approx(np.log(2 * np.pi * np.e))


def test_the_same_world_has_not_drifted_and_another_has() -> None:
    measure = reference()
    quiet = sum(window_of(measure, rows_of(600, seed)).drift(2.0).drifted for seed in range(50))
    assert quiet == 0
    drift = window_of(measure, rows_of(600, 1, shift=1.0)).drift(2.0)
    assert drift.drifted
    found = {one.column: one for one in drift.columns}
    assert {name for name, one in found.items() if one.drifted} == {
        "observation",
        "value",
        ENTROPY,
    }
    assert found["value"].mean > found["value"].reference_mean + 0.5
    assert found["observation"].psi > 0.25
    assert found["observation"].ks > 0.3
    assert not found["action_mask"].psi
    assert drift.columns[0].drifted


def test_a_mask_that_was_always_the_same_and_changes_is_drift() -> None:
    rows = rows_of(600)
    rows["action_mask"][:, 2] = 0
    found = {one.column: one for one in window_of(reference(), rows).drift(2.0).columns}
    assert found["action_mask"].drifted


def test_few_rows_are_no_evidence() -> None:
    drift = window_of(reference(), rows_of(LEAST_ROWS - 1, 1, shift=1.0)).drift(2.0)
    assert not drift.drifted
    assert drift.rows == LEAST_ROWS - 1
    small = Reference.of(parity_of(rows_of(8, seed=3)), greedy=False)
    assert not window_of(small, rows_of(600, 4)).drift(2.0).drifted


def test_a_window_forgets() -> None:
    window = window_of(reference(), rows_of(600, 1, shift=1.0))
    assert window.drift(60.0).drifted  # in its second half
    window.add(columns_of(rows_of(600, 2)), 60.0)
    assert window.drift(60.0).rows == 1200
    assert window.drift(110.0).rows == 600
    assert not window.drift(110.0).drifted
    assert window.drift(1000.0).rows == 0


def test_memory_is_bounded_whatever_is_observed() -> None:
    rng = np.random.default_rng(0)
    wide = {f"observation.{i}": rng.normal(size=(32, 300)).astype(np.float32) for i in range(100)}
    parity = Parity(wide, {"value": np.zeros(32, np.float32)}, {})
    made = Reference.of(parity, greedy=False)
    assert sum(map(len, made.columns.values())) <= MOST_FEATURES
    assert len(made.to_bytes()) < 64 * 1024


LAYOUT = Layout(
    (Column("observation", "uint8", (6,)), Column("action_mask", "uint8", (ACTIONS,), 1)),
    (
        Column("action", "int32"),
        Column("logits", "float32", (ACTIONS,)),
        Column("value", "float32"),
    ),
    1,
    (("logits", (ACTIONS,)),),
)


class World:
    """A clock, measures by name, and calls."""

    def __init__(self, seconds: float = 100.0) -> None:
        self.now, self.looked_up = 0.0, 0
        self.measure = reference()
        self.watching = Watching(self.find, seconds, lambda: self.now)

    async def find(self, one: Version) -> Measure | None:
        self.looked_up += 1
        return None if one.name == "unknown" else Measure(f"{one.name}:1", self.measure)

    async def call(self, rows: dict[str, Any], one: Version) -> None:
        """A call, a second after the one before; its rows lie among those of others."""
        self.now += 1.0
        count = len(rows["value"])
        beside = rows_of(3, seed=5)
        both = [np.concatenate([beside[name], rows[name]]) for name in ("logits", "value")]
        action = np.zeros(count + 3, np.int32)
        data = b"".join(array.tobytes() for array in (action, *both))
        part = Part(memoryview(data), count + 3, 3, count)
        columns = [rows[name].tobytes() for name in ("observation", "action_mask")]
        if self.now >= self.watching.due:
            self.watching.take(one, LAYOUT, columns, part)
        await asyncio.sleep(0)


async def test_calls_are_sampled_and_counted_for_their_version() -> None:
    world, one = World(), version(1)
    for seed in range(41):
        await world.call(rows_of(64, seed, shift=1.0), one)
    assert world.looked_up == 1
    policy, drift = await world.watching.drift_of(one)
    assert policy == "race:1"
    assert drift is not None
    assert drift.rows == 40 * ROWS_OF_A_CALL  # the first call looks the measure up
    assert drift.drifted
    found = {each.column: each for each in drift.columns}
    assert found["value"].mean == pytest.approx(1.0, abs=0.1)  # its own rows, not those beside
    assert [name for name, _ in world.watching.all()] == ["race:1"]


async def test_how_much_is_looked_at_is_bounded() -> None:
    world, one = World(seconds=1e6), version(1)
    await world.call(rows_of(1), one)
    world.now += 1.0
    for _ in range(200):  # all at once
        world.now -= 1.0
        await world.call(rows_of(4), one)
    _, drift = await world.watching.drift_of(one)
    assert drift is not None
    assert drift.rows == 4
    for number in range(MOST_WINDOWS + 5):
        many = version(number + 1, name=f"many{number}")
        for _ in range(1 + TOGETHER_ROWS // ROWS_OF_A_CALL):
            await world.call(rows_of(32), many)
    assert len(list(world.watching.all())) == MOST_WINDOWS


async def test_without_a_measure_or_a_window_nothing_is_told() -> None:
    world, one = World(), version(1, name="unknown")
    for _ in range(3):
        await world.call(rows_of(32), one)
    assert await world.watching.drift_of(one) == ("", None)
    assert await world.watching.drift_of(version(1)) == ("race:1", None)
    off = World(seconds=0.0)
    for _ in range(3):
        await off.call(rows_of(32), version(1))
    assert off.looked_up == 0
