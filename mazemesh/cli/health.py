"""Asks a service how it is, by the standard health protocol."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from mazemesh.client.channel import open_channel


def serving(addresses: str, deadline: float = 2.0) -> str:
    """One of "serving", "not serving", "unreachable"; of several addresses that of the worst."""
    states = {_serving(address.strip(), deadline) for address in addresses.split(",")}
    return min(states, key=("unreachable", "not serving", "serving").index)


def _serving(address: str, deadline: float) -> str:
    with open_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=deadline)
        except grpc.RpcError:
            return "unreachable"
    status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return "serving" if status == "SERVING" else "not serving"
