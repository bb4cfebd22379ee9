"""Two hundred who watch hear of a promotion, each in order and once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc.aio

from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from tests.servers.model_policies import publish
from tests.servers.model_server import running_model

WATCHERS = 200
CHANNELS = 4


async def test_two_hundred_watchers_see_a_promotion(tmp_path: Path) -> None:
    with running_model(tmp_path) as model:
        await asyncio.to_thread(publish, model.client)
        channels = [
            grpc.aio.insecure_channel(model.address, [("grpc.use_local_subchannel_pool", 1)])
            for _ in range(CHANNELS)
        ]
        try:
            async with asyncio.timeout(60):
                streams = [
                    ModelServiceStub(channels[number % CHANNELS]).WatchPolicies(  # type: ignore[call-arg]
                        pb.WatchPoliciesRequest(name="race")
                    )
                    for number in range(WATCHERS)
                ]
                begun = [await stream.read() for stream in streams]
                assert all(message.heartbeat for message in begun)
                moved = await asyncio.to_thread(
                    lambda: model.client.set_alias("race", "champion", 1, 0, reason="it is better")
                )
                heard = await asyncio.gather(*(stream.read() for stream in streams))
            assert {one.revision for one in heard} == {moved.revision}
            assert {(one.alias.alias, one.alias.version) for one in heard} == {("champion", 1)}
            assert model.metric("watchers") == WATCHERS
        finally:
            for channel in channels:
                await channel.close()
