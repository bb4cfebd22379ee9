"""Asks a service how it is, by the standard health protocol."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


def serving(address: str, deadline: float = 2.0) -> str:
    """One of "serving", "not serving", "unreachable"."""
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=deadline)
        except grpc.RpcError:
            return "unreachable"
    status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return "serving" if status == "SERVING" else "not serving"
