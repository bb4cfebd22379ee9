"""Waiting for a mesh that starts."""

from __future__ import annotations

import time
from dataclasses import fields

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from mazemesh.client.addresses import Addresses, split_addresses
from mazemesh.client.channel import open_channel
from mazemesh.client.credentials import Credentials
from mazemesh.client.gateway.web import Web
from mazemesh.errors import DeadlineExceeded, Unavailable

_LOOK_SECONDS = 0.2


def wait_for(
    addresses: Addresses, credentials: Credentials | None, gateway: str, timeout: float
) -> None:
    """Returns when every service at the addresses serves, and the gateway at a URL; "": none.

    Raises:
        DeadlineExceeded: one does not by then; names it.
    """
    deadline = time.monotonic() + timeout
    for service in (field.name for field in fields(addresses)):
        for address in split_addresses(getattr(addresses, service)):
            while not _serves(address, credentials, deadline):
                _pause(deadline, f"{service} at {address}", timeout)
    if gateway:
        web = Web(gateway, credentials)
        while not _answers(web):
            _pause(deadline, f"the gateway at {gateway}", timeout)


def _serves(address: str, credentials: Credentials | None, deadline: float) -> bool:
    left = max(deadline - time.monotonic(), 0.01)
    with open_channel(address, credentials=credentials) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest()
        try:
            answer = stub.Check(request, timeout=left, wait_for_ready=True)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _answers(web: Web) -> bool:
    try:
        web.get("/healthz")
    except Unavailable:
        return False
    return True


def _pause(deadline: float, what: str, timeout: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded(
            f"{what} does not answer within {timeout:g} s; `mazemesh up` starts a mesh, and "
            "`mazemesh status` tells what of it runs"
        )
    time.sleep(min(_LOOK_SECONDS, left))
