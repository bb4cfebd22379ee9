"""What `command` measures: the Replay service, and a bare gRPC server as its ceiling."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio

ECHO_IN = "/bench.Echo/In"
"""Takes a large message and answers a small one, as an insert does."""
ECHO_OUT = "/bench.Echo/Out"
"""Takes the wanted size as text and answers so many bytes, as a sample does."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
OPTIONS = [
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
]


@asynccontextmanager
async def serve_replay(durability: str = "none", folder: str = "") -> AsyncIterator[str]:
    """In `folder`, or in one that is deleted at the end."""
    from services._harness import serve
    from services.replay.bind import bind
    from services.replay.settings import ReplaySettings

    with tempfile.TemporaryDirectory() as temporary:
        settings = ReplaySettings(
            port=0, data_dir=Path(folder or temporary), seed=1, durability=durability
        )
        async with serve(settings, bind) as server:
            yield server.address


@asynccontextmanager
async def serve_echo() -> AsyncIterator[str]:
    from mazemesh.process.memory import keep_freed_memory

    # The ceiling is to differ from the service in nothing but the service.
    keep_freed_memory()
    answers: dict[bytes, bytes] = {}

    async def take(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        return b"ok"

    async def give(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        if request not in answers:
            answers[request] = bytes(int(request))
        return answers[request]

    class Handlers(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails):
            behaviour = {ECHO_IN: take, ECHO_OUT: give}[details.method]
            return grpc.unary_unary_rpc_method_handler(behaviour)

    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((Handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0.1)
