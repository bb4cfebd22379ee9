"""Registers the servicer as the generated code does, but what is large stays encoded bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from mazemesh.v1 import replay_pb2 as pb
from services.replay.limits import (
    SMALL_REQUEST_BYTES,
    TABLE_REQUEST_BYTES,
    UPDATES_REQUEST_BYTES,
)
from services.replay.servicer import ReplayServicer

MessageT = TypeVar("MessageT", bound=Message)

_LARGEST: dict[Any, int] = {
    pb.CreateTableRequest: TABLE_REQUEST_BYTES,
    pb.GetExperienceBatchRequest: UPDATES_REQUEST_BYTES,
    pb.UpdatePrioritiesRequest: UPDATES_REQUEST_BYTES,
}

SERVICE = "mazemesh.v1.ReplayService"


def add_replay_servicer(servicer: ReplayServicer, server: grpc.aio.Server) -> None:
    """Serves all methods of ReplayService."""

    def handler(method: Any, request: Any, response: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            method,
            request_deserializer=request and bounded(request),
            response_serializer=response and response.SerializeToString,
        )

    methods = {
        "CreateTable": handler(servicer.CreateTable, pb.CreateTableRequest, pb.CreateTableResponse),
        "ListTables": handler(servicer.ListTables, pb.ListTablesRequest, pb.ListTablesResponse),
        "DeleteTable": handler(servicer.DeleteTable, pb.DeleteTableRequest, pb.DeleteTableResponse),
        "UpdateRateLimiter": handler(
            servicer.UpdateRateLimiter, pb.UpdateRateLimiterRequest, pb.UpdateRateLimiterResponse
        ),
        "RecordExperience": handler(servicer.RecordExperience, None, pb.RecordExperienceResponse),
        "GetExperienceBatch": handler(
            servicer.GetExperienceBatch, pb.GetExperienceBatchRequest, None
        ),
        "UpdatePriorities": handler(
            servicer.UpdatePriorities, pb.UpdatePrioritiesRequest, pb.UpdatePrioritiesResponse
        ),
        "Checkpoint": handler(servicer.Checkpoint, pb.CheckpointRequest, pb.CheckpointResponse),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))


def bounded(kind: type[MessageT]) -> Callable[[bytes], MessageT]:
    """Decodes messages of a kind, unless they are larger than any that means something.

    Millions of small fields would take seconds to decode, before anybody can look at them. What
    these raise is answered with INVALID_ARGUMENT.
    """
    most = _LARGEST.get(kind, SMALL_REQUEST_BYTES)

    def decode(data: bytes) -> MessageT:
        if len(data) > most:
            raise DecodeError(
                f"{kind.DESCRIPTOR.name} has {len(data)} bytes; expected at most {most}"
            )
        return kind.FromString(data)

    return decode
