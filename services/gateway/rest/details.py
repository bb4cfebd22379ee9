"""What is known of a version beside what lists tell: its checks, who holds it, why it is kept."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from mazemesh.v1 import registry_pb2 as pb
from services.gateway.access.visitor import CallsDep
from services.gateway.rest.asking import told
from services.gateway.rest.messages import model_of
from services.gateway.rest.policies import PolicyName, Version

router = APIRouter(tags=["policies"])


@router.get(
    "/policies/{name}/versions/{version}/details",
    summary="Its validation",
    response_model=model_of(pb.GetPolicyDetailsResponse),
)
async def details(calls: CallsDep, name: PolicyName, version: Version) -> Any:
    """Each check of its file with the figure and the limit, and why the version is kept."""
    request = pb.GetPolicyDetailsRequest(policy=f"{name}:{version}")
    return told(await calls.ask(calls.rpcs.model.GetPolicyDetails, request))
