"""The audit log of this machine's services: who did what, from where, and what came of it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services._harness.access.audit import reading
from services._harness.access.audit.log import FOLDER
from services.gateway.context import GatewayDep
from services.gateway.rest.asking import TEXT

router = APIRouter(tags=["audit"])


class Lines(BaseModel):
    """Lines of all services' logs, the newest last."""

    lines: list[dict[str, Any]]
    before: str = Field(description="for the page before this one; empty: there is none")


class Broken(BaseModel):
    """Where a chain does not hold."""

    file: str
    line: int
    reason: str


class Verified(BaseModel):
    """Whether anybody changed the logs."""

    ok: bool
    broken: list[Broken]
    heads: dict[str, dict[str, Any]] = Field(description="last number and hash of each chain")


@router.get("/audit", summary="Who did what")
async def lines(
    gateway: GatewayDep,
    key: Annotated[str, Query(max_length=12, pattern=r"^[0-9a-f-]*$")] = "",
    before: Annotated[
        str, Query(max_length=64, pattern=TEXT, description="only lines of times before this one")
    ] = "",
    last: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Lines:
    """The last lines; those of one key where it is named."""
    folder = gateway.settings.data_dir / FOLDER
    found = await asyncio.to_thread(reading.lines, folder)
    found = [line for line in found if key in ("", line.get("key"))]
    if before:
        found = [line for line in found if str(line.get("time", "")) < before]
    shown = found[-last:]
    more = str(shown[0].get("time", "")) if len(found) > len(shown) else ""
    return Lines(lines=shown, before=more)


@router.get("/audit/verification", summary="Whether the logs are whole")
async def verification(gateway: GatewayDep) -> Verified:
    """Each line has the hash of the one before: what was changed, left out or put in shows."""
    folder = gateway.settings.data_dir / FOLDER
    broken = await asyncio.to_thread(reading.verify, folder)
    heads = await asyncio.to_thread(reading.heads, folder)
    told = [Broken(file=one.file, line=one.line, reason=one.reason) for one in broken]
    return Verified(ok=not told, broken=told, heads=heads)
