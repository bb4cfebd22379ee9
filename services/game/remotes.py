"""The peers over the network: Elo, which is told results."""

from __future__ import annotations

from collections.abc import Sequence

from mazemesh.v1 import elo_pb2
from services._harness.peers.connecting import elo_peer


class RemoteElo:
    """`EloPeer` by an `EloClient`."""

    def __init__(self, address: str) -> None:
        self._elo = elo_peer(address)

    async def record(self, results: Sequence[elo_pb2.MatchResult]) -> list[int]:
        """See `EloPeer`."""
        return await self._elo.call(lambda client: client.record(results))

    async def close(self) -> None:
        """Closes the channel; a call in flight ends."""
        await self._elo.close()
