"""What runs, how it is, and how full it is."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal, get_args

import grpc
from fastapi import APIRouter
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from pydantic import BaseModel, Field

import mazemesh
from mazemesh.client.addresses import split_addresses
from mazemesh.errors import MazemeshError
from mazemesh.v1 import matchmaker_pb2 as pb
from services.gateway.access.visitor import CallsDep
from services.gateway.context import Gateway, GatewayDep
from services.gateway.live.watches import tables as replay_tables
from services.gateway.rest.asking import PageSize, PageToken, told
from services.gateway.rest.messages import model_of

router = APIRouter(tags=["system"])

_HEALTH_SECONDS: Final = 2.0


Service = Literal["game", "matchmaker", "model", "elo", "replay"]
State = Literal["serving", "not serving", "away"]

_SERVICES: Final[tuple[Service, ...]] = get_args(Service)


class ServiceState(BaseModel):
    """One service, of several instances each."""

    service: Service
    address: str
    state: State


class System(BaseModel):
    """The mesh at one moment."""

    version: str = Field(description="of the gateway")
    services: list[ServiceState]
    sockets: int = Field(description="WebSockets that are open")
    feeds: int = Field(description="topics that are watched for somebody")
    tables: list[dict[str, Any]] | None = Field(
        description="Replay's tables: fill, limiter, who waits; null while Replay is away"
    )


@router.get("/system", summary="What runs")
async def system(gateway: GatewayDep, calls: CallsDep) -> System:
    """Services and their states, Replay's tables and limiters, and the gateway's own load."""
    states, found = await asyncio.gather(_states(gateway), _tables(calls))
    return System(
        version=mazemesh.__version__,
        services=states,
        sockets=gateway.sockets.open,
        feeds=gateway.hub.feeds,
        tables=found,
    )


@router.get(
    "/system/workers", summary="Evaluators", response_model=model_of(pb.ListWorkersResponse)
)
async def workers(
    calls: CallsDep,
    quarantined: bool = False,
    page_size: PageSize = 100,
    page_token: PageToken = "",
) -> Any:
    """Who plays rating matches, and whom the Matchmaker does not trust."""
    request = pb.ListWorkersRequest(
        quarantined=quarantined, page_size=page_size, page_token=page_token
    )
    return told(await calls.ask(calls.rpcs.matchmaker.ListWorkers, request))


async def _tables(calls: CallsDep) -> list[dict[str, Any]] | None:
    try:
        return await replay_tables(calls.rpcs, calls.visitor.key)
    except MazemeshError:
        return None


async def _states(gateway: Gateway) -> list[ServiceState]:
    asked = [
        (name, address)
        for name in _SERVICES
        for address in split_addresses(getattr(gateway.settings.addresses, name))
    ]
    states = await asyncio.gather(*(_state(gateway, address) for _, address in asked))
    return [
        ServiceState(service=name, address=address, state=state)
        for (name, address), state in zip(asked, states, strict=True)
    ]


async def _state(gateway: Gateway, address: str) -> State:
    stub: Any = HealthStub(gateway.rpcs.at(address))
    try:
        answer = await stub.Check(HealthCheckRequest(), timeout=_HEALTH_SECONDS)
    except grpc.RpcError:
        return "away"
    serving = answer.status == HealthCheckResponse.SERVING
    return "serving" if serving else "not serving"
