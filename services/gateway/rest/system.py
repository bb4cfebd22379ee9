"""What runs and what waits: services, Replay's tables, learners, workers, and this gateway."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import grpc
from fastapi import APIRouter
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pydantic import BaseModel, Field

from mazemesh.client.addresses import split_addresses
from mazemesh.errors import MazemeshError
from mazemesh.v1 import game_pb2, matchmaker_pb2, replay_pb2
from services.gateway.access.visitor import Calls, CallsDep
from services.gateway.context import GatewayDep
from services.gateway.rest.curves import looked
from services.gateway.rest.messages import all_as_json

router = APIRouter(prefix="/system", tags=["system"])

_SERVICES: Final = ("game", "matchmaker", "model", "elo", "replay")
_HEALTH_SECONDS: Final = 2.0
_RUNNING_SECONDS: Final = 30.0
_STATES: Final = {
    health_pb2.HealthCheckResponse.SERVING: "serving",
    health_pb2.HealthCheckResponse.NOT_SERVING: "not serving",
}


class ServiceState(BaseModel):
    """A service, as its health tells."""

    name: str = Field(examples=["replay"])
    address: str
    state: str = Field(description="serving, not serving, or away", examples=["serving"])


class LearnerState(BaseModel):
    """A learner that writes its journal."""

    run: str = Field(description="its id")
    policy: str
    algorithm: str
    steps: float = Field(description="agent steps")
    steps_per_second: float | None = Field(description="agent steps over the last lines")
    policy_lag: float | None = Field(
        description="versions between the policy that acted and the one that learns"
    )
    version: float | None = Field(description="newest that it published")


class System(BaseModel):
    """The mesh at one moment. What a service that is away would tell is left out."""

    time: datetime
    services: list[ServiceState]
    tables: list[dict[str, Any]] = Field(
        description="TableInfo of the contract, of each shard: fill, limiter, what waits"
    )
    learners: list[LearnerState]
    workers: list[dict[str, Any]] = Field(description="WorkerStatus of the contract")
    games: int | None = Field(description="that run now; null where Game is away")
    sockets: int = Field(description="browsers that listen to live news")
    feeds: int = Field(description="topics that are watched for them")


@router.get("", summary="The mesh at one moment")
async def system(gateway: GatewayDep, calls: CallsDep) -> System:
    """Health of the services, fill and limiter of tables, lag and pace of learners, workers."""
    journals = await looked(gateway.journals)
    now = datetime.now(UTC)
    services, tables, workers, games = await asyncio.gather(
        asyncio.gather(*(_service(calls, name, gateway.settings) for name in _SERVICES)),
        _tables(calls),
        _workers(calls),
        _games(calls),
    )
    running = [
        LearnerState(
            run=one.run.id,
            policy=one.run.policy,
            algorithm=one.run.algorithm,
            steps=one.steps,
            steps_per_second=one.figures.get("agent_steps_per_second"),
            policy_lag=one.figures.get("lag_versions"),
            version=one.figures.get("version"),
        )
        for one in journals.summaries()
        if now.timestamp() - (one.last_time or 0.0) < _RUNNING_SECONDS
    ]
    return System(
        time=now,
        services=list(services),
        tables=tables,
        learners=running,
        workers=workers,
        games=games,
        sockets=gateway.sockets.open,
        feeds=gateway.hub.feeds,
    )


async def _service(calls: Calls, name: str, settings: Any) -> ServiceState:
    address = getattr(settings, f"{name}_address")
    stub: Any = health_pb2_grpc.HealthStub(calls.rpcs.channel(name))
    try:
        told = await stub.Check(health_pb2.HealthCheckRequest(), timeout=_HEALTH_SECONDS)
        state = _STATES.get(told.status, "not serving")
    except grpc.RpcError:
        state = "away"
    return ServiceState(name=name, address=",".join(split_addresses(address)), state=state)


async def _tables(calls: Calls) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for shard, stub in enumerate(calls.rpcs.replays):
        try:
            told = await calls.ask(stub.ListTables, replay_pb2.ListTablesRequest())
        except MazemeshError:
            continue
        found += [{**one, "shard": shard} for one in all_as_json(told.tables)]
    return found


async def _workers(calls: Calls) -> list[dict[str, Any]]:
    try:
        request = matchmaker_pb2.ListWorkersRequest(page_size=1000)
        return all_as_json((await calls.ask(calls.rpcs.matchmaker.ListWorkers, request)).workers)
    except MazemeshError:
        return []  # it is away, or workers are not this key's to see


async def _games(calls: Calls) -> int | None:
    found = 0
    for stub in calls.rpcs.games:
        try:
            told = await calls.ask(stub.ListActiveGames, game_pb2.ListActiveGamesRequest())
        except MazemeshError:
            return None
        found += sum(one.num_games for one in told.games)
    return found
