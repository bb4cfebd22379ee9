"""Moves of aliases: requests to the registry's nouns, and back."""

from __future__ import annotations

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.errors import InvalidArgument
from mazemesh.names import ALIAS, GATE_ID, POLICY
from mazemesh.v1 import model_pb2 as pb
from services.model.registry.policy import AliasMove, Told
from services.model.wire.texts import text

_MAX_REASON: Final = 1024
_MAX_MOVER: Final = 128


def read_told(request: pb.SetAliasRequest, key_id: str) -> Told:
    """What whoever moves an alias says about it, once the names in the request are right.

    Raises:
        InvalidArgument: a field that is wrong, named with its value.
    """
    POLICY.check("name", request.name)
    ALIAS.check("alias", request.alias)
    if request.previous_alias:
        ALIAS.check("previous_alias", request.previous_alias)
        if request.previous_alias == request.alias:
            raise InvalidArgument(
                f"previous_alias: {request.previous_alias!r} is the alias that moves; expected "
                "another one"
            )
    return Told(
        reason=text("reason", request.reason, _MAX_REASON),
        mover=text("mover", request.mover, _MAX_MOVER),
        key_id=key_id,
        gate_id=GATE_ID.check("gate_id", request.gate_id) if request.gate_id else "",
    )


def move_message(move: AliasMove) -> pb.AliasMove:
    """A move on the wire."""
    time = Timestamp()
    time.FromDatetime(move.time)
    alias, told = move.alias, move.told
    return pb.AliasMove(
        name=alias.name,
        alias=alias.alias,
        from_version=move.from_number,
        version=alias.number,
        revision=alias.revision,
        time=time,
        reason=told.reason,
        mover=told.mover,
        key_id=told.key_id,
        gate_id=told.gate_id,
    )
