"""Whether the gateway serves: for load balancers, which need no key."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.gateway.context import GatewayDep

router = APIRouter(tags=["system"])


class Health(BaseModel):
    """Whether the gateway takes work."""

    serving: bool = Field(description="false while it stops", examples=[True])


@router.get("/healthz", summary="Whether the gateway serves")
async def healthz(gateway: GatewayDep, response: Response) -> Health:
    """200 while it serves, 503 while it starts or stops."""
    if not gateway.server.serving:
        response.status_code = 503
    return Health(serving=gateway.server.serving)
