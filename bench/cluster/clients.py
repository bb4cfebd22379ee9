"""`python -m bench.cluster.clients`: many authenticated clients that hold a connection each.

Reads one JSON object from standard input, see `Wanted`, and prints one.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import numpy as np

from mazemesh.client.channel import open_aio_channel
from mazemesh.client.credentials import Credentials
from mazemesh.v1.elo_pb2 import GetLeaderboardRequest
from mazemesh.v1.elo_pb2_grpc import EloServiceStub

_DEADLINE = 10.0
_OPENING = 16
"""Connections that are being opened at one time."""


@dataclass
class Wanted:
    """What to measure.

    Attributes:
        addresses: Of Elo's instances, which the clients are spread over.
        key, ca: Of the clients.
        ladder: Whose first page is asked for.
        clients: How many.
        seconds: For how long, once all are connected.
        pause: Seconds between two calls of one client.
    """

    addresses: list[str]
    key: str
    ca: str
    ladder: str
    clients: int
    seconds: float
    pause: float


async def measure(wanted: Wanted) -> dict[str, Any]:
    """Clients that were connected at the end, errors by status, and latencies."""
    credentials = Credentials.found(key=wanted.key, ca=wanted.ca)
    # A connection of its own each: gRPC would share one between channels that look alike.
    own = (("grpc.use_local_subchannel_pool", 1),)
    channels = [
        open_aio_channel(address, options=own, credentials=credentials)
        for _, address in zip(range(wanted.clients), _around(wanted.addresses), strict=False)
    ]
    opening = asyncio.Semaphore(_OPENING)

    async def connect(channel: grpc.aio.Channel) -> None:
        async with opening:
            async with asyncio.timeout(60):
                await channel.channel_ready()

    began = time.perf_counter()
    await asyncio.gather(*map(connect, channels))
    connected = time.perf_counter() - began
    request = GetLeaderboardRequest(ladder=wanted.ladder, page_size=50)
    latencies: list[float] = []
    errors: dict[str, int] = {}
    """How often each was told, by its status and text."""
    until = time.perf_counter() + wanted.seconds

    async def call_on(channel: grpc.aio.Channel) -> None:
        stub = EloServiceStub(channel)
        await asyncio.sleep(random.uniform(0, wanted.pause))
        while (start := time.perf_counter()) < until:
            try:
                await stub.GetLeaderboard(request, timeout=_DEADLINE)
            except grpc.aio.AioRpcError as error:
                told = f"{error.code().name}: {error.details()}"[:200]
                errors[told] = errors.get(told, 0) + 1
            else:
                latencies.append(time.perf_counter() - start)
            await asyncio.sleep(max(0.0, start + wanted.pause - time.perf_counter()))

    await asyncio.gather(*map(call_on, channels))
    ready = grpc.ChannelConnectivity.READY
    held = sum(channel.get_state() is ready for channel in channels)
    for channel in channels:
        await channel.close()
    milliseconds = np.array(latencies or [np.nan]) * 1e3
    return {
        "held": held,
        "errors": errors,
        "calls": len(latencies),
        "connect_seconds": round(connected, 2),
        "p50_ms": round(float(np.percentile(milliseconds, 50)), 2),
        "p99_ms": round(float(np.percentile(milliseconds, 99)), 2),
    }


def _around(addresses: list[str]) -> Any:
    while True:
        yield from addresses


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Wanted(**json.load(sys.stdin))))))
