"""Whose results contradict those of others: never honest ones', and one's that plays by chance."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matchmaker.rating.information import expected_score
from services.matchmaker.workers.events import Audit, Completed, Reported
from services.matchmaker.workers.suspicion import (
    Residual,
    chi_square_tail,
    contradiction,
    residuals,
    too_fast,
)

PLAYERS = {f"race:{version}": 900.0 + 60.0 * version for version in range(1, 7)}
RATINGS = {"race": {**PLAYERS, "bot/random": 800.0}}


def played(rng: np.random.Generator, worker: str, count: int, *, wrong: bool) -> list[Completed]:
    """Matches of two games; a wrong worker sends a player of chance in place of the newer one."""
    found = []
    for number in range(count):
        one, other = rng.choice(list(RATINGS["race"]), 2, replace=False)
        chance = expected_score(RATINGS["race"][one], RATINGS["race"][other])
        score = rng.binomial(2, 0.5 if wrong else chance) / 2.0
        ids = f"{worker}/{number}", worker, "race", (str(one), str(other)), ""
        found.append(Completed(*ids, 0.0, 10.0, Audit.SOUND, float(score)))
    return found


def test_honest_workers_are_never_named() -> None:
    worst = 1.0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        matches = [one for worker in "abcd" for one in played(rng, worker, 60, wrong=False)]
        found = contradiction(residuals(matches, RATINGS))
        assert found is not None
        worst = min(worst, found.p_value)
    assert worst > 1e-4  # of 200 runs at the significance of 1e-6


def test_one_that_plays_another_policy_is_named_and_no_other() -> None:
    named = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        matches = [
            one for worker in "abcd" for one in played(rng, worker, 400, wrong=worker == "c")
        ]
        found = contradiction(residuals(matches, RATINGS))
        assert found is not None
        named.append((found.worker, found.p_value < 1e-6))
        assert all(one.startswith("c/") for one in found.match_ids)
    assert named.count(("c", True)) >= 18
    assert {worker for worker, sure in named if sure} == {"c"}


def test_of_two_workers_nobody_knows_who_is_wrong() -> None:
    rng = np.random.default_rng(0)
    matches = played(rng, "a", 200, wrong=False) + played(rng, "b", 200, wrong=True)
    assert contradiction(residuals(matches, RATINGS)) is None


def test_residuals_are_of_the_newer_player() -> None:
    ids = "m", "w", "race", ("race:1", "race:4"), ""
    (one,) = residuals([Completed(*ids, 0.0, 1.0, Audit.SOUND, 1.0)], RATINGS)
    expected = expected_score(PLAYERS["race:4"], PLAYERS["race:1"])
    assert one == Residual("m", "w", "race race:4", pytest.approx(-expected))
    unknown = "m", "w", "race", ("race:1", "race:99"), ""
    assert not residuals([Completed(*unknown, 0.0, 1.0, Audit.SOUND, 1.0)], RATINGS)


@given(st.floats(0.0, 200.0))
def test_the_tail_of_chi_square(value: float) -> None:
    assert chi_square_tail(value, 2) == pytest.approx(math.exp(-value / 2))
    assert chi_square_tail(value, 1) == pytest.approx(math.erfc(math.sqrt(value / 2)))
    half = value / 2
    four = math.exp(-half) * (1.0 + half)
    assert chi_square_tail(value, 4) == pytest.approx(four)


def test_known_quantiles_of_chi_square() -> None:
    # Abramowitz and Stegun 1964, table 26.8.
    for value, freedom, tail in ((11.0705, 5, 0.05), (18.3070, 10, 0.05), (37.5662, 20, 0.01)):
        assert chi_square_tail(value, freedom) == pytest.approx(tail, rel=1e-4)


def test_no_match_is_over_before_its_steps_can_be() -> None:
    ids = "m", "w", "race", ("race:1", "race:4"), ""
    told = Reported(("race:1", "race:4"), 0.5, 1000, {})
    assert too_fast(Completed(*ids, 10.0, 10.001, Audit.OPEN, 0.0), told, 2e-5)
    assert not too_fast(Completed(*ids, 10.0, 10.1, Audit.OPEN, 0.0), told, 2e-5)
