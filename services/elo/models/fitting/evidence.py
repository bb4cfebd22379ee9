"""How much the games of a match count, given that they are played on one maze.

The rotations of a seed resemble each other, so g games of a match are worth fewer than g
independent ones: g / (1 + (g - 1) rho), with rho the correlation of two games of a match (the
design effect of cluster samples; Kish 1965, Survey Sampling, section 5.4). rho is estimated from
the log itself, so intervals are neither as narrow as if every game were independent nor as wide as
if only matches counted.
"""

from __future__ import annotations

import numpy as np

from services.elo.models.arrays import Floats
from services.elo.models.counting.cells import Cells
from services.elo.models.counting.pairs import PairTable
from services.elo.models.fitting.davidson import Outcomes

LEAST_CORRELATION = -0.5
"""Floor of rho. Games that offset each other may count for more than one, at most for two."""

PRIOR_MATCHES = 5.0
"""Before there is evidence, a match counts as one game (rho = 1) with the weight of this many."""


def game_weights(table: PairTable, correlation: float) -> Floats:
    """Weight of each game of a row [rows].

    A match of several players or teams makes more comparisons than it has evidence: they share it.
    """
    effect = np.maximum(1.0 + (table.games - 1.0) * correlation, 0.5)
    weights: Floats = 1.0 / (effect * table.shares)
    return weights


def repeats(table: PairTable) -> bool:
    """Whether any match has several games of two players: else there is nothing to correlate."""
    return bool((table.games > 1.0).any())


def correlation(table: PairTable, cells: Cells, expected: Outcomes, players: int) -> float:
    """Correlation of the scores of two games of a match, around what the ratings expect.

    The moment estimator: the sum over matches of the products of two games' residuals, over the
    sum of their variances. Ratings that were fitted to the same games make residuals too small, by
    the worth of about one match a player; so the prior grows with the players. Of the matches of a
    row it is taken that places were shared alike in each.

    Args:
        table: The results.
        cells: Those of the table.
        expected: Of a game of each cell.
        players: Of the ladder.
    """
    mean, rows = expected.score, len(table.matches)
    matches, games, scores = table.matches, table.games, table.scores
    of_match = cells.by_row(cells.games * mean, rows) / matches
    of_matches = table.match_squares - 2.0 * of_match * scores + of_match**2 * matches
    apart = cells.by_row(mean * (cells.games * mean - 2.0 * cells.scores), rows)
    of_games = table.game_squares + apart
    weight = 1.0 / table.shares
    products = float(np.sum(weight * (of_matches - of_games)))
    of_cells = cells.by_row(cells.games * expected.variance, rows)
    variances = float(np.sum(weight * (games - 1.0) * of_cells))
    repeated = float(np.sum(weight * matches * (games > 1.0)))
    if variances <= 0.0:
        return 1.0
    prior = (PRIOR_MATCHES + players - 1.0) * variances / repeated
    estimate = (products + prior) / (variances + prior)
    return min(max(estimate, LEAST_CORRELATION), 1.0)
