"""Registers the servicer as the generated code does, but what is large stays encoded bytes."""

from __future__ import annotations

from typing import Any

import grpc
import grpc.aio

from mazemesh.v1 import replay_pb2 as pb
from services.replay.servicer import ReplayServicer

SERVICE = "mazemesh.v1.ReplayService"


def add_replay_servicer(servicer: ReplayServicer, server: grpc.aio.Server) -> None:
    """Serves all methods of ReplayService."""

    def handler(method: Any, request: Any, response: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            method,
            request_deserializer=request and request.FromString,
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
