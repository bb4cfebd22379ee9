"""A service over real sockets in a thread, for tests that call it by its blocking client."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry

from services._harness import Bind, Server, ServiceSettings, serve

Settings = TypeVar("Settings", bound=ServiceSettings)


class RunningService(Generic[Settings]):
    """A service that runs; `close` drains it."""

    def __init__(
        self, settings: Settings, bind: Bind[Settings], kind: type[Server] = Server
    ) -> None:
        self._kind = kind
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self.address = ""
        self.registry = CollectorRegistry()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(settings, bind)))
        self._thread.start()
        self._loop, self._end = self._ready.result(30)

    async def _run(self, settings: Settings, bind: Bind[Settings]) -> None:
        try:
            async with serve(settings, bind, self._kind) as server:
                self.address, self.registry = server.address, server.registry
                end = asyncio.Event()
                self._ready.set_result((asyncio.get_running_loop(), end))
                await end.wait()
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise

    @property
    def thread(self) -> int:
        """Ident of the thread that it runs in."""
        assert self._thread.ident
        return self._thread.ident

    def drain(self) -> None:
        """Begins to stop."""
        self._loop.call_soon_threadsafe(self._end.set)

    def close(self) -> None:
        self.drain()
        self._thread.join(30)
        if self._thread.is_alive():
            told = asyncio.run_coroutine_threadsafe(_tasks(), self._loop).result(5)
            raise AssertionError(f"{self.address} does not stop: {told}")


async def _tasks() -> list[str]:
    """What the tasks of a loop that does not end are waiting for."""
    return [f"{task.get_name()}: {task.get_stack(limit=1)}" for task in asyncio.all_tasks()]


def eventually(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits for what a server does after its caller has gone and so cannot be told."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if true():
            return
        pause.wait(0.02)
    raise AssertionError("it did not become true")
