"""`python -m bench.matchmaker.echo`: FindMatch as bare gRPC can have it, which tells the limit.

Two messages a stream and no work: the first at once, the second when a partner's stream is there.
Prints its address, then serves until it is stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

from mazemesh.v1 import matchmaker_pb2 as pb

QUEUED = pb.FindMatchResponse(ticket_id="0" * 36, queued=pb.Queued(rating=1000.0, window=100.0))


class Echo:
    """Puts every second stream together with the one before."""

    def __init__(self) -> None:
        self._first: asyncio.Future[None] | None = None
        self._matches = 0

    async def find(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        """One player."""
        yield QUEUED.SerializeToString()
        if self._first is None:
            self._first = asyncio.get_running_loop().create_future()
            await self._first
        else:
            first, self._first = self._first, None
            self._matches += 1
            first.set_result(None)
        matched = pb.Matched(match_id=str(self._matches), participants=["run:1", "run:2"])
        yield pb.FindMatchResponse(ticket_id="0" * 36, matched=matched).SerializeToString()


async def serve() -> None:
    """Serves until it is killed."""
    server = grpc.aio.server()
    handler = grpc.unary_stream_rpc_method_handler(Echo().find)
    service = grpc.method_handlers_generic_handler(
        "mazemesh.v1.MatchmakerService", {"FindMatch": handler}
    )
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve())
