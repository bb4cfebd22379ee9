"""A service with one method of every kind, to look at the harness from the outside.

`python -m tests.servers.probe` runs it as a process. Messages are plain bytes.
"""

import asyncio
import errno
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from mazemesh import errors
from services._harness import Port, Server, ServiceSettings, run

NAME = "probe.Probe"
GARBAGE = b"\xff"
"""No message of the probe's."""


class ProbeSettings(ServiceSettings):
    component: ClassVar[str] = "probe"
    port: Port = 0
    crash: bool = False


class Probe:
    """Echoes, or fails as the request asks.

    By `!NotFound`, `!NotFound/REASON`, `!abort`, `!full`, `!long`, `!bug`, `!hold`,
    `!field`, `!later`.
    """

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()
        self.closed = asyncio.Event()

    async def unary_unary(self, request: bytes, context: Any) -> bytes:
        return await self._answer(request, context)

    async def unary_stream(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        try:
            for part in request.split(b" "):
                yield await self._answer(part, context)
        finally:
            self.closed.set()

    async def stream_unary(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        return b" ".join([await self._answer(request, context) async for request in requests])

    async def stream_stream(self, _: Any, context: Any) -> None:
        """In reader-writer style, where `unary_stream` is a generator."""
        while (request := await context.read()) is not grpc.aio.EOF:
            await context.write(await self._answer(request, context))

    async def _answer(self, request: bytes, context: Any) -> bytes:
        if not request.startswith(b"!"):
            return request
        order = request[1:].decode()
        if order == "abort":
            await context.abort(grpc.StatusCode.DATA_LOSS, "aborted by the servicer")
        if order == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        if order == "long":
            raise errors.NotFound(f"there is no policy {'x' * 20_000}; see ListPolicies")
        if order == "bug":
            raise KeyError("secret detail")
        if order == "hold":
            await self._hold()
        if order == "field":
            raise errors.InvalidArgument("rows[3].size: -1 is negative")
        if order == "later":
            raise errors.ResourceExhausted("all places are taken", retry_after=2.5)
        kind, _, reason = order.partition("/")
        raise getattr(errors, kind)(f"{kind} says what is wrong", reason=reason)

    async def _hold(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()


def decode(data: bytes) -> bytes:
    if data == GARBAGE:
        raise DecodeError("this is no message")
    return data


def add_probe(probe: Probe, server: grpc.aio.Server) -> None:
    handlers = {
        "UnaryUnary": grpc.unary_unary_rpc_method_handler(probe.unary_unary, decode),
        "UnaryStream": grpc.unary_stream_rpc_method_handler(probe.unary_stream, decode),
        "StreamUnary": grpc.stream_unary_rpc_method_handler(probe.stream_unary, decode),
        "StreamStream": grpc.stream_stream_rpc_method_handler(probe.stream_stream, decode),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))


async def bind(settings: ProbeSettings, server: Server) -> None:
    server.add_servicer(NAME, add_probe, Probe())

    async def crash() -> None:
        raise RuntimeError("a background task fell over")

    if settings.crash:
        server.background(crash, "crasher")


async def call(channel: grpc.aio.Channel, kind: str, *requests: bytes) -> list[bytes]:
    """Calls a method of the probe by its kind, e.g. `UnaryStream`, and collects the answers."""
    path = f"/{NAME}/{kind}"
    argument: Any = requests[0] if kind.startswith("Unary") else iter(requests)
    if kind == "UnaryUnary":
        return [await channel.unary_unary(path)(argument, timeout=10)]
    if kind == "StreamUnary":
        return [await channel.stream_unary(path)(argument, timeout=10)]
    if kind == "UnaryStream":
        return [answer async for answer in channel.unary_stream(path)(argument, timeout=10)]
    return [answer async for answer in channel.stream_stream(path)(argument, timeout=10)]


if __name__ == "__main__":
    run(ProbeSettings, bind)
