"""Estimates by runs that were."""

import pytest

from services.gateway.forms.cost import Cost, Pace, estimate

RUNS = [
    Pace("race", "ppo", 1000, 1),
    Pace("race", "ppo", 2000, 1),
    Pace("race", "ppo", 3000, 1),
    Pace("race", "dqn", 100, 1),
    Pace("solo", "dqn", 0, 5),
]


def test_the_same_game_and_algorithm_count_first() -> None:
    found = estimate(60_000, "race", "ppo", RUNS, 1.2)

    assert (found.like, found.runs) == ("game and algorithm", 3)
    assert found.seconds == pytest.approx(30)
    assert found.low == pytest.approx(24)
    assert found.high == pytest.approx(40)
    assert found.dollars == pytest.approx(0.01)


def test_others_count_where_there_are_none() -> None:
    assert estimate(1, "solo", "dqn", RUNS, 0).like == "algorithm"
    assert estimate(1, "race", "sac", RUNS, 0).like == "game"
    assert estimate(1, "solo", "sac", RUNS, 0).runs == 4
    assert estimate(1, "race", "ppo", RUNS, 0).dollars is None


def test_without_any_run_nothing_is_known() -> None:
    assert estimate(5, "race", "ppo", [RUNS[-1]], 1) == Cost(5)
