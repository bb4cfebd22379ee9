"""Gates: whether one version is better than another, decided by matches."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import ConfigDict, Field

from mazemesh.errors import NotFound
from mazemesh.v1 import elo_pb2
from mazemesh.v1 import matchmaker_pb2 as pb
from services.gateway.access.visitor import CallsDep, VisitorDep
from services.gateway.context import Gateway, GatewayDep
from services.gateway.rest.asking import (
    TEXT,
    Name,
    PageSize,
    PageToken,
    Prefer,
    RequestBody,
    RequestId,
    told,
    wait_of,
)
from services.gateway.rest.messages import model_of

router = APIRouter(tags=["gates"])

_PLAYER = r"^[!-~]{1,160}$"
_START_DEADLINE = 60.0

GateId = Annotated[str, Path(min_length=1, max_length=96, pattern=r"^[!-~]+$")]


class GateStart(RequestBody):
    """Which version is to be shown better than which."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"candidate": "race:2", "baseline": "race:1", "elo1": 20, "promote": "champion"}
            ]
        },
    )

    candidate: str = Field(pattern=_PLAYER, description='"name:version" or "name:alias"')
    baseline: str = Field(pattern=_PLAYER, description='the same, or "bot/..."')
    elo0: float | None = Field(default=None, ge=-100, le=200, description="where it should fail")
    elo1: float | None = Field(default=None, ge=-100, le=200, description="where it should pass")
    alpha: float | None = Field(default=None, ge=0.001, le=0.25)
    beta: float | None = Field(default=None, ge=0.001, le=0.25)
    max_matches: int | None = Field(default=None, ge=1, le=1_000_000)
    ancestors: list[Annotated[str, Field(pattern=_PLAYER)]] = Field(default=[], max_length=16)
    promote: str = Field(default="", max_length=64, pattern=TEXT, description="alias to move")
    reason: str = Field(default="", max_length=1024, pattern=TEXT)


class Ending(RequestBody):
    """Why something is ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "typo"}]})

    reason: str = Field(default="", max_length=1024, pattern=TEXT)


@router.get("/gates", summary="Gates", response_model=model_of(pb.ListGateRunsResponse))
async def gates(
    calls: CallsDep, name: Name = "", page_size: PageSize = 100, page_token: PageToken = ""
) -> Any:
    """Gates of a policy's candidates or of all, the last started first."""
    request = pb.ListGateRunsRequest(name=name, page_size=page_size, page_token=page_token)
    return told(await calls.ask(calls.rpcs.matchmaker.ListGateRuns, request))


@router.get("/gates/{gate_id}", summary="A gate", response_model=model_of(pb.GateRun))
async def gate(calls: CallsDep, gate_id: GateId) -> Any:
    """One gate: its likelihood ratio between its bounds, and how it ended."""
    request = pb.ListGateRunsRequest(gate_id=gate_id)
    found = (await calls.ask(calls.rpcs.matchmaker.ListGateRuns, request)).runs
    if not found:
        raise NotFound(f"gate_id: there is no gate {gate_id!r}")
    return told(found[0])


@router.get(
    "/gates/{gate_id}/path",
    summary="A gate's path",
    response_model=model_of(elo_pb2.GetGatePathResponse),
)
async def path(calls: CallsDep, gate_id: GateId) -> Any:
    """How its likelihood ratio grew, from its first match on: at most 256 points."""
    request = elo_pb2.GetGatePathRequest(gate_id=gate_id)
    return told(await calls.ask(calls.rpcs.elo.GetGatePath, request))


@router.post("/gates", summary="Start a gate", status_code=201, response_model=model_of(pb.GateRun))
async def start(
    gateway: GatewayDep,
    calls: CallsDep,
    visitor: VisitorDep,
    wanted: GateStart,
    idempotency_key: RequestId = "",
    prefer: Prefer = "",
) -> Any:
    """Has a candidate play; evaluators play until it is told which version is better.

    With `Prefer: wait=30` the answer comes when the gate has ended, or after 30 s.
    """
    request = pb.StartGateRequest(
        request_id=idempotency_key or str(uuid.uuid4()),
        candidate=wanted.candidate,
        baseline=wanted.baseline,
        hypotheses=elo_pb2.GateHypotheses(
            elo0=wanted.elo0,
            elo1=wanted.elo1,
            alpha=wanted.alpha,
            beta=wanted.beta,
            max_matches=wanted.max_matches,
        ),
        ancestors=wanted.ancestors,
        promote=wanted.promote,
        reason=wanted.reason,
        starter=visitor.id,
    )
    run = (await calls.ask(calls.rpcs.matchmaker.StartGate, request, _START_DEADLINE)).run
    seconds = wait_of(prefer, gateway.settings.longest_wait_seconds)
    headers = {"location": f"/gates/{run.gate.gate_id}"}
    if seconds:
        headers["preference-applied"] = f"wait={seconds:g}"
        run = await _ended(gateway, calls, run, seconds)
    return told(run, 201, headers)


@router.post(
    "/gates/{gate_id}/cancel", summary="Cancel a gate", response_model=model_of(pb.GateRun)
)
async def cancel(calls: CallsDep, gate_id: GateId, ending: Ending) -> Any:
    """Ends a gate without a verdict; one that has ended is returned as it is."""
    request = pb.CancelGateRequest(gate_id=gate_id, reason=ending.reason)
    return told((await calls.ask(calls.rpcs.matchmaker.CancelGate, request)).run)


async def _ended(gateway: Gateway, calls: CallsDep, run: pb.GateRun, seconds: float) -> pb.GateRun:
    request = pb.WatchGateRunRequest(gate_id=run.gate.gate_id)
    try:
        async with gateway.waiting.at_most(seconds):
            async for answer in calls.rpcs.follow(
                calls.rpcs.matchmaker.WatchGateRun, request, calls.visitor.key
            ):
                run = answer.run
    except TimeoutError:
        pass  # as it stands
    return run
