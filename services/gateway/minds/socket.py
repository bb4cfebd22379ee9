"""What a policy sees and thinks in a game that runs, move by move: `/ws/minds/{game_id}`.

Query: `seat`, and `policy` where another one than the seat's is to be asked. Sent are `opened` with
the policy, `episode` with the maze whenever one begins, `thought` for each move, at most ten a
second, and `over` when the game is. A game that is faster is shown behind its time, with moves left
out.
"""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import aclosing, suppress
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Query, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from mazemesh.errors import FailedPrecondition, InvalidArgument, MazemeshError, NotFound
from mazemesh.v1 import game_pb2 as game
from services.gateway.access.sockets import SocketDep
from services.gateway.access.visitor import Visitor, VisitorDep
from services.gateway.context import Gateway, GatewayDep
from services.gateway.minds.thinking import Mind
from services.gateway.rest.problems import problem_of

router = APIRouter(include_in_schema=False)

_PACE_SECONDS: Final = 0.1
_AGAIN_SECONDS: Final = 0.2


@router.websocket("/ws/minds/{game_id:path}")
async def minds(
    socket: SocketDep,
    gateway: GatewayDep,
    visitor: VisitorDep,
    game_id: str,
    seat: Annotated[int, Query(ge=0, le=63)] = 0,
    policy: Annotated[str, Query(max_length=128)] = "",
) -> None:
    """Thoughts of one seat, until the game or the browser ends it."""
    telling = asyncio.create_task(_tell(socket, gateway, visitor, game_id, seat, policy))
    leaving = asyncio.create_task(_gone(socket))
    try:
        await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (telling, leaving):
            task.cancel()
        await asyncio.gather(telling, leaving, return_exceptions=True)
    if socket.client_state is not WebSocketState.DISCONNECTED:
        with suppress(RuntimeError, OSError, WebSocketDisconnect):
            await socket.close()


async def _gone(socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect, RuntimeError, KeyError):
        while True:
            await socket.receive_text()


async def _tell(
    socket: WebSocket, gateway: Gateway, visitor: Visitor, game_id: str, seat: int, policy: str
) -> None:
    async def say(kind: str, data: dict[str, Any]) -> None:
        async with asyncio.timeout(gateway.settings.socket_send_seconds):
            await socket.send_text(json.dumps({**data, "type": kind}, separators=(",", ":")))

    with suppress(WebSocketDisconnect, RuntimeError, OSError, TimeoutError):
        try:
            await _think(gateway, visitor.key, game_id, seat, policy, say)
            await say("over", {})
        except MazemeshError as error:
            await say("problem", problem_of(error).model_dump(exclude_none=True))


async def _think(
    gateway: Gateway, key: str, game_id: str, seat: int, policy: str, say: Any
) -> None:
    """Follows the game; one of training from episode to episode."""
    mind: Mind | None = None
    request = game.WatchGameRequest(game_id=game_id, with_observations=True)
    while True:
        watch: Any = gateway.rpcs.follow_game(request, key)
        async with aclosing(watch) as frames:
            try:
                async for frame in frames:
                    if mind is None:
                        mind = await _opened(gateway, key, frame, seat, policy, say)
                    if frame.passages:
                        await say("episode", _maze(frame))
                    if not frame.observations:
                        continue
                    began = asyncio.get_running_loop().time()
                    seats = len(frame.positions)
                    seen = np.frombuffer(frame.observations, np.uint8).reshape(seats, -1)[seat]
                    mask = np.frombuffer(frame.action_masks, np.uint8).reshape(seats, -1)[seat]
                    (thought,) = await mind.think(seen[None], mask[None])
                    await say(
                        "thought",
                        {
                            "step": frame.step,
                            "positions": list(frame.positions),
                            "goals": list(frame.goals),
                            "items": list(frame.items),
                            "probabilities": thought.probabilities,
                            "value": thought.value,
                            "observation": base64.b64encode(seen.tobytes()).decode(),
                        },
                    )
                    spent = asyncio.get_running_loop().time() - began
                    await asyncio.sleep(max(0.0, _PACE_SECONDS - spent))
            except NotFound:
                if mind is None:
                    raise
                return
        if "/" not in game_id:
            return
        await asyncio.sleep(_AGAIN_SECONDS)


def _maze(frame: game.WatchGameResponse) -> dict[str, Any]:
    return {
        "passages": base64.b64encode(frame.passages).decode(),
        "width": frame.width,
        "height": frame.height,
        "participants": list(frame.participants),
    }


async def _opened(
    gateway: Gateway, key: str, frame: game.WatchGameResponse, seat: int, policy: str, say: Any
) -> Mind:
    if seat >= len(frame.participants):
        raise InvalidArgument(f"seat: {seat} is outside 0..{len(frame.participants) - 1}")
    if not frame.width:
        raise FailedPrecondition(f"game {frame.game_id!r} has no maze")
    mind = Mind(gateway.rpcs, key, policy or frame.participants[seat])
    await mind.open()
    await say("opened", {"policy": mind.reference, "seat": seat})
    return mind
