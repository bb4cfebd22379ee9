"""The peers over the network: Elo, which is told results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mazemesh.v1 import elo_pb2
from services._harness.peers import Peer

if TYPE_CHECKING:
    from mazemesh.client.elo import EloClient


class RemoteElo:
    """`EloPeer` by an `EloClient`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._elo: Peer[EloClient] = Peer(self._connect)

    def _connect(self) -> EloClient:
        from mazemesh.client.elo import EloClient  # needed once the first rated match is over

        return EloClient(self._address)

    async def record(self, results: Sequence[elo_pb2.MatchResult]) -> list[int]:
        """See `EloPeer`."""
        return await self._elo.call(lambda client: client.record(results))

    async def close(self) -> None:
        """Closes the channel; a call in flight ends."""
        await self._elo.close()
