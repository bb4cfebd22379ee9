"""Callers in a process of their own: so many at once, each asks again when it has its answer.

Arguments: one JSON object, which names servers. They are asked in turn, for half a second each, so
that others who use the machine take from all of them alike. Prints one JSON object: of each server
calls a second, and milliseconds of the median and 99th call.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

_SLICE_SECONDS = 0.5
_DEADLINE = 60.0


@dataclass(frozen=True)
class Asked:
    """A server: how it is called, its channel, and bytes of a request and of an answer."""

    call: Callable[[], Awaitable[Any]]
    channel: Any
    request_bytes: int
    response_bytes: int


class Measured:
    """One server, asked now and again."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self._took: list[float] = []
        self._spent = 0.0

    async def go_on(self, callers: int, seconds: float) -> None:
        """Calls of so many callers for so long."""
        begins = time.perf_counter()
        ends = begins + seconds

        async def caller() -> None:
            while (began := time.perf_counter()) < ends:
                await self.asked.call()
                self._took.append(time.perf_counter() - began)

        await asyncio.gather(*(caller() for _ in range(callers)))
        self._spent += time.perf_counter() - begins

    def told(self) -> dict[str, float]:
        """What was found."""
        p50, p99 = np.percentile(self._took, (50, 99))
        rate = len(self._took) / self._spent
        return {
            "calls": len(self._took),
            "calls_per_second": rate,
            "p50_ms": 1e3 * p50,
            "p99_ms": 1e3 * p99,
        }


async def infer_calls(address: str, batch: int, size: int) -> Asked:
    """Calls of Infer by the stub of the contract."""
    from mazemesh.client.channel import open_aio_channel
    from mazemesh.v1 import model_pb2 as pb
    from mazemesh.v1 import tensor_pb2
    from mazemesh.v1.model_pb2_grpc import ModelServiceStub

    channel = open_aio_channel(address)
    stub: Any = ModelServiceStub(channel)
    column = tensor_pb2.NamedColumn(
        name="observation", dtype=tensor_pb2.DATA_TYPE_UINT8, data=_rows(batch, size).tobytes()
    )
    request = pb.InferRequest(policy="race", rows=batch, columns=[column])
    response = await stub.Infer(request, timeout=_DEADLINE)
    call = lambda: stub.Infer(request, timeout=_DEADLINE)  # noqa: E731
    return Asked(call, channel, request.ByteSize(), response.ByteSize())


async def kserve_calls(address: str, batch: int, size: int, num_actions: int) -> Asked:
    """Calls of ModelInfer by tritonclient."""
    import tritonclient.grpc.aio as triton

    client = triton.InferenceServerClient(address)
    inputs = []
    for name, rows in (
        ("observation", _rows(batch, size)),
        ("action_mask", np.ones((batch, num_actions), np.uint8)),
    ):
        one = triton.InferInput(name, rows.shape, "UINT8")
        one.set_data_from_numpy(rows)
        inputs.append(one)
    outputs = [triton.InferRequestedOutput(name) for name in ("logits", "value")]

    async def call() -> Any:
        return await client.infer("race", inputs, outputs=outputs, client_timeout=_DEADLINE)

    answer = (await call()).get_response()
    return Asked(call, client, batch * (size + num_actions) + 150, answer.ByteSize())


async def echo_calls(address: str, like: Asked) -> Asked:
    """Calls of the echo, of as many bytes as those of another server."""
    import grpc.aio

    from bench.inference.servers import ECHO, SIZE

    channel = grpc.aio.insecure_channel(
        address, options=(("grpc.max_receive_message_length", 64 * 1024 * 1024),)
    )
    method: Any = channel.unary_unary(ECHO)
    request = SIZE.pack(like.response_bytes) + bytes(like.request_bytes - SIZE.size)
    call = lambda: method(request, timeout=_DEADLINE)  # noqa: E731
    return Asked(call, channel, like.request_bytes, like.response_bytes)


def _rows(batch: int, size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (batch, size), dtype=np.uint8)


async def main(told: dict[str, Any]) -> None:
    """Measures what the arguments say."""
    makers: dict[str, Any] = {"infer": infer_calls, "kserve": kserve_calls, "echo": echo_calls}
    servers: dict[str, Measured] = {}
    for name, kind, calls in told["servers"]:
        more = {"like": servers["ours"].asked} if kind == "echo" else {}
        servers[name] = Measured(await makers[kind](**calls, **more))
        await servers[name].asked.call()
    for _ in range(max(1, round(told["seconds"] / _SLICE_SECONDS))):
        for server in servers.values():
            await server.go_on(told["callers"], _SLICE_SECONDS)
    for server in servers.values():
        await server.asked.channel.close()
    ours = servers["ours"].asked
    found: dict[str, Any] = {name: server.told() for name, server in servers.items()}
    found["ours"]["request_bytes"] = ours.request_bytes
    found["ours"]["response_bytes"] = ours.response_bytes
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    from services._harness.event_loop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main(json.loads(sys.argv[1])))
