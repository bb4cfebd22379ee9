"""Whom a version does worst against, and how a league is named."""

from __future__ import annotations

import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.optimization.problems.league import parse_league, worst_scores
from mazemesh.v1.elo_pb2 import HeadToHead


def test_names() -> None:
    assert parse_league("league:race") == ("race", ("race",))
    assert parse_league("league:mine?ladders=race,race-8") == ("mine", ("race", "race-8"))
    for name in ("league:", "league:race?size=3", "league:race?ladders="):
        with pytest.raises(InvalidArgument, match="should be league:POLICY"):
            parse_league(name)


def test_the_worst_opponent_counts_from_either_side_and_after_some_games() -> None:
    pairs = [
        HeadToHead(player="a", opponent="b", games=10, score=7),
        HeadToHead(player="c", opponent="a", games=10, score=5.5),
        HeadToHead(player="a", opponent="d", games=2, score=0),
    ]
    assert worst_scores(pairs, ["a", "b"]) == pytest.approx({"a": 0.45, "b": 0.3})
