"""What a feed of pictures does when what it asks cannot be asked."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from mazemesh.errors import MazemeshError, PermissionDenied, Unavailable
from mazemesh.notebook.feeds import watched_standings
from mazemesh.v1 import elo_pb2


def mesh(told: int, error: MazemeshError) -> Any:
    """One whose leaderboard is told so often, and then fails."""

    def watch(ladder: str, _top: int) -> Iterator[elo_pb2.GetLeaderboardResponse]:
        for _ in range(told):
            yield elo_pb2.GetLeaderboardResponse(ladder=ladder)
        raise error

    return SimpleNamespace(elo=SimpleNamespace(watch_leaderboard=watch))


@pytest.mark.parametrize("error", [PermissionDenied("a player may not"), Unavailable("away")])
def test_a_leaderboard_that_cannot_be_watched_says_why(error: MazemeshError) -> None:
    with pytest.raises(type(error)):
        list(watched_standings(mesh(0, error), "race", 5))


def test_a_service_that_stops_ends_it() -> None:
    assert len(list(watched_standings(mesh(2, Unavailable("stops")), "race", 5))) == 2
