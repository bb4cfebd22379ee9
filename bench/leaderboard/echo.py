"""`python -m bench.leaderboard.echo`: the least that an answer can cost.

gRPC that answers every call of the leaderboard with the same page, which it reads as hexadecimal
from the first line of standard input. Prints its address, and ends with standard input.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import grpc.aio

from bench.leaderboard.queries import METHOD
from services._harness.event_loop import new_event_loop


@contextmanager
def echo(answer: bytes) -> Iterator[str]:
    """The address of such a server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "bench.leaderboard.echo"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(answer.hex() + "\n")
        process.stdin.flush()
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(30)


async def _serve(answer: bytes) -> None:
    server = grpc.aio.server()
    service, _, method = METHOD[1:].partition("/")

    async def call(request: bytes, context: Any) -> bytes:
        return answer

    handlers: Any = {method: grpc.unary_unary_rpc_method_handler(call)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(None)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(bytes.fromhex(sys.stdin.readline())))
