"""The methods of ReplayService: how long requests may be, and what stays encoded bytes."""

from __future__ import annotations

import grpc.aio

from mazemesh.v1 import replay_pb2 as pb
from services._harness.calls.handlers import add_servicer
from services.replay.limits import (
    SMALL_REQUEST_BYTES,
    TABLE_REQUEST_BYTES,
    UPDATES_REQUEST_BYTES,
)
from services.replay.servicer import ReplayServicer

SERVICE = "mazemesh.v1.ReplayService"

_MOST_BYTES = {
    "CreateTable": TABLE_REQUEST_BYTES,
    "GetExperienceBatch": UPDATES_REQUEST_BYTES,
    "UpdatePriorities": UPDATES_REQUEST_BYTES,
}


def add_replay_servicer(servicer: ReplayServicer, server: grpc.aio.Server) -> None:
    """Serves all methods of ReplayService."""
    add_servicer(
        servicer,
        server,
        pb.DESCRIPTOR.services_by_name["ReplayService"],
        most_bytes=_MOST_BYTES,
        others_bytes=SMALL_REQUEST_BYTES,
        raw_requests=("RecordExperience",),
        raw_responses=("GetExperienceBatch",),
    )
