from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from services.elo.models.bradley_terry import fit
from services.elo.models.fitting.spread import Covariance, Samples
from services.elo.standings.meetings import Tally, expected_scores, superiorities
from services.elo.standings.standings import Standings, standings
from tests.unit.elo.played import TRUTH, folded, match, simulated

LADDER = folded(
    [
        *simulated(np.random.default_rng(2), TRUTH, 200),
        match("t", ("race:3", "race:1", "race:2"), (1.0, 0.5, 0.0)),
    ]
)


def fitted() -> Standings:
    problem = LADDER.problem()
    return standings(fit(problem), problem, LADDER.players.names, 201, 201)


@pytest.mark.parametrize("pieces", [1, 4])
def test_a_matrix_has_what_pairs_say(pieces: int) -> None:
    players = [3, 0, 2]
    tally = Tally(players, len(LADDER.players))
    for rows in np.array_split(LADDER.pairs.rows, pieces):
        tally.add(rows)
    met = tally.meetings()
    for row, column in permutations(range(3), 2):
        pair = LADDER.pairs.between(players[row], players[column])
        assert pair is not None
        assert [matrix[row, column] for matrix in met] == pytest.approx(
            [pair.matches, pair.games, pair.wins, pair.draws, pair.score]
        )
    assert not met.games.diagonal().any()


def test_rows_of_players_that_came_later_are_passed_over() -> None:
    tally = Tally([0, 1], 2)
    tally.add(LADDER.pairs.rows)
    pair = LADDER.pairs.between(0, 1)
    assert pair is not None
    assert tally.meetings().games.tolist() == [[0, pair.games], [pair.games, 0]]


def test_expected_scores_are_those_of_the_ratings() -> None:
    told, players = fitted(), [4, 1]
    games = np.array([[0.0, 6.0], [6.0, 0.0]])
    expected = expected_scores(told, players, games)
    assert expected[0, 1] == pytest.approx(6 * told.expected_score(4, 1))
    assert expected.sum() == pytest.approx(6.0)


def test_likelihood_of_superiority_is_that_of_draws_from_the_posterior() -> None:
    told, players = fitted(), list(range(5))
    assert isinstance(told.spread, Covariance)
    likely = superiorities(told, players)
    assert likely is not None
    rng = np.random.default_rng(1)
    draws = rng.multivariate_normal(told.ratings, told.spread.matrix, 40_000)
    drawn = (draws[:, :, None] > draws[:, None, :]).mean(axis=0)
    np.fill_diagonal(drawn, 0.5)
    np.testing.assert_allclose(likely, drawn, atol=0.01)
    # Draws alone tell about the same.
    some = Samples(told.spread.variances, (draws - told.ratings)[:2000].T)
    apart, of_some = told.spread.deviations, some.compact().deviations
    ones, others = np.array([0, 1, 2]), np.array([3, 4, 0])
    np.testing.assert_allclose(of_some(ones, others), apart(ones, others), rtol=0.1)


def test_what_is_not_connected_is_not_compared() -> None:
    told = fitted()
    ranks = told.ranks.copy()
    ranks[1] = 0
    apart = replace(told, ranks=ranks)
    likely = superiorities(apart, [0, 1, 2])
    assert likely is not None
    assert likely[0, 1] == likely[1, 2] == 0.5
    assert likely[0, 2] != 0.5
