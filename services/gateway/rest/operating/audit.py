"""The audit log of this machine's services: who did what, from where, and what came of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
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
    return await asyncio.to_thread(_page, folder, key, before, last)


def _page(folder: Path, key: str, before: str, most: int) -> Lines:
    """The last lines; of those that have the time of the first one all, since pages go by time."""
    shown: list[dict[str, Any]] = []
    for line in reading.newest_first(folder):
        time = _time(line)
        if (before and time >= before) or key not in ("", line.get("key")):
            continue
        if len(shown) >= most and time != _time(shown[-1]):
            return Lines(lines=shown[::-1], before=_time(shown[-1]))
        shown.append(line)
    return Lines(lines=shown[::-1], before="")


def _time(line: dict[str, Any]) -> str:
    return str(line.get("time", ""))


@router.get("/audit/verification", summary="Whether the logs are whole")
async def verification(gateway: GatewayDep) -> Verified:
    """Each line has the hash of the one before: what was changed, left out or put in shows."""
    folder = gateway.settings.data_dir / FOLDER
    broken = await asyncio.to_thread(reading.verify, folder)
    heads = await asyncio.to_thread(reading.heads, folder)
    told = [Broken(file=one.file, line=one.line, reason=one.reason) for one in broken]
    return Verified(ok=not told, broken=told, heads=heads)
