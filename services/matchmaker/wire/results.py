"""Results and recordings of matches -> what the audit compares."""

from __future__ import annotations

from mazemesh.v1 import elo_pb2, game_pb2
from services.matchmaker.workers.events import Reported


def told(result: elo_pb2.MatchResult) -> Reported:
    """What Elo was told."""
    scores = [game.scores[0] for game in result.games]
    return Reported(
        tuple(result.participants),
        sum(scores) / len(scores),
        max((max(game.steps, default=0) for game in result.games), default=0),
        {
            game.game_id: _ahead(game.scores[0], max(game.scores[1:]))
            for game in result.games
            if game.game_id
        },
    )


def outcome_of(info: game_pb2.ReplayInfo, first: str) -> int | None:
    """Who was ahead in a recorded game, as in `Reported.outcomes`; None where seats do not tell.

    They do where two play, each on its own seats, `first` among them.
    """
    others = {name for name in info.participants if name != first}
    names = [first, *others]
    if len(names) != 2 or {first, *others} != set(info.participants):
        return None
    if len(info.outcome.scores) != len(info.participants):
        return None
    best = {
        name: max(
            score
            for who, score in zip(info.participants, info.outcome.scores, strict=True)
            if who == name
        )
        for name in names
    }
    return _ahead(best[names[0]], best[names[1]])


def _ahead(first: float, other: float) -> int:
    return (first > other) - (first < other)
