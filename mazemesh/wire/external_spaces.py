"""What agents of an external game see and do <-> the wire (`Collection.external`)."""

from __future__ import annotations

from mazemesh.games.spaces import Space
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.spaces import space_from_proto, space_to_proto


def external_to_proto(observation: Space, action: Space) -> pb.ExternalSpaces:
    """The message."""
    return pb.ExternalSpaces(
        observation_space=space_to_proto(observation), action_space=space_to_proto(action)
    )


def external_from_proto(
    message: pb.ExternalSpaces | pb.AgentKind, whose: str
) -> tuple[Space, Space]:
    """Observations and actions.

    Raises:
        InvalidArgument: one is no space; names the field below `whose`.
    """
    return (
        space_from_proto(message.observation_space, f"{whose}.observation_space"),
        space_from_proto(message.action_space, f"{whose}.action_space"),
    )
