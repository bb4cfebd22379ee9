"""Curves and matrices as messages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mazemesh.v1 import elo_pb2
from services.elo.history.curves import Waypoint, thinned
from services.elo.models.arrays import Floats
from services.elo.standings.meetings import Meetings
from services.elo.wire.answers import timestamp


def curve(name: str, player: int, waypoints: Sequence[Waypoint], most: int) -> elo_pb2.RatingCurve:
    """A player's ratings, at most so many points; `waypoints` are those that are asked for."""
    seen = [one for one in waypoints if player < len(one.ranks)]
    points = [_point(player, seen[place]) for place in thinned(len(seen), most)]
    return elo_pb2.RatingCurve(player=name, points=points)


def matrix(
    names: Sequence[str], met: Meetings, expected: Floats, superior: Floats | None
) -> elo_pb2.GetHeadToHeadMatrixResponse:
    """How players did against each other."""
    matches, games, wins, draws = (np.rint(counts).astype(np.int64).ravel() for counts in met[:4])
    return elo_pb2.GetHeadToHeadMatrixResponse(
        players=names,
        matches=matches,
        games=games,
        wins=wins,
        draws=draws,
        scores=met.scores.ravel(),
        expected_scores=expected.ravel(),
        superiorities=() if superior is None else superior.ravel(),
    )


def _point(player: int, one: Waypoint) -> elo_pb2.CurvePoint:
    rating, low, high = one.columns[:, player].tolist()
    return elo_pb2.CurvePoint(
        time=timestamp(one.time),
        ladder_matches=one.ladder_matches,
        matches=one.matches[player],
        rating=rating,
        low=low,
        high=high,
        rank=one.ranks[player],
    )
