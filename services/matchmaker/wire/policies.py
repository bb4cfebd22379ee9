"""What Model tells of policies."""

from __future__ import annotations

from dataclasses import replace

from mazemesh.errors import InvalidArgument
from mazemesh.names import LATEST
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.specs import settings_from_proto
from services.matchmaker.peers import News, Published, Resolved


def published(message: pb.PolicyVersion) -> Published:
    """A version; without a game unless it is a ready snapshot that says what it plays."""
    version = Published(message.name, message.version)
    ready = message.snapshot and message.state == pb.POLICY_STATE_READY
    # Of a game that a simulator plays nobody here can play a match.
    is_external = message.collection.HasField("external")
    if not ready or is_external or not message.collection.game:
        return version
    try:
        settings = settings_from_proto(message.collection.settings)
    except InvalidArgument:
        return version
    return Published(
        message.name,
        message.version,
        message.collection.game,
        settings,
        exploits=bool(message.collection.exploits) or message.collection.exploits_pool,
    )


def resolved(message: pb.PolicyVersion) -> Resolved:
    """A version that was asked for; without a game unless it says what it plays.

    Raises:
        InvalidArgument: its game has settings that this version does not know.
    """
    kept = message.snapshot or any(alias != LATEST for alias in message.aliases)
    ready = message.state == pb.POLICY_STATE_READY
    version = Resolved(message.name, message.version, ready, kept)
    if not message.collection.game:
        return version
    settings = settings_from_proto(message.collection.settings)
    return replace(version, game=message.collection.game, settings=settings)


def news(message: pb.WatchPoliciesResponse) -> News:
    """A message of WatchPolicies."""
    kind = message.WhichOneof("event")
    return News(
        published(message.policy) if kind == "policy" else None, heartbeat=kind == "heartbeat"
    )
