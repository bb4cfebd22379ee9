"""Tournaments: brackets, Swiss, round-robin and gauntlets."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import ConfigDict, Field

from mazemesh.tournaments import asking
from mazemesh.v1 import matchmaker_pb2 as pb
from services.gateway.access.visitor import CallsDep, VisitorDep
from services.gateway.rest.asking import TEXT, PageSize, PageToken, RequestBody, RequestId, told
from services.gateway.rest.contests.gates import Ending
from services.gateway.rest.messages import model_of

router = APIRouter(tags=["tournaments"])

_DEADLINE = 60.0

TournamentId = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[!-~]+$")]


class TournamentStart(RequestBody):
    """Who meets whom, and how."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "format": "single",
                    "entrants": ["race:1", "race:2", "bot/random", "bot/wall-follower"],
                    "title": "Friday cup",
                }
            ]
        },
    )

    format: Literal["round-robin", "gauntlet", "swiss", "single", "double"]
    entrants: list[Annotated[str, Field(pattern=r"^[!-~]{1,512}$")]] = Field(
        min_length=2,
        max_length=1024,
        description='"race:12", "race:champion", "bot/random", "player/zoe", or a team: '
        '"reds=race:12,player/zoe"',
    )
    game: str = Field(
        default="",
        max_length=64,
        pattern=r"^[!-~]*$",
        description="empty: what the first version was trained on",
    )
    seeding: Literal["rating", "given", "random"] = "rating"
    seed: int = Field(default=0, ge=0, le=2**53)
    rounds: int = Field(default=0, ge=0, le=64)
    best_of: int = Field(default=1, ge=1, le=99, description="odd", multiple_of=1)
    rated: bool | None = None
    patience: float | None = Field(default=None, gt=0, le=604_800, description="seconds")
    title: str = Field(default="", max_length=128, pattern=TEXT)


@router.get(
    "/tournaments", summary="Tournaments", response_model=model_of(pb.ListTournamentsResponse)
)
async def tournaments(
    calls: CallsDep, page_size: PageSize = 100, page_token: PageToken = ""
) -> Any:
    """All of them, the last started first."""
    request = pb.ListTournamentsRequest(page_size=page_size, page_token=page_token)
    return told(await calls.ask(calls.rpcs.matchmaker.ListTournaments, request))


@router.get(
    "/tournaments/{tournament_id}",
    summary="A tournament",
    response_model=model_of(pb.GetTournamentResponse),
)
async def tournament(
    calls: CallsDep,
    tournament_id: TournamentId,
    page_size: PageSize = 1000,
    page_token: PageToken = "",
) -> Any:
    """Entrants, standings and a page of its encounters."""
    request = pb.GetTournamentRequest(
        tournament_id=tournament_id, page_size=page_size, page_token=page_token
    )
    return told(await calls.ask(calls.rpcs.matchmaker.GetTournament, request))


@router.post(
    "/tournaments",
    summary="Start a tournament",
    status_code=201,
    response_model=model_of(pb.Tournament),
)
async def start(
    calls: CallsDep, visitor: VisitorDep, wanted: TournamentStart, idempotency_key: RequestId = ""
) -> Any:
    """Seeds the entrants and issues the first matches."""
    request = asking.request(
        wanted.format,
        wanted.entrants,
        game=wanted.game,
        seeding=wanted.seeding,
        seed=wanted.seed,
        rounds=wanted.rounds,
        best_of=wanted.best_of,
        rated=wanted.rated,
        patience=wanted.patience,
        title=wanted.title,
        starter=visitor.id,
    )
    request.request_id = idempotency_key or str(uuid.uuid4())
    made = await calls.ask(calls.rpcs.matchmaker.CreateTournament, request, _DEADLINE)
    where = f"/tournaments/{made.tournament.summary.tournament_id}"
    return told(made.tournament, 201, {"location": where})


@router.post(
    "/tournaments/{tournament_id}/cancel",
    summary="Cancel a tournament",
    response_model=model_of(pb.Tournament),
)
async def cancel(calls: CallsDep, tournament_id: TournamentId, ending: Ending) -> Any:
    """Ends a tournament as it stands; one that has ended is returned as it is."""
    request = pb.CancelTournamentRequest(tournament_id=tournament_id, reason=ending.reason)
    return told((await calls.ask(calls.rpcs.matchmaker.CancelTournament, request)).tournament)
