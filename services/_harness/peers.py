"""The clients by which a service calls another one.

They are synchronous, so each call waits in a thread. Their modules are imported, and their channels
opened, by the first call: a service starts without its peers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import cached_property
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Client(Protocol):
    """What can be closed, which ends its calls in flight."""

    def close(self) -> None:
        """Closes the channel."""


ClientT = TypeVar("ClientT", bound=Client)


class Peer(Generic[ClientT]):
    """A client that is made when it is first needed.

    Args:
        make: Imports and makes the client.
        threads: Where its calls wait; None is the event loop's own threads.
    """

    def __init__(self, make: Callable[[], ClientT], threads: Executor | None = None) -> None:
        self._make = make
        self._threads = threads

    @cached_property
    def _client(self) -> ClientT:
        return self._make()

    async def call(self, work: Callable[[ClientT], T]) -> T:
        """What `work(client)` returns or raises, in a thread; cancelling does not stop it."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(self._client))

    async def close(self) -> None:
        """Closes the channel, if there ever was one; a call in flight ends."""
        if "_client" in vars(self):
            await asyncio.to_thread(self._client.close)
