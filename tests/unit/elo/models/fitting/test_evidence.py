import numpy as np
import pytest

from services.elo.models.counting.cells import Cells
from services.elo.models.counting.pairs import Pairs, PairTable
from services.elo.models.fitting.davidson import outcomes
from services.elo.models.fitting.evidence import LEAST_CORRELATION, correlation, game_weights
from tests.unit.elo.played import add_match, match


def even_pair(scores: list[tuple[float, ...]]) -> PairTable:
    pairs = Pairs()
    for number, games in enumerate(scores):
        add_match(pairs, (0, 1), match(f"m{number}", ("a:1", "b:1"), *games).games)
    return pairs.table()


def measured(scores: list[tuple[float, ...]]) -> float:
    table = even_pair(scores)
    cells = Cells.of(table)
    return correlation(table, cells, outcomes(np.zeros(len(cells.rows)), -30.0), players=2)


def test_games_that_repeat_each_other_are_worth_one() -> None:
    rho = measured([(1.0, 1.0), (0.0, 0.0)] * 200)
    assert rho == 1.0
    np.testing.assert_allclose(game_weights(even_pair([(1.0, 1.0)]), rho), [0.5])


def test_independent_games_are_worth_as_many_as_they_are() -> None:
    rho = measured([(1.0, 1.0), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0)] * 200)
    assert rho == pytest.approx(0.0, abs=0.01)
    np.testing.assert_allclose(game_weights(even_pair([(1.0,) * 4]), 0.0), [1.0])


def test_games_that_offset_each_other_are_worth_at_most_twice_as_many() -> None:
    rho = measured([(1.0, 0.0), (0.0, 1.0)] * 200)
    assert rho == LEAST_CORRELATION
    np.testing.assert_allclose(game_weights(even_pair([(1.0, 0.0)]), rho), [2.0])
    np.testing.assert_allclose(game_weights(even_pair([(1.0, 0.0, 1.0, 0.0)]), rho), [2.0])


def test_without_repeated_games_a_match_counts_once() -> None:
    assert measured([(1.0,), (0.0,)]) == 1.0
    np.testing.assert_allclose(game_weights(even_pair([(1.0, 0.5, 0.0)]), 1.0), [1.0 / 3.0])


def test_little_evidence_leaves_the_match_as_the_unit() -> None:
    assert measured([(1.0, 0.0), (1.0, 1.0)]) > 0.7


def test_all_comparisons_of_a_player_in_one_match_count_as_one() -> None:
    pairs = Pairs()
    add_match(pairs, (0, 1, 2), match("m", ("a:1", "b:1", "c:1"), (1.0, 0.5, 0.0)).games)
    np.testing.assert_allclose(game_weights(pairs.table(), 1.0), [0.5] * 3)
