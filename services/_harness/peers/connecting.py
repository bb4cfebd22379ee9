"""The clients by which a service calls another one.

They are synchronous, so each call waits in a thread. Their modules are imported, and their channels
opened, by the first call: a service starts without its peers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from functools import cached_property
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from mazemesh.client.elo import EloClient
    from mazemesh.client.game.game import GameClient
    from mazemesh.client.model import ModelClient

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
        # The trace that the call is part of, and the fields of its log lines, are in the context.
        run = copy_context().run
        return await loop.run_in_executor(self._threads, lambda: run(work, self._client))

    async def close(self) -> None:
        """Closes the channel, if there ever was one; a call in flight ends."""
        if "_client" in vars(self):
            await asyncio.to_thread(self._client.close)


def game_peer(address: str, threads: Executor | None = None) -> Peer[GameClient]:
    """The Game service."""

    def make() -> GameClient:
        from mazemesh.client.game.game import GameClient

        return GameClient(address)

    return Peer(make, threads)


def elo_peer(address: str) -> Peer[EloClient]:
    """The Elo service."""

    def make() -> EloClient:
        from mazemesh.client.elo import EloClient

        return EloClient(address)

    return Peer(make)


def model_peer(address: str) -> Peer[ModelClient]:
    """The Model service."""

    def make() -> ModelClient:
        from mazemesh.client.model import ModelClient

        return ModelClient(address)

    return Peer(make)
