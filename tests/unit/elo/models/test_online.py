from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.elo.models.counting.comparison import comparisons
from services.elo.models.online import FIRST_K, LAST_K, expected_score, k_factor, updated
from tests.unit.elo.played import match


def test_400_points_are_ten_to_one() -> None:
    assert expected_score(1400, 1000) == pytest.approx(10 / 11)
    assert expected_score(1000, 1000) == 0.5


def test_the_k_factor_falls_from_40_to_16() -> None:
    factors = [k_factor(played) for played in range(60)]
    assert factors[0] == FIRST_K == 40.0
    assert factors == sorted(factors, reverse=True)
    assert factors[30:] == [LAST_K] * 30


def test_a_win_between_equals_is_half_of_k() -> None:
    games = comparisons(match("m", ("a:1", "b:1"), 1.0).games)
    assert updated([1000, 1000], [0, 30], games) == (1020.0, 992.0)


def test_rotations_count_as_one_result() -> None:
    once = comparisons(match("m", ("a:1", "b:1"), 1.0).games)
    twice = comparisons(match("m", ("a:1", "b:1"), 1.0, 1.0).games)
    split = comparisons(match("m", ("a:1", "b:1"), 1.0, 0.0).games)
    assert updated([1100, 900], [3, 3], once) == updated([1100, 900], [3, 3], twice)
    assert updated([1000, 1000], [3, 3], split) == (1000.0, 1000.0)


def test_of_three_players_each_is_compared_with_both_others() -> None:
    games = comparisons(match("m", ("a:1", "b:1", "c:1"), (1.0, 0.2, 0.1)).games)
    assert updated([1000] * 3, [0] * 3, games) == (1020.0, 1000.0, 980.0)


@given(
    st.lists(st.floats(-500, 3000), min_size=2, max_size=6),
    st.integers(0, 100),
    st.randoms(use_true_random=False),
)
def test_equal_k_factors_move_as_much_up_as_down(
    ratings: list[float], played: int, random: Random
) -> None:
    scores = [float(index) / len(ratings) for index in range(len(ratings))]
    if len(scores) == 2:
        scores = [1.0, 0.0]
    random.shuffle(scores)
    after = updated(ratings, [played] * len(ratings), comparisons(match("m", [], scores).games))
    assert sum(after) == pytest.approx(sum(ratings), abs=1e-6)
    assert max(abs(a - b) for a, b in zip(after, ratings, strict=True)) <= k_factor(played)
