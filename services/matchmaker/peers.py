"""The services that the Matchmaker calls, as far as it needs them.

The clients are synchronous, so each call runs in a thread. Their modules are imported when they are
first needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from mazemesh.errors import NotFound
from mazemesh.v1 import elo_pb2, game_pb2, model_pb2
from services._harness.game_specs import RemoteSpecs, SpecPeer
from services.matchmaker.rating.players import Rating

if TYPE_CHECKING:
    from mazemesh.client.elo import EloClient
    from mazemesh.client.game.game import GameClient
    from mazemesh.client.model import ModelClient

_PAGE_SIZE = 1000


class GamePeer(SpecPeer, Protocol):
    """The Game service."""

    async def create(self, setups: Sequence[game_pb2.MatchSetup]) -> list[game_pb2.CreatedMatch]:
        """Creates the games of all matches or of none; raises the errors of CreateGames."""


class EloPeer(Protocol):
    """The Elo service."""

    async def ratings(self, ladder: str) -> dict[str, Rating]:
        """All players of a ladder."""

    async def rating(self, ladder: str, player: str) -> Rating | None:
        """One player; None when it has no result."""


class ModelPeer(Protocol):
    """The Model service."""

    async def snapshots(self) -> list[model_pb2.PolicyVersion]:
        """All ready snapshots."""

    def watch(self) -> AsyncIterator[model_pb2.WatchPoliciesResponse]:
        """Changes from now on, with heartbeats, until an error."""


class RemoteGame:
    """`GamePeer` by a `GameClient`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._specs = RemoteSpecs(address)

    @cached_property
    def _client(self) -> GameClient:
        from mazemesh.client.game.game import GameClient

        return GameClient(self._address)

    async def create(self, setups: Sequence[game_pb2.MatchSetup]) -> list[game_pb2.CreatedMatch]:
        """See `GamePeer`."""
        return list(await asyncio.to_thread(lambda: self._client.create(setups)))

    async def spec(
        self, request: game_pb2.GetGameSpecRequest, wait: float
    ) -> game_pb2.GetGameSpecResponse:
        """See `SpecPeer`."""
        return await self._specs.spec(request, wait)

    async def close(self) -> None:
        """Closes the channels."""
        await self._specs.close()
        await _close(self, lambda: self._client.close())


class RemoteElo:
    """`EloPeer` by an `EloClient`."""

    def __init__(self, address: str) -> None:
        self._address = address

    @cached_property
    def _client(self) -> EloClient:
        from mazemesh.client.elo import EloClient

        return EloClient(self._address)

    async def ratings(self, ladder: str) -> dict[str, Rating]:
        """See `EloPeer`."""
        return await asyncio.to_thread(self._all, ladder)

    async def rating(self, ladder: str, player: str) -> Rating | None:
        """See `EloPeer`."""
        try:
            found = await asyncio.to_thread(lambda: self._client.rating(ladder, player))
        except NotFound:
            return None
        return _rating(found)

    async def close(self) -> None:
        """Closes the channel."""
        await _close(self, lambda: self._client.close())

    def _all(self, ladder: str) -> dict[str, Rating]:
        found: dict[str, Rating] = {}
        token = ""
        while True:
            page = self._client.leaderboard(ladder, page_size=_PAGE_SIZE, page_token=token)
            found.update((player.player, _rating(player)) for player in page.players)
            token = page.next_page_token
            if not token:
                return found


class RemoteModel:
    """`ModelPeer` by a `ModelClient`."""

    def __init__(self, address: str) -> None:
        self._address = address

    @cached_property
    def _client(self) -> ModelClient:
        from mazemesh.client.model import ModelClient

        return ModelClient(self._address)

    async def snapshots(self) -> list[model_pb2.PolicyVersion]:
        """See `ModelPeer`."""
        return await asyncio.to_thread(lambda: list(self._client.list(snapshots_only=True)))

    async def watch(self) -> AsyncIterator[model_pb2.WatchPoliciesResponse]:
        """See `ModelPeer`."""
        stream = await asyncio.to_thread(lambda: self._client.watch())
        # A thread waits in next(); closing the channel is what ends it when the service stops.
        while (event := await asyncio.to_thread(next, stream, None)) is not None:
            yield event

    async def close(self) -> None:
        """Closes the channel, which ends a watch."""
        await _close(self, lambda: self._client.close())


def _rating(player: elo_pb2.PlayerRating) -> Rating:
    return Rating(player.rating, player.low, player.high, player.matches)


async def _close(peer: object, close: Callable[[], None]) -> None:
    if "_client" in vars(peer):
        await asyncio.to_thread(close)
