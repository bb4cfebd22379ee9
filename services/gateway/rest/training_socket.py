"""Jobs as live news: one socket for one run, in its users' words, and a topic for the console."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from mazemesh.errors import MazemeshError, ResourceExhausted
from services.gateway.access.origins import check_origin
from services.gateway.access.visitor import VisitorDep
from services.gateway.context import Gateway, GatewayDep
from services.gateway.jobs.bind import Jobs
from services.gateway.live.news import News
from services.gateway.live.socket import refuse
from services.gateway.rest.job_models import progress_message, told

router = APIRouter(include_in_schema=False)

EVERY_SECONDS: Final = 10.0
"""Between two messages while nothing changes."""

_NORMAL, _POLICY, _LATER = 1000, 1008, 1013


async def job_news(jobs: Jobs, job_id: str) -> AsyncIterator[News]:
    """The topic `training/ID`: the job as GET /jobs/ID tells it, at each change, to its end."""
    async with aclosing(jobs.board.follow(job_id)) as news:
        async for job in news:
            yield News("job", told(job).model_dump(mode="json"), job_id)


@router.websocket("/ws/training/{experiment_id}")
async def training(
    experiment_id: str, socket: WebSocket, gateway: GatewayDep, visitor: VisitorDep
) -> None:
    """Tells how a run goes: at each change, and every 10 s; closes after its end."""
    try:
        check_origin(socket, gateway.settings)
        await gateway.jobs.queue.get(experiment_id[:64])
        place = gateway.sockets.enter(visitor)
    except ResourceExhausted as error:
        await refuse(socket, _LATER, str(error))
        return
    except MazemeshError as error:
        await refuse(socket, _POLICY, str(error))
        return
    with place:
        await socket.accept()
        tasks = [
            asyncio.create_task(_say(socket, gateway, experiment_id)),
            asyncio.create_task(_hear(socket)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _say(socket: WebSocket, gateway: Gateway, experiment_id: str) -> None:
    text = ""
    async with aclosing(gateway.jobs.board.follow(experiment_id)) as news:
        coming = asyncio.ensure_future(anext(news, None))
        try:
            while True:
                done, _ = await asyncio.wait({coming}, timeout=EVERY_SECONDS)
                if done:
                    job = coming.result()
                    if job is None:
                        await socket.close(_NORMAL, "it has ended")
                        return
                    text = json.dumps(progress_message(job), allow_nan=False)
                    coming = asyncio.ensure_future(anext(news, None))
                if not await _sent(socket, gateway, text):
                    return
        finally:  # or it would follow the job for as long as that goes on
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def _sent(socket: WebSocket, gateway: Gateway, text: str) -> bool:
    """Whether the other end took it in time."""
    seconds = gateway.settings.socket_send_seconds
    try:
        async with asyncio.timeout(seconds):
            await socket.send_text(text)
    except TimeoutError:
        gateway.sockets.metrics.dropped("slow")
        await socket.close(_LATER, f"too slow: it took nothing in for {seconds:g} s")
        return False
    except (WebSocketDisconnect, RuntimeError, OSError):
        return False  # it is gone
    gateway.sockets.metrics.sent(len(text))
    return True


async def _hear(socket: WebSocket) -> None:
    """What is said here is not listened to, but for the end."""
    try:
        while True:
            await socket.receive_text()
    except (WebSocketDisconnect, KeyError):
        return
