"""Ladders, leaderboards, ratings and head-to-head, from Elo."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from mazemesh.client.ladder_calls import REFOLD_DEADLINE
from mazemesh.v1 import elo_pb2 as pb
from services.gateway.access.visitor import CallsDep
from services.gateway.rest.asking import Ladder, Name, Names, PageSize, PageToken, Time, stamp, told
from services.gateway.rest.messages import model_of, number_of

router = APIRouter(tags=["ratings"])

Kind = Literal["policy", "bot", "person", "foreign"]
Model = Literal["bradley_terry", "elo", "glicko2", "plackett_luce"]
Kinds = Annotated[list[Kind], Query(description="Only these kinds of players.")]
Run = Annotated[str, Query(max_length=64, description="Only versions of this policy.")]
LadderPath = Annotated[
    str, Path(min_length=1, max_length=128, pattern=r"^[!-~]+$", examples=["race"])
]


def _filter(run: str, kinds: list[Kind], since: Time = None) -> pb.PlayerFilter:
    enum = pb.DESCRIPTOR.enum_types_by_name["PlayerKind"]
    numbers: list[Any] = [number_of(enum, kind) for kind in dict.fromkeys(kinds)]
    return pb.PlayerFilter(run=run, kinds=numbers, active_since=stamp(since))


@router.get("/ladders", summary="All ladders", response_model=model_of(pb.ListLaddersResponse))
async def ladders(
    calls: CallsDep, game: Name = "", page_size: PageSize = 100, page_token: PageToken = ""
) -> Any:
    """Ladders that have results, by name; `game` narrows them to one game's."""
    request = pb.ListLaddersRequest(game=game, page_size=page_size, page_token=page_token)
    return told(await calls.ask(calls.rpcs.elo.ListLadders, request))


@router.get(
    "/leaderboards/{ladder:path}",
    summary="A leaderboard",
    response_model=model_of(pb.GetLeaderboardResponse),
)
async def leaderboard(
    calls: CallsDep,
    ladder: LadderPath,
    page_size: PageSize = 50,
    page_token: PageToken = "",
    prefix: Name = "",
    around: Name = "",
    model: Model = "bradley_terry",
    run: Run = "",
    kinds: Kinds = [],  # noqa: B006  # FastAPI copies it
    active_since: Time = None,
    start: Time = None,
    end: Time = None,
) -> Any:
    """Players, best first, each with its interval and how likely it is better than the one above.

    With `end` the ladder is told as it stood then; that may take seconds the first time.
    """
    enum = pb.DESCRIPTOR.enum_types_by_name["RatingModel"]
    number: Any = number_of(enum, model)
    request = pb.GetLeaderboardRequest(
        ladder=ladder,
        page_size=page_size,
        page_token=page_token,
        prefix=prefix,
        around=around,
        model=number,
        filter=_filter(run, kinds, active_since),
        start_time=stamp(start),
        end_time=stamp(end),
    )
    deadline = 10.0 if start is None and end is None else REFOLD_DEADLINE
    return told(await calls.ask(calls.rpcs.elo.GetLeaderboard, request, deadline))


Player = Annotated[
    str,
    Query(min_length=1, max_length=160, pattern=r"^[!-~]+$", examples=["race:12", "bot/random"]),
]


@router.get("/ratings", summary="One rating", response_model=model_of(pb.GetRatingResponse))
async def rating(calls: CallsDep, ladder: Ladder, player: Player) -> Any:
    """What is known of one player of a ladder."""
    request = pb.GetRatingRequest(ladder=ladder, player=player)
    return told(await calls.ask(calls.rpcs.elo.GetRating, request))


@router.get(
    "/ratings/history",
    summary="One player's matches",
    response_model=model_of(pb.GetRatingHistoryResponse),
)
async def history(
    calls: CallsDep,
    ladder: Ladder,
    player: Player,
    page_size: PageSize = 1000,
    page_token: PageToken = "",
) -> Any:
    """The online rating after each match, the oldest first."""
    request = pb.GetRatingHistoryRequest(
        ladder=ladder, player=player, page_size=page_size, page_token=page_token
    )
    return told(await calls.ask(calls.rpcs.elo.GetRatingHistory, request))


@router.get(
    "/ratings/curves",
    summary="Ratings over time",
    response_model=model_of(pb.GetRatingCurvesResponse),
)
async def curves(
    calls: CallsDep,
    ladder: Ladder,
    player: Names,
    points: Annotated[int, Query(ge=1, le=64)] = 32,
    start: Time = None,
    end: Time = None,
) -> Any:
    """Ratings with their intervals, as they were after equal parts of the ladder's matches."""
    request = pb.GetRatingCurvesRequest(
        ladder=ladder,
        players=player,
        max_points=points,
        start_time=stamp(start),
        end_time=stamp(end),
    )
    return told(await calls.ask(calls.rpcs.elo.GetRatingCurves, request, REFOLD_DEADLINE))


@router.get(
    "/head-to-head",
    summary="Who beats whom",
    response_model=model_of(pb.GetHeadToHeadMatrixResponse),
)
async def head_to_head(
    calls: CallsDep,
    ladder: Ladder,
    player: Names = [],  # noqa: B006  # FastAPI copies it
    top: Annotated[int, Query(ge=2, le=256)] = 20,
    run: Run = "",
    kinds: Kinds = [],  # noqa: B006  # FastAPI copies it
    start: Time = None,
    end: Time = None,
) -> Any:
    """Results between players, and how likely each is better: matrices row by row."""
    request = pb.GetHeadToHeadMatrixRequest(
        ladder=ladder,
        players=player,
        max_players=0 if player else top,
        filter=_filter(run, kinds) if run or kinds else None,
        start_time=stamp(start),
        end_time=stamp(end),
    )
    return told(await calls.ask(calls.rpcs.elo.GetHeadToHeadMatrix, request, REFOLD_DEADLINE))


@router.get(
    "/payoffs",
    summary="The empirical game",
    response_model=model_of(pb.GetEmpiricalGameResponse),
)
async def payoffs(
    calls: CallsDep,
    ladder: Ladder,
    player: Names = [],  # noqa: B006  # FastAPI copies it
    alpha: Annotated[float, Query(ge=0, le=1_000_000)] = 0.0,
) -> Any:
    """Mean scores between players, their Nash averaging, alpha-rank and cycles."""
    request = pb.GetEmpiricalGameRequest(ladder=ladder, players=player, alpha=alpha)
    return told(await calls.ask(calls.rpcs.elo.GetEmpiricalGame, request, REFOLD_DEADLINE))
