"""Calls to the services on the event loop, each with the key of who asks.

One channel a service carries everybody's calls: a key is metadata of a call. So a thousand people
cost one connection, and no thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
import grpc.aio

from mazemesh.client.addresses import Addresses, split_addresses
from mazemesh.client.channel import DEADLINE, open_aio_channel
from mazemesh.client.credentials import Credentials
from mazemesh.error_details import details_in
from mazemesh.errors import MazemeshError, NotFound, Unavailable, from_status
from mazemesh.kserve.inference_pb2_grpc import GRPCInferenceServiceStub
from mazemesh.v1.elo_pb2_grpc import EloServiceStub
from mazemesh.v1.game_pb2_grpc import GameServiceStub
from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceStub
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from mazemesh.v1.replay_pb2_grpc import ReplayServiceStub
from services._harness.access.callers.roles import RPCS, Kind

if TYPE_CHECKING:
    # Types alone: gRPC has one class of stubs for both kinds of channels.
    from mazemesh.kserve.inference_pb2_grpc import GRPCInferenceServiceAsyncStub
    from mazemesh.v1.elo_pb2_grpc import EloServiceAsyncStub
    from mazemesh.v1.game_pb2_grpc import GameServiceAsyncStub
    from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceAsyncStub
    from mazemesh.v1.model_pb2_grpc import ModelServiceAsyncStub
    from mazemesh.v1.replay_pb2_grpc import ReplayServiceAsyncStub

Request = TypeVar("Request")
Response = TypeVar("Response")

STREAM_IDLE_SECONDS = 65.0
"""Longest silence of a watch: services tell something at least every 20 s."""


class Rpcs:
    """The services' methods: `await rpcs.ask(rpcs.elo.GetLeaderboard, request, key)`.

    Args:
        addresses: Of the services.
        credentials: Of the channels; their key is shown where a caller has none.
    """

    def __init__(self, addresses: Addresses, credentials: Credentials) -> None:
        self._addresses, self._credentials = addresses, credentials
        self._channels: dict[str, grpc.aio.Channel] = {}

    @cached_property
    def elo(self) -> EloServiceAsyncStub:
        """Ratings."""
        return EloServiceStub(self._channel(self._addresses.elo))

    @cached_property
    def model(self) -> ModelServiceAsyncStub:
        """Policies."""
        return ModelServiceStub(self._channel(self._addresses.model))

    @cached_property
    def kserve(self) -> GRPCInferenceServiceAsyncStub:
        """Policies, by KServe v2."""
        return GRPCInferenceServiceStub(self._channel(self._addresses.model))

    @cached_property
    def matchmaker(self) -> MatchmakerServiceAsyncStub:
        """Who plays whom."""
        return MatchmakerServiceStub(self._channel(self._addresses.matchmaker))

    @cached_property
    def game(self) -> GameServiceAsyncStub:
        """Games, at any instance."""
        return GameServiceStub(self._channel(self._addresses.game))

    @cached_property
    def games(self) -> tuple[GameServiceAsyncStub, ...]:
        """Games, at each instance: what runs at one only that one knows."""
        each = split_addresses(self._addresses.game)
        return tuple(GameServiceStub(self._channel(one)) for one in each)

    @cached_property
    def replays(self) -> tuple[ReplayServiceAsyncStub, ...]:
        """Experience, at each shard."""
        each = split_addresses(self._addresses.replay)
        return tuple(ReplayServiceStub(self._channel(one)) for one in each)

    def at(self, address: str) -> grpc.aio.Channel:
        """The channel to an address of a service."""
        return self._channel(address)

    async def ask(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        key: str = "",
        deadline: float = DEADLINE,
    ) -> Response:
        """One unary call.

        Raises:
            MazemeshError: the service's own refusal, `Unavailable` or `DeadlineExceeded`.
        """
        try:
            return await method(request, timeout=deadline, metadata=self._metadata(key))
        except grpc.RpcError as error:
            raise _translated(error) from error
        except grpc.aio.UsageError as error:
            raise Unavailable("the gateway stops") from error

    async def follow(
        self,
        method: grpc.aio.UnaryStreamMultiCallable[Request, Response],
        request: Request,
        key: str = "",
        idle: float = STREAM_IDLE_SECONDS,
        deadline: float | None = None,
    ) -> AsyncIterator[Response]:
        """Messages of a stream; closing the iterator ends it.

        Raises:
            MazemeshError: as `ask`; `Unavailable` too when nothing came for `idle` seconds.
        """
        call: Any = method(request, timeout=deadline, metadata=self._metadata(key))
        try:
            while True:
                async with asyncio.timeout(idle):
                    message = await call.read()
                if message is grpc.aio.EOF:
                    return
                yield message
        except TimeoutError as error:
            raise Unavailable(f"nothing came for {idle:g} s") from error
        except grpc.RpcError as error:
            raise _translated(error) from error
        finally:
            call.cancel()

    async def follow_game(self, request: Any, key: str = "") -> AsyncIterator[Any]:
        """Frames of a running game, at whichever instance it runs.

        Raises:
            NotFound: it runs at none.
        """
        last: MazemeshError = NotFound("no instance of Game is known")
        for one in self.games:
            begun = False
            try:
                async for frame in self.follow(one.WatchGame, request, key):
                    begun = True
                    yield frame
                return
            except (NotFound, Unavailable) as error:
                if begun:
                    raise
                last = error
        raise last

    def game_at(self, address: str) -> GameServiceAsyncStub:
        """Games at the instance of an address that a service told; empty: at any."""
        return GameServiceStub(self._channel(address)) if address else self.game

    def two_way(
        self, method: grpc.aio.StreamStreamMultiCallable[Request, Response], key: str = ""
    ) -> grpc.aio.StreamStreamCall[Request, Response]:
        """A stream both ways, to be read and written; what it raises, `told` translates."""
        return method(metadata=self._metadata(key))

    @staticmethod
    def told(error: grpc.RpcError) -> MazemeshError:
        """The exception that a failed call is."""
        return _translated(error)

    async def close(self) -> None:
        """Closes the channels, which ends their calls."""
        channels, self._channels = list(self._channels.values()), {}
        for channel in channels:
            await channel.close(0.0)

    def _channel(self, address: str) -> grpc.aio.Channel:
        if address not in self._channels:
            keyless = replace(self._credentials, key="")
            self._channels[address] = open_aio_channel(
                address, _read_methods(), credentials=keyless
            )
        return self._channels[address]

    def _metadata(self, key: str) -> tuple[tuple[str, str], ...]:
        return replace(self._credentials, key=key).metadata if key else self._credentials.metadata

    def check(self) -> None:
        """Whether keys may be sent to all of the services.

        Raises:
            InvalidArgument: one would go over a network in the clear.
        """
        if self._credentials.ca:
            return
        shown = replace(self._credentials, key="any")
        for address in vars(self._addresses).values():
            shown.check_clear(address)


def _translated(error: grpc.RpcError) -> MazemeshError:
    """The exception of a failed call; where the service is, strangers need not know."""
    call: Any = error
    code: grpc.StatusCode = call.code()
    if code is grpc.StatusCode.UNAVAILABLE and "failed to connect" in (call.details() or ""):
        return Unavailable("the service behind this cannot be reached; is it running?")
    return from_status(code, call.details() or code.name, details_in(call.trailing_metadata()))


def _read_methods() -> list[tuple[str, str]]:
    """What may be asked again: pairs of service and method that change nothing."""
    names = (name for name, rule in RPCS.items() if rule.kind is Kind.READ)
    pairs = (name.removeprefix("/").rsplit("/", 1) for name in names)
    return [(service, method) for service, method in pairs]
