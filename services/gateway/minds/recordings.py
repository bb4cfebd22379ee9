"""Recordings as the console shows them: every step of a game, and what a seat saw and thought."""

from __future__ import annotations

import base64
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.v1 import game_pb2 as game
from services.gateway.access.visitor import VisitorDep
from services.gateway.context import Gateway, GatewayDep
from services.gateway.minds.thinking import Mind
from services.gateway.playing.told import finished, view_of

router = APIRouter(tags=["recordings"])

GameId = Annotated[str, Field(min_length=1, max_length=200, examples=["race-17-r0"])]

_MOST_STEPS = 8192


class Moment(BaseModel):
    """A moment of a game."""

    step: int = Field(description="steps that were played")
    positions: list[int] = Field(description="by seat, its cell, y * width + x")
    goals: list[int] = Field(description="cells that players are bound for")
    items: list[int] = Field(description="cells where keys, gems or flags lie")
    actions: list[int] = Field(description="by seat, what it did in the step that led here")


class Frames(BaseModel):
    """A finished game, step by step."""

    game_id: str
    spec: dict[str, Any] = Field(description="the game, its size and the layout of observations")
    passages: str = Field(description="base64 of uint8 [height, width], sums of Passage")
    participants: list[str]
    frames: list[Moment]
    finished: dict[str, Any] = Field(description="scores by seat, steps, truncated")


class Thoughts(BaseModel):
    """What a policy thinks of what a seat saw, before each step."""

    game_id: str
    seat: int
    policy: str = Field(description="the version that was asked", examples=["race:12"])
    probabilities: list[list[float]] = Field(description="by step, of each action")
    values: list[float] = Field(description="by step, what it expected to earn from there on")
    observations: str = Field(description="base64 of uint8 [steps, observation_size]")


@router.get("/recordings/{game_id:path}/frames", summary="A finished game, step by step")
async def frames(game_id: GameId, gateway: GatewayDep, visitor: VisitorDep) -> Frames:
    """Plays the game once more and tells every step."""
    moments = await _moments(gateway, visitor.key, game_id, observed=False)
    first, last = moments[0], moments[-1]
    return Frames(
        game_id=game_id,
        spec=view_of(first.spec),
        passages=base64.b64encode(first.frame.passages).decode(),
        participants=list(first.frame.participants),
        frames=[
            Moment(
                step=one.frame.step,
                positions=list(one.frame.positions),
                goals=list(one.frame.goals),
                items=list(one.frame.items),
                actions=list(one.actions),
            )
            for one in moments
        ],
        finished=finished(last.frame.finished),
    )


@router.get(
    "/recordings/{game_id:path}/thoughts", summary="What a seat of a finished game saw and thought"
)
async def thoughts(
    game_id: GameId,
    gateway: GatewayDep,
    visitor: VisitorDep,
    seat: Annotated[int, Query(ge=0, le=63)] = 0,
    policy: Annotated[str, Query(max_length=128)] = "",
) -> Thoughts:
    """Asks the policy that held the seat, or another one that is named, about every step."""
    moments = await _moments(gateway, visitor.key, game_id, observed=True)
    first = moments[0]
    participants = first.frame.participants
    if seat >= len(participants):
        raise InvalidArgument(f"seat: {seat} is outside 0..{len(participants) - 1}", field="seat")
    mind = Mind(gateway.rpcs, visitor.key, policy or participants[seat])
    await mind.open()
    steps, seats = len(moments) - 1, len(participants)
    seen = _rows([one.frame.observations for one in moments[:-1]], steps, seats)[:, seat]
    masks = _rows([one.frame.action_masks for one in moments[:-1]], steps, seats)[:, seat]
    found = await mind.think(seen, masks)
    return Thoughts(
        game_id=game_id,
        seat=seat,
        policy=mind.reference,
        probabilities=[one.probabilities for one in found],
        values=[one.value for one in found],
        observations=base64.b64encode(seen.tobytes()).decode(),
    )


def _rows(parts: list[bytes], steps: int, seats: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """uint8 [steps, seats, size]."""
    return np.frombuffer(b"".join(parts), np.uint8).reshape(steps, seats, -1)


async def _moments(
    gateway: Gateway, key: str, game_id: str, *, observed: bool
) -> list[game.WatchReplayResponse]:
    request = game.WatchReplayRequest(game_id=game_id, with_observations=observed)
    found: list[game.WatchReplayResponse] = []
    async for one in gateway.rpcs.follow(gateway.rpcs.game.WatchReplay, request, key):
        if len(found) > _MOST_STEPS:
            raise FailedPrecondition(
                f"game {game_id!r} has more than {_MOST_STEPS} steps; `mazemesh recordings show` "
                "shows it in a terminal"
            )
        found.append(one)
    return found
