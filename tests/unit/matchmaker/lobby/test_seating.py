"""Who sits where: parties whole, teams level."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matchmaker.lobby.seating import Unit, balanced, participants, spread

RNG = np.random.default_rng(0)


def unit(name: str, rating: float, size: int = 1) -> Unit:
    return Unit(tuple(f"player/{name}{number}" for number in range(size)), rating)


def units_of(sizes: list[int], ratings: list[float]) -> list[Unit]:
    return [
        unit(f"{index}-", rating, size)
        for index, (size, rating) in enumerate(zip(sizes, ratings, strict=True))
    ]


def test_the_teams_are_as_level_as_can_be() -> None:
    four = [unit("a", 1000.0), unit("b", 1100.0), unit("c", 1200.0), unit("d", 1300.0)]
    teams = balanced(four, [2, 2])
    assert spread(teams) == 0.0
    assert sorted(one.rating for one in teams[0]) in ([1000.0, 1300.0], [1100.0, 1200.0])


@given(st.lists(st.floats(0, 2000), min_size=4, max_size=4), st.integers(0, 1))
def test_no_other_way_is_better(ratings: list[float], party: int) -> None:
    sizes = [1, 1, 1, 1] if not party else [2, 1, 1]
    units = units_of(sizes, ratings[: len(sizes)])
    found = spread(balanced(units, [2, 2]))
    for order in permutations(units):
        left, right = list(order[:1]), list(order[1:])
        if not party:
            left, right = list(order[:2]), list(order[2:])
        if sum(len(one.names) for one in left) == 2:
            assert found <= spread([left, right]) + 1e-9


SPLITS = st.sampled_from([[1] * 8, [2, 2, 2, 2], [3, 1, 2, 2], [4, 4], [4, 1, 1, 1, 1], [2] * 4])


@given(SPLITS, st.data())
def test_parties_stay_whole_and_every_seat_is_taken_once(
    sizes: list[int], data: st.DataObject
) -> None:
    ratings = data.draw(st.lists(st.floats(0, 2000), min_size=len(sizes), max_size=len(sizes)))
    units = units_of(sizes, ratings)
    teams = [0, 1, 0, 1, 0, 1, 0, 1]
    names = participants(units, teams, RNG)
    assert sorted(names) == sorted(name for one in units for name in one.names)
    for one in units:
        assert len({teams[names.index(name)] for name in one.names}) == 1


def test_many_are_dealt_and_mended() -> None:
    rng = np.random.default_rng(3)
    units = [unit(f"{number}-", float(rng.normal(1000, 200))) for number in range(32)]
    teams = balanced(units, [8, 8, 8, 8])
    assert [len(team) for team in teams] == [8, 8, 8, 8]
    assert spread(teams) < 20.0


def test_each_for_itself_sits_anywhere() -> None:
    units = [unit(name, 1000.0) for name in "abc"]
    orders = {tuple(participants(units, (), np.random.default_rng(seed))) for seed in range(40)}
    assert len(orders) == 6


def test_no_side_is_favoured() -> None:
    units = [unit("a", 1000.0, 2), unit("b", 1500.0), unit("c", 500.0)]
    first = [
        participants(units, [0, 0, 1, 1], np.random.default_rng(seed))[0] for seed in range(200)
    ]
    share = sum(name.startswith("player/a") for name in first) / 200
    assert 0.35 < share < 0.65


def test_units_that_fit_nowhere_are_an_error() -> None:
    with pytest.raises(ValueError, match="fill"):
        balanced([unit("a", 1000.0, 3), unit("b", 1000.0)], [2, 2])
