"""Jobs as live news: one socket for one run, in its users' words, and a topic for the console."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from mazemesh.errors import MazemeshError
from services.gateway.access.sockets import SocketDep, refusal
from services.gateway.context import Gateway, GatewayDep
from services.gateway.jobs.bind import Jobs
from services.gateway.jobs.nouns.job import Job
from services.gateway.live.news import News
from services.gateway.rest.runs.job_models import progress_message, told

router = APIRouter(include_in_schema=False)

EVERY_SECONDS: Final = 10.0
"""Between two messages while nothing changes."""

_NORMAL, _LATER = 1000, 1013


async def job_news(jobs: Jobs, job_id: str) -> AsyncIterator[News]:
    """The topic `training/ID`: the job as GET /jobs/ID tells it, at each change, to its end.

    Every viewer is told the same, so its log is not in it.
    """
    async with aclosing(jobs.board.follow(job_id)) as news:
        async for job in news:
            yield News("job", told(job, log=False).model_dump(mode="json"), job_id)


@router.websocket("/ws/training/{experiment_id}")
async def training(experiment_id: str, socket: SocketDep, gateway: GatewayDep) -> None:
    """Tells how a run goes: at each change, and every 10 s; closes after its end."""
    try:
        await gateway.jobs.queue.get(experiment_id[:64])
    except MazemeshError as error:
        raise refusal(error) from error
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
        coming: asyncio.Future[Job | None] | None = None
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(news, None))
                done, _ = await asyncio.wait({coming}, timeout=EVERY_SECONDS)
                if done:
                    job, coming = coming.result(), None
                    if job is None:
                        await socket.close(_NORMAL, "it has ended")
                        return
                    text = json.dumps(progress_message(job), allow_nan=False)
                if not await _sent(socket, gateway, text):
                    return
        finally:
            # One that goes on would follow the job until that changes, for nobody.
            if coming is not None:
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
