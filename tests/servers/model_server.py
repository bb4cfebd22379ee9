"""A Model service over real sockets in a thread, for tests that call it by its blocking client."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from mazemesh.client.model import ModelClient
from services._harness import serve
from services.model.bind import bind
from services.model.settings import ModelSettings


class RunningModel:
    """A service that runs; `close` drains it."""

    def __init__(self, data_dir: Path, **settings: Any) -> None:
        self.data_dir = data_dir
        self._settings = ModelSettings(port=0, data_dir=data_dir, **settings)
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self.address = ""
        self.registry = CollectorRegistry()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        self._loop, self._end = self._ready.result(30)
        self.client = ModelClient(self.address)

    async def _run(self) -> None:
        try:
            async with serve(self._settings, bind) as server:
                self.address, self.registry = server.address, server.registry
                end = asyncio.Event()
                self._ready.set_result((asyncio.get_running_loop(), end))
                await end.wait()
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise

    def drain(self) -> None:
        """Begins to stop."""
        self._loop.call_soon_threadsafe(self._end.set)

    def close(self) -> None:
        self.drain()
        self._thread.join(30)
        assert not self._thread.is_alive()
        self.client.close()

    def blobs(self) -> set[str]:
        """Names of all files that are kept."""
        return {path.name for path in (self.data_dir / "blobs").glob("*/*")}

    def uploads(self) -> list[Path]:
        """Files that are not finished."""
        return list((self.data_dir / "uploads").iterdir())

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"mazemesh_model_{name}", labels) or 0.0


@contextmanager
def running_model(data_dir: Path, **settings: Any) -> Iterator[RunningModel]:
    model = RunningModel(data_dir, **settings)
    try:
        yield model
    finally:
        model.close()


def eventually(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits for what a server does after its caller has gone and so cannot be told."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if true():
            return
        pause.wait(0.02)
    raise AssertionError("it did not become true")
