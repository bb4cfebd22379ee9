"""Brackets of tournaments as pictures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from mazemesh.tournaments.svg import svg
from services.gateway.access.visitor import CallsDep

router = APIRouter(tags=["tournaments"])

TournamentId = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[!-~]+$")]


@router.get(
    "/tournaments/{tournament_id}/bracket.svg",
    summary="A tournament as a picture",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}},
)
async def bracket(calls: CallsDep, tournament_id: TournamentId) -> Response:
    """The bracket of an elimination with its standings, else the standings."""
    drawn = await calls(lambda mesh: svg(mesh.matchmaker.tournament(tournament_id)))
    return Response(drawn, media_type="image/svg+xml", headers={"cache-control": "no-cache"})
