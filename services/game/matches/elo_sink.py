"""The Elo service as the sink of results."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from mazemesh.v1 import elo_pb2

if TYPE_CHECKING:
    from mazemesh.client.elo import EloClient


class EloSink:
    """A `ResultSink` over the client of Elo, which is synchronous and so runs in a thread."""

    def __init__(self, address: str) -> None:
        self._address = address

    @cached_property
    def _client(self) -> EloClient:
        from mazemesh.client.elo import EloClient  # needed once the first rated match is over

        return EloClient(self._address)

    async def record(self, results: Sequence[elo_pb2.MatchResult]) -> list[int]:
        """See `ResultSink`."""
        return await asyncio.to_thread(lambda: self._client.record(results))

    async def close(self) -> None:
        """Closes the channel; a call in flight ends."""
        if "_client" in self.__dict__:
            await asyncio.to_thread(self._client.close)
