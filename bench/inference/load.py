"""Callers in a process of their own: so many at once, each asks again when it has its answer.

Arguments: one JSON object. Prints one: calls a second, and seconds of the median and 99th call.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np

Call = Callable[[], Awaitable[Any]]

_DEADLINE = 60.0


async def measure(call: Call, callers: int, seconds: float) -> dict[str, float]:
    """Calls of so many callers for so long, after a tenth of it to get going."""
    took: list[float] = []
    begins = time.perf_counter() + seconds / 10
    ends = begins + seconds

    async def caller() -> None:
        while (began := time.perf_counter()) < ends:
            await call()
            if began >= begins:
                took.append(time.perf_counter() - began)

    await call()
    await asyncio.gather(*(caller() for _ in range(callers)))
    spent = time.perf_counter() - begins
    p50, p99 = np.percentile(took, (50, 99))
    return {"calls_per_second": len(took) / spent, "p50_ms": 1e3 * p50, "p99_ms": 1e3 * p99}


async def infer_calls(address: str, batch: int, size: int) -> tuple[Call, Any, int, int]:
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
    return call, channel, request.ByteSize(), response.ByteSize()


async def kserve_calls(
    address: str, batch: int, size: int, num_actions: int
) -> tuple[Call, Any, int, int]:
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
    return call, client, batch * (size + num_actions) + 150, answer.ByteSize()


async def echo_calls(address: str, request_bytes: int) -> tuple[Call, Any, int, int]:
    """Calls of the echo, of bytes."""
    import grpc.aio

    from bench.inference.servers import ECHO

    channel = grpc.aio.insecure_channel(
        address, options=(("grpc.max_receive_message_length", 64 * 1024 * 1024),)
    )
    method: Any = channel.unary_unary(ECHO)
    request = bytes(request_bytes)
    return (lambda: method(request, timeout=_DEADLINE)), channel, request_bytes, 0


def _rows(batch: int, size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (batch, size), dtype=np.uint8)


async def main(told: dict[str, Any]) -> None:
    """Measures what the arguments say."""
    make = {"infer": infer_calls, "kserve": kserve_calls, "echo": echo_calls}[told["kind"]]
    call, channel, sent, received = await make(**told["calls"])
    found = await measure(call, told["callers"], told["seconds"])
    await channel.close()
    print(json.dumps({**found, "request_bytes": sent, "response_bytes": received}))


if __name__ == "__main__":
    from services._harness.event_loop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main(json.loads(sys.argv[1])))
