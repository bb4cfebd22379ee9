"""The servers of this project that are measured; each runs in a process of its own."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import grpc.aio

from bench.inference.workload import Workload

ECHO = "/bench.Echo/Call"
SIZE = struct.Struct("<I")
_MAX_BYTES = 64 * 1024 * 1024


class Served(NamedTuple):
    """What a server is made with."""

    hidden: tuple[int, ...]
    wait_ms: float


@asynccontextmanager
async def serve_model(served: Served) -> AsyncIterator[str]:
    """The Model service with one version; only what is measured is left out: nothing."""
    from mazemesh.client.model import ModelClient
    from mazemesh.v1 import model_pb2 as pb
    from services._harness import Server
    from services.model.bind import bind
    from services.model.settings import ModelSettings

    _on_all_cores()
    with tempfile.TemporaryDirectory() as folder:
        settings = ModelSettings(
            port=0, data_dir=Path(folder), inference_batch_wait_ms=served.wait_ms
        )
        server = Server(settings)
        server.listen()
        await bind(settings, server)
        await server.start()
        try:
            await _publish(partial(ModelClient, server.address), pb, Workload(served.hidden))
            yield server.address
        finally:
            await server.stop()


async def _publish(client: Any, pb: Any, workload: Workload) -> None:
    import asyncio

    import numpy as np

    from mazemesh.policy.onnx_policy import OnnxPolicy
    from mazemesh.wire.tensors import to_tensor

    rng = np.random.default_rng(0)
    observation = rng.integers(0, 256, (8, workload.observation_size), dtype=np.uint8)
    mask = np.ones((8, workload.num_actions), np.uint8)
    logits, value, _ = OnnxPolicy("parity:1", workload.file).infer(observation, mask)
    parity = pb.ParityCheck(
        observation=to_tensor(observation),
        action_mask=to_tensor(mask),
        logits=to_tensor(logits),
        value=to_tensor(value),
    )
    header = pb.PublishPolicyHeader(name="race", parity=parity)

    def publish() -> None:
        model = client()
        model.publish(header, workload.file)
        model.close()

    await asyncio.to_thread(publish)


@asynccontextmanager
async def serve_echo() -> AsyncIterator[str]:
    """A bare gRPC server of the same kind; a request begins with how long its answer is to be."""
    _on_all_cores()

    async def echo(request: bytes, context: object) -> bytes:
        return bytes(SIZE.unpack_from(request)[0])

    server = grpc.aio.server(
        options=(
            ("grpc.max_receive_message_length", _MAX_BYTES),
            ("grpc.max_send_message_length", _MAX_BYTES),
        )
    )
    handler = grpc.unary_unary_rpc_method_handler(echo)
    service, _, method = ECHO.removeprefix("/").partition("/")
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


def _on_all_cores() -> None:
    """Servers here have processes of their own, and all that is measured has the whole machine."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
