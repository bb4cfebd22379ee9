"""Matches: results that count, and games that are made for people and policies to play."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path
from google.protobuf.duration_pb2 import Duration
from pydantic import ConfigDict, Field

from mazemesh.errors import DeadlineExceeded, FailedPrecondition, NotFound, Unavailable
from mazemesh.v1 import elo_pb2, game_pb2
from mazemesh.v1 import matchmaker_pb2 as pb
from services.gateway.access.visitor import CallsDep
from services.gateway.context import GatewayDep
from services.gateway.rest.asking import (
    Name,
    PageSize,
    PageToken,
    RequestBody,
    RequestId,
    Time,
    stamp,
    told,
)
from services.gateway.rest.contests.games import Settings
from services.gateway.rest.messages import model_of

router = APIRouter(tags=["matches"])

_CREATE_DEADLINE = 60.0
_LONGEST_SEARCH = 60.0

MatchId = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
_Player = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]


class MatchStart(RequestBody):
    """A match that counts for nobody's rating."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"game": "race", "participants": ["bot/random", "bot/wall-follower"]}]
        },
    )

    game: str = Field(pattern=r"^[!-~]{1,64}$")
    participants: list[_Player] = Field(min_length=1, max_length=64)
    settings: Settings = Field(default_factory=Settings)
    seed: int = Field(default=0, ge=0, le=2**53)
    rotations: int = Field(default=1, ge=0, le=64, description="0: all of them")


class Search(RequestBody):
    """A player who looks for an opponent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"player": "player/zoe", "game": "race", "bot_after": 5.0}]
        },
    )

    player: _Player
    game: str = Field(pattern=r"^[!-~]{1,64}$")
    rated: bool = False
    max_wait: float = Field(default=30.0, gt=0, le=_LONGEST_SEARCH, description="seconds")
    bot_after: float | None = Field(
        default=None, gt=0, le=_LONGEST_SEARCH, description="seconds after which a bot will do"
    )


@router.get("/matches", summary="Results", response_model=model_of(elo_pb2.ListResultsResponse))
async def results(
    calls: CallsDep,
    ladder: Name = "",
    start: Time = None,
    end: Time = None,
    page_size: PageSize = 100,
    page_token: PageToken = "",
) -> Any:
    """The log of results, the oldest first. For operators: seeds are told."""
    request = elo_pb2.ListResultsRequest(
        ladder=ladder,
        start_time=stamp(start),
        end_time=stamp(end),
        page_size=page_size,
        page_token=page_token,
    )
    return told(await calls.ask(calls.rpcs.elo.ListResults, request))


@router.get(
    "/matches/{match_id:path}", summary="A result", response_model=model_of(elo_pb2.MatchResult)
)
async def result(calls: CallsDep, match_id: MatchId) -> Any:
    """What the log has of a match."""
    request = elo_pb2.GetResultsRequest(match_ids=[match_id])
    found = (await calls.ask(calls.rpcs.elo.GetResults, request)).results
    if not found:
        raise NotFound(f"match_id: no result of {match_id!r} is known")
    return told(found[0])


@router.post(
    "/matches",
    summary="Make a match",
    status_code=201,
    response_model=model_of(game_pb2.CreatedMatch),
)
async def create(calls: CallsDep, wanted: MatchStart, idempotency_key: RequestId = "") -> Any:
    """Creates its games. Those of bots alone are played at once; seats of others have tokens."""
    setup = game_pb2.MatchSetup(
        match_id=f"gateway/{idempotency_key or uuid.uuid4()}"[:128],
        game=wanted.game,
        settings=wanted.settings.message(),
        seed=wanted.seed,
        participants=wanted.participants,
        rotations=wanted.rotations,
    )
    request = game_pb2.CreateGamesRequest(matches=[setup])
    made = await calls.ask(calls.rpcs.game.CreateGames, request, _CREATE_DEADLINE)
    return told(made.matches[0], 201, {"location": f"/matches/{setup.match_id}"})


@router.post("/matches/find", summary="Find an opponent", response_model=model_of(pb.Matched))
async def find(
    gateway: GatewayDep, calls: CallsDep, wanted: Search, idempotency_key: RequestId = ""
) -> Any:
    """Waits for an opponent and answers with the seat; 409 when nobody came within `max_wait`."""
    seconds = min(wanted.max_wait, gateway.settings.longest_wait_seconds)
    request = pb.FindMatchRequest(
        request_id=idempotency_key or str(uuid.uuid4()),
        player=wanted.player,
        game=wanted.game,
        rated=wanted.rated,
        max_wait=_duration(seconds),
        bot_after=None if wanted.bot_after is None else _duration(wanted.bot_after),
    )
    deadline = seconds + 10.0
    try:
        async with gateway.waiting.at_most(deadline):
            async for news in calls.rpcs.follow(
                calls.rpcs.matchmaker.FindMatch, request, calls.visitor.key, deadline=deadline
            ):
                if news.HasField("matched"):
                    return told(news.matched)
    except (TimeoutError, DeadlineExceeded):
        pass
    if gateway.waiting.over:
        raise Unavailable("the gateway stops; ask again", retry_after=1.0)
    raise FailedPrecondition(f"nobody came within {seconds:g} s; ask again, or take a bot")


def _duration(seconds: float) -> Duration:
    made = Duration()
    made.FromNanoseconds(round(seconds * 1e9))
    return made
