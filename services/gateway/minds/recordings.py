"""Recordings as the console shows them: every step of a game, and what a seat saw and thought."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
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
    moments = [one async for one in _moments(gateway, visitor.key, game_id, observed=False)]
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
    participants: list[str] = []
    seen: list[bytes] = []  # by this seat alone: all seats together see up to 64 times as much
    masks: list[bytes] = []
    async with aclosing(_moments(gateway, visitor.key, game_id, observed=True)) as moments:
        async for one in moments:
            frame = one.frame
            participants = participants or list(frame.participants)
            if seat >= len(participants):
                last = len(participants) - 1
                raise InvalidArgument(f"seat: {seat} is outside 0..{last}", field="seat")
            seen.append(_of_seat(frame.observations, seat, len(participants)))
            masks.append(_of_seat(frame.action_masks, seat, len(participants)))
    mind = Mind(gateway.rpcs, visitor.key, policy or participants[seat])
    await mind.open()
    steps = len(seen) - 1  # nobody moves in the last moment
    found = await mind.think(_matrix(seen[:steps]), _matrix(masks[:steps]))
    return Thoughts(
        game_id=game_id,
        seat=seat,
        policy=mind.reference,
        probabilities=[one.probabilities for one in found],
        values=[one.value for one in found],
        observations=base64.b64encode(b"".join(seen[:steps])).decode(),
    )


def _of_seat(rows: bytes, seat: int, seats: int) -> bytes:
    """One of `seats` rows of the same length."""
    size = len(rows) // seats
    return rows[seat * size : (seat + 1) * size]


def _matrix(rows: Sequence[bytes]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """uint8 [rows, size]."""
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)


async def _moments(
    gateway: Gateway, key: str, game_id: str, *, observed: bool
) -> AsyncGenerator[game.WatchReplayResponse, None]:
    request = game.WatchReplayRequest(game_id=game_id, with_observations=observed)
    replay: Any = gateway.rpcs.follow(gateway.rpcs.game.WatchReplay, request, key)
    count = 0
    async with aclosing(replay):
        async for one in replay:
            count += 1
            if count > _MOST_STEPS + 1:
                raise FailedPrecondition(
                    f"game {game_id!r} has more than {_MOST_STEPS} steps; `mazemesh recordings "
                    "show` shows it in a terminal"
                )
            yield one
