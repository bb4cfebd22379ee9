"""What Model tells of policies."""

from __future__ import annotations

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.specs import settings_from_proto
from services.matchmaker.peers import News, Published


def published(message: pb.PolicyVersion) -> Published:
    """A version; without a game unless it is a ready snapshot that says what it plays."""
    version = Published(message.name, message.version)
    ready = message.snapshot and message.state == pb.POLICY_STATE_READY
    if not ready or not message.collection.game:
        return version
    try:
        settings = settings_from_proto(message.collection.settings)
    except InvalidArgument:
        return version
    return Published(message.name, message.version, message.collection.game, settings)


def news(message: pb.WatchPoliciesResponse) -> News:
    """A message of WatchPolicies."""
    kind = message.WhichOneof("event")
    return News(
        published(message.policy) if kind == "policy" else None, heartbeat=kind == "heartbeat"
    )
