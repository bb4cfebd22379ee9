"""The methods of GameService: how long their requests may be, and which answer encoded bytes."""

from __future__ import annotations

import grpc.aio

from mazemesh.v1 import game_pb2 as pb
from services._harness.calls.handlers import add_servicer
from services.game.servicer import GameServicer

SERVICE = "mazemesh.v1.GameService"

MAX_BYTES = {
    "ListGames": 4 << 10,
    "CreateGames": 8 << 20,
    "ListVacantSeats": 4 << 10,
    "ReplacePlayer": 4 << 10,
    "PlayGame": 4 << 10,
    "RunGames": 4 << 20,
    "WatchGame": 4 << 10,
    "ListActiveGames": 4 << 10,
    "GetReplay": 4 << 10,
    "ListReplays": 16 << 10,
    "WatchReplay": 4 << 10,
}
"""Bytes of one request, more than the longest one that can be right."""

_OTHERS_BYTES = 64 << 10


def add_game_servicer(servicer: GameServicer, server: grpc.aio.Server) -> None:
    """Serves all methods of GameService."""
    add_servicer(
        servicer,
        server,
        pb.DESCRIPTOR.services_by_name["GameService"],
        most_bytes=MAX_BYTES,
        others_bytes=_OTHERS_BYTES,
        raw_responses=("RunGames",),
    )
