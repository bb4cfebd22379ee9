"""Games that can be played, games that run, and recordings of those that were."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from mazemesh.v1 import game_pb2 as pb
from services.gateway.access.visitor import CallsDep
from services.gateway.live.watches import running_games
from services.gateway.rest.asking import Name, PageSize, PageToken, RequestBody, told
from services.gateway.rest.messages import model_of

router = APIRouter(tags=["games"])

_SPEC_SECONDS = 60.0

GameName = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[!-~]+$", examples=["race"])]
GameId = Annotated[str, Path(min_length=1, max_length=160, pattern=r"^[!-~]+$")]


class Settings(RequestBody):
    """Of a maze game; what is left out is the game's default."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"width": 8, "height": 8}]})

    width: int | None = Field(default=None, ge=2, le=64)
    height: int | None = Field(default=None, ge=2, le=64)
    view: int | None = Field(default=None, ge=3, le=31, description="odd")
    generator: Literal["dfs", "prim", "kruskal", "division", "mixed"] | None = None
    loops: float | None = Field(default=None, ge=0, le=1)
    step_limit: int | None = Field(default=None, ge=0, le=1_000_000)
    seats: int | None = Field(default=None, ge=1, le=64)
    line_of_sight: bool | None = None

    def message(self) -> pb.GameSettings:
        """As the contract has it."""
        given: dict[str, Any] = self.model_dump(exclude_none=True)
        return pb.GameSettings(**given)


class GamesRunning(BaseModel):
    """Games that run now."""

    games: list[model_of(pb.ActiveGame)]  # type: ignore[valid-type]


@router.get("/games", summary="Games and bots", response_model=model_of(pb.ListGamesResponse))
async def games(calls: CallsDep, page_size: PageSize = 1000, page_token: PageToken = "") -> Any:
    """What the operator allows to be played, each with its spec, and the bots that play it."""
    request = pb.ListGamesRequest(page_size=page_size, page_token=page_token)
    return told(await calls.ask(calls.rpcs.game.ListGames, request))


@router.get("/games/running", summary="Games that run now")
async def running(calls: CallsDep) -> GamesRunning:
    """Of matches and training, the newest first; WebSocket topic `games/ID` shows one of them."""
    found: Any = await running_games(calls.rpcs, calls.visitor.key)
    return GamesRunning(games=found)


@router.get(
    "/games/{game:path}/spec",
    summary="A game's spec",
    response_model=model_of(pb.GetGameSpecResponse),
)
async def spec(
    calls: CallsDep,
    game: GameName,
    width: Annotated[int | None, Query(ge=2, le=64)] = None,
    height: Annotated[int | None, Query(ge=2, le=64)] = None,
    seats: Annotated[int | None, Query(ge=1, le=64)] = None,
) -> Any:
    """What seats see and do under settings."""
    settings = Settings(width=width, height=height, seats=seats).message()
    request = pb.GetGameSpecRequest(game=game, settings=settings if settings.ListFields() else None)
    return told(await calls.ask(calls.rpcs.game.GetGameSpec, request, _SPEC_SECONDS))


@router.get("/recordings", summary="Recordings", response_model=model_of(pb.ListReplaysResponse))
async def recordings(
    calls: CallsDep,
    game: Name = "",
    match_id: Name = "",
    participant: Name = "",
    page_size: PageSize = 100,
    page_token: PageToken = "",
) -> Any:
    """Finished games of matches, the last finished first."""
    request = pb.ListReplaysRequest(
        game=game,
        match_id=match_id,
        participant=participant,
        page_size=page_size,
        page_token=page_token,
    )
    return told(await calls.ask(calls.rpcs.game.ListReplays, request))


@router.get(
    "/recordings/{game_id:path}", summary="A recording", response_model=model_of(pb.GameReplay)
)
async def recording(calls: CallsDep, game_id: GameId) -> Any:
    """What each seat did, step by step, and the hashes by which that is verified."""
    request = pb.GetReplayRequest(game_id=game_id)
    return told((await calls.ask(calls.rpcs.game.GetReplay, request)).replay)
