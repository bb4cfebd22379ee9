"""The empirical game of some players of a ladder <-> messages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from mazemesh.v1 import elo_pb2
from services._harness.pacing import paced
from services.elo.games.alpha_rank import ALPHA
from services.elo.games.empirical import EmpiricalGame
from services.elo.games.payoffs import Payoffs
from services.elo.models.fitting import davidson
from services.elo.models.fitting.posterior import SCALE
from services.elo.standings.board import Board
from services.elo.wire.validation import wrong

_LEAST_ALPHA, _MOST_ALPHA = 0.001, 1_000_000.0


def alpha_of(request: elo_pb2.GetEmpiricalGameRequest) -> float:
    """Ranking intensity that is asked for."""
    alpha = request.alpha or ALPHA
    if not (math.isfinite(alpha) and _LEAST_ALPHA <= alpha <= _MOST_ALPHA):
        raise wrong("alpha", alpha, f"must be in {_LEAST_ALPHA}..{_MOST_ALPHA}; 0 takes {ALPHA}")
    return alpha


async def payoffs_of(board: Board, players: Sequence[int]) -> Payoffs:
    """What is known between players, by what their ratings expect; others have their turn."""
    count = len(players)
    scores, games = np.zeros((2, count, count))
    ratings = board.standings.ratings[list(players)]
    difference = (ratings[:, None] - ratings[None, :]) / SCALE
    expected = davidson.outcomes(difference, board.standings.log_nu).score
    async for row, column in paced(combinations(range(count), 2)):
        met = board.ladder.pairs.between(players[row], players[column])
        if met is not None:
            games[row, column] = games[column, row] = met.games
            scores[row, column], scores[column, row] = met.score, met.games - met.score
    return Payoffs(scores, games, expected)


def answer(names: Sequence[str], game: EmpiricalGame) -> elo_pb2.GetEmpiricalGameResponse:
    """The game as it is told."""
    return elo_pb2.GetEmpiricalGameResponse(
        players=names,
        scores=game.mean.ravel(),
        deviations=game.deviation.ravel(),
        residuals=game.residuals.ravel(),
        nash_shares=game.nash_shares,
        nash_scores=game.nash_scores,
        alpha_ranks=game.alpha_ranks,
        alpha_ranks_low=game.low,
        alpha_ranks_high=game.high,
        cycles=[
            elo_pb2.PlayerCycle(
                players=[names[player] for player in cycle.players], chance=cycle.chance
            )
            for cycle in game.cycles
        ],
        telling_pairs=[
            elo_pb2.TellingPair(
                player=names[one.player], opponent=names[one.opponent], weight=one.weight
            )
            for one in game.telling
        ],
    )
