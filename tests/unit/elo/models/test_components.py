from hypothesis import given
from hypothesis import strategies as st

from services.elo.models.components import Components, ranked_component


def components(players: int, pairs: list[tuple[int, int]]) -> Components:
    found = Components()
    for _ in range(players):
        found.add()
    for first, second in pairs:
        found.join(first, second)
    return found


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=15))
def test_connected_is_what_repeated_merging_of_sets_gives(pairs: list[tuple[int, int]]) -> None:
    groups = [{player} for player in range(10)]
    for first, second in pairs:
        merged = next(g for g in groups if first in g) | next(g for g in groups if second in g)
        groups = [group for group in groups if not group & merged] + [merged]
    roots = components(10, pairs).roots()
    for group in groups:
        assert {player for player in range(10) if roots[player] == roots[min(group)]} == group


def test_the_bots_component_is_ranked_though_another_is_larger() -> None:
    roots = components(6, [(0, 1), (2, 3), (3, 4)]).roots()
    assert ranked_component(roots, [True] + [False] * 5) == [True, True] + [False] * 4


def test_of_several_with_bots_the_one_with_most_bots_is_ranked() -> None:
    roots = components(7, [(0, 1), (1, 2), (3, 4), (4, 5)]).roots()
    bots = [True, False, False, True, True, False, False]
    assert ranked_component(roots, bots) == [False] * 3 + [True] * 3 + [False]


def test_without_bots_the_largest_is_ranked_then_the_first() -> None:
    assert ranked_component(components(5, [(2, 3), (3, 4)]).roots(), [False] * 5) == (
        [False, False, True, True, True]
    )
    assert ranked_component(components(4, [(0, 1), (2, 3)]).roots(), [False] * 4) == (
        [True, True, False, False]
    )


def test_nobody_is_ranked_on_an_empty_ladder() -> None:
    assert ranked_component([], []) == []
