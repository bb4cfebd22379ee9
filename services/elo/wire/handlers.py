"""Registers the Elo service; results that come, and pages of leaderboards, stay bytes."""

from __future__ import annotations

import grpc.aio

from mazemesh.v1 import elo_pb2
from services._harness.calls.handlers import add_servicer
from services.elo.servicer import EloServicer

_SERVICE = elo_pb2.DESCRIPTOR.services_by_name["EloService"]
SERVICE: str = _SERVICE.full_name

_MOST_BYTES = 64 * 1024
"""Of all other requests: 64 players' names are the longest."""

_IDS_BYTES = 192 * 1024
"""Of a request that has 1,000 ids of matches."""


def add_elo_servicer(servicer: EloServicer, server: grpc.aio.Server) -> None:
    """Serves it."""
    add_servicer(
        servicer,
        server,
        _SERVICE,
        most_bytes={"RetractResults": _IDS_BYTES},
        others_bytes=_MOST_BYTES,
        raw_requests=("RecordResults", "ImportResults"),
        raw_responses=("GetLeaderboard", "WatchLeaderboard", "ListResults"),
    )
