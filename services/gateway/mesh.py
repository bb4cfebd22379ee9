"""The clients of the services: those of a caller show the caller's own key.

So a role is looked at where it has always been, in the services; the gateway's table of endpoints
only says it earlier.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import TypeVar

from mazemesh.client.addresses import Addresses
from mazemesh.client.credentials import Credentials
from mazemesh.client.mesh import Mesh

T = TypeVar("T")


class Meshes:
    """A `Mesh` for each key that calls, those that called last.

    Clients are synchronous, so their calls wait in threads; each has its own deadline. Channels to
    one address share a connection, so a `Mesh` costs little.

    Args:
        addresses: Of the services.
        credentials: This process's own.
        most: Keys whose clients are held at once.
        threads: Calls that wait at the same time; more wait for a thread.
    """

    def __init__(
        self, addresses: Addresses, credentials: Credentials, most: int, threads: int
    ) -> None:
        self.addresses = addresses
        self._own = credentials
        self._most = most
        self._held: OrderedDict[str, Mesh] = OrderedDict()
        self._threads = ThreadPoolExecutor(threads, "mesh")

    def of(self, key: str) -> Mesh:
        """The clients that show a key; with "" those of this process, which show its own."""
        mesh = self._held.get(key)
        if mesh is None:
            mesh = self._held[key] = Mesh(self.addresses, self.credentials(key))
            if len(self._held) > self._most:
                _, oldest = self._held.popitem(last=False)
                # Its calls under way, of which each has a deadline, should end by themselves.
                asyncio.get_running_loop().call_later(60.0, oldest.close)
        else:
            self._held.move_to_end(key)
        return mesh

    def credentials(self, key: str) -> Credentials:
        """What channels of a key are opened with; "" is this process's own."""
        return replace(self._own, key=key) if key else self._own

    async def call(self, key: str, work: Callable[[Mesh], T]) -> T:
        """What `work(mesh)` returns or raises, in a thread; cancelling does not stop it."""
        mesh = self.of(key)
        run = copy_context().run
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: run(work, mesh))

    async def close(self) -> None:
        """Closes all channels, which ends their calls."""
        held, self._held = list(self._held.values()), OrderedDict()
        for mesh in held:
            await asyncio.to_thread(mesh.close)
        self._threads.shutdown(wait=False, cancel_futures=True)
