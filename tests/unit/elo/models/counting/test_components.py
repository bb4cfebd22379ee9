import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.elo.models.counting.components import components, ranked_component


def roots_of(players: int, pairs: list[tuple[int, int]]) -> list[int]:
    columns = np.array(pairs, np.intp).reshape(-1, 2)
    roots: list[int] = components(columns[:, 0], columns[:, 1], players).tolist()
    return roots


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=15))
def test_connected_is_what_repeated_merging_of_sets_gives(pairs: list[tuple[int, int]]) -> None:
    groups = [{player} for player in range(10)]
    for first, second in pairs:
        merged = next(g for g in groups if first in g) | next(g for g in groups if second in g)
        groups = [group for group in groups if not group & merged] + [merged]
    roots = roots_of(10, pairs)
    for group in groups:
        assert {player for player in range(10) if roots[player] == roots[min(group)]} == group


def test_the_bots_component_is_ranked_though_another_is_larger() -> None:
    roots = roots_of(6, [(0, 1), (2, 3), (3, 4)])
    assert ranked_component(roots, [True] + [False] * 5) == [True, True] + [False] * 4


def test_of_several_with_bots_the_one_with_most_bots_is_ranked() -> None:
    roots = roots_of(7, [(0, 1), (1, 2), (3, 4), (4, 5)])
    bots = [True, False, False, True, True, False, False]
    assert ranked_component(roots, bots) == [False] * 3 + [True] * 3 + [False]


def test_without_bots_the_largest_is_ranked_then_the_first() -> None:
    assert ranked_component(roots_of(5, [(2, 3), (3, 4)]), [False] * 5) == (
        [False, False, True, True, True]
    )
    assert ranked_component(roots_of(4, [(0, 1), (2, 3)]), [False] * 4) == (
        [True, True, False, False]
    )


def test_nobody_is_ranked_on_an_empty_ladder() -> None:
    assert ranked_component([], []) == []
