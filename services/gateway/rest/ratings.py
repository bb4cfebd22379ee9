"""Ladders, leaderboards and ratings, from Elo."""

from __future__ import annotations

from fastapi import APIRouter

from services.gateway.access.visitor import CallsDep

router = APIRouter(tags=["ratings"])


@router.get("/ladders", summary="All ladders")
async def ladders(calls: CallsDep) -> list[str]:
    """Names of the ladders that have results."""
    return await calls(lambda mesh: [one.ladder for one in mesh.elo.ladders()])
