"""A TCP proxy that is as slow as a link: so many bits a second, and so far away."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

_PIECE_BYTES: Final = 16 * 1024
_QUEUE_BYTES: Final = 256 * 1024
"""What waits to go over the link, as in a router; the sender waits with the rest."""


class _Direction:
    """One way of the link, which all connections share."""

    def __init__(self, bytes_per_second: float, delay: float) -> None:
        self._rate = bytes_per_second
        self._delay = delay
        self._free_at = 0.0
        self.bytes = 0

    async def pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Carries until one end closes."""
        clock = asyncio.get_running_loop().time
        arriving: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivering = asyncio.create_task(_deliver(arriving, sink))
        try:
            while data := await source.read(_PIECE_BYTES):
                self.bytes += len(data)
                self._free_at = max(self._free_at, clock()) + len(data) / self._rate
                arriving.put_nowait((self._free_at + self._delay, data))
                await asyncio.sleep(self._free_at - clock() - _QUEUE_BYTES / self._rate)
        finally:
            arriving.put_nowait((0.0, b""))
            with suppress(OSError):
                await delivering


async def _deliver(
    arriving: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter
) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        at, data = await arriving.get()
        if not data:
            break
        await asyncio.sleep(at - clock())
        sink.write(data)
        await sink.drain()
    sink.close()


class ShapingProxy:
    """Forwards to `target` ("host:port") from an address of its own; a context manager.

    Args:
        target: Where to.
        megabits: A second, each way, of all connections together.
        round_trip: Seconds, half of them each way.

    Attributes:
        address: Where it listens.
    """

    def __init__(self, target: str, megabits: float, round_trip: float) -> None:
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        rate = megabits * 1e6 / 8
        self._up, self._down = (_Direction(rate, round_trip / 2) for _ in range(2))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link")
        self._ends: set[asyncio.StreamWriter] = set()
        self.address = ""

    @property
    def sent_bytes(self) -> int:
        """To the target so far."""
        return self._up.bytes

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._connect, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _connect(self, near: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        try:
            far, request = await asyncio.open_connection(*self._target)
        except OSError:
            answer.close()
            return
        ends = {answer, request}
        self._ends |= ends
        with suppress(OSError):
            await asyncio.gather(self._up.pump(near, request), self._down.pump(far, answer))
        self._ends -= ends

    async def _end(self) -> None:
        self._server.close()
        for end in self._ends:
            end.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)
