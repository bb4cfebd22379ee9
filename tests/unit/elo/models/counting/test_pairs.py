import numpy as np

from services.elo.models.counting.pairs import Meeting, Pairs
from tests.unit.elo.played import add_match, match


def added(*played: tuple[tuple[int, ...], tuple[object, ...]]) -> Pairs:
    pairs = Pairs()
    for participants, scores in played:
        add_match(pairs, participants, match("m", ["x"] * len(participants), *scores).games)  # type: ignore[arg-type]
    return pairs


def test_a_pair_is_one_row_whoever_comes_first() -> None:
    table = added(((0, 1), (1.0, 0.5)), ((1, 0), (1.0, 1.0))).table()
    assert (table.first.tolist(), table.second.tolist()) == ([0], [1])
    assert (table.matches.tolist(), table.games.tolist()) == ([2], [2])
    assert (table.wins.tolist(), table.draws.tolist()) == ([1], [1])
    assert table.scores.tolist() == [1.5]
    assert table.match_squares.tolist() == [1.5**2]
    assert table.game_squares.tolist() == [1.25]


def test_matches_of_another_length_are_another_row() -> None:
    table = added(((0, 1), (1.0,)), ((0, 1), (1.0, 0.0))).table()
    assert table.games.tolist() == [1, 2]


def test_three_players_are_three_pairs_by_order_alone() -> None:
    table = added(((2, 0, 1), ((0.9, 0.1, 0.1),))).table()
    rows = sorted(zip(table.first, table.second, table.scores, table.shares, strict=True))
    assert rows == [(0, 1, 0.5, 2), (0, 2, 0.0, 2), (1, 2, 0.0, 2)]


def test_a_score_between_is_part_win_part_draw() -> None:
    table = added(((0, 1), (0.75, 0.25, 0.5))).table()
    assert table.win_mass.tolist() == [0.5]
    assert table.draw_mass.tolist() == [2.0]
    assert table.total_games.tolist() == [3.0]
    assert table.scores.tolist() == [1.5]


def test_between_finds_one_pair_from_either_side() -> None:
    pairs = added(((0, 1), (1.0,)), ((1, 2), (0.5,)), ((1, 0), (0.0, 0.0)))
    assert pairs.between(0, 1) == Meeting(matches=2, games=3, wins=3, draws=0, score=3.0)
    assert pairs.between(1, 0) == Meeting(matches=2, games=3, wins=0, draws=0, score=0.0)
    assert pairs.between(0, 2) is None


def test_a_table_is_a_copy() -> None:
    pairs = added(((0, 1), (1.0,)))
    table = pairs.table()
    add_match(pairs, (0, 1), match("m", ["a", "b"], 0.0).games)
    np.testing.assert_array_equal(table.matches, [1])
    assert Pairs().table().first.shape == (0,)
