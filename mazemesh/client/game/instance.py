"""One server of the Game service, as the client knows it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import grpc

from mazemesh.client.channel import DEADLINE, ServiceClient, open_channel
from mazemesh.client.credentials import Credentials
from mazemesh.client.game.own_thread_stream import Stream, open_stream
from mazemesh.v1.game_pb2_grpc import GameServiceStub

T = TypeVar("T")

_SERVICE = "mazemesh.v1.GameService"
_RUN_GAMES = f"/{_SERVICE}/RunGames"


class GameInstance(ServiceClient):
    """Its channel, and the streams to it. Thread-safe.

    Attributes:
        stub: The methods of the service.
    """

    def __init__(self, address: str, credentials: Credentials | None = None) -> None:
        # Creating is idempotent by match id, replacing by the player who comes.
        methods = (
            "ListGames",
            "GetGameSpec",
            "CreateGames",
            "ListActiveGames",
            "GetReplay",
            "ListReplays",
            "ListVacantSeats",
            "ReplacePlayer",
        )
        super().__init__(address, tuple((_SERVICE, method) for method in methods), credentials)
        self.stub = GameServiceStub(self.channel)
        self._local: dict[str, grpc.Channel] = {}
        self._local_lock = threading.Lock()

    def ask(
        self, method: Callable[..., T], request: object, deadline: float | None = DEADLINE
    ) -> T:
        """The answer to a unary call; raises what the server raises."""
        return self._call(method, request, deadline)

    def follow(self, method: Callable[..., Iterator[T]], request: object) -> Iterator[T]:
        """Messages of a stream without end; raises what the server raises."""
        return self._stream(method, request, None)

    def run_games(self, first: bytes) -> Stream:
        """A stream of RunGames that begins with a message."""
        # Steps of megabytes come as bytes: the generated class would copy them twice.
        return open_stream(self.channel, _RUN_GAMES, self.address, first)

    def run_games_locally(self, address: str, first: bytes) -> Stream:
        """A stream at an address that a server on this machine told."""
        with self._local_lock:
            if address not in self._local:
                self._local[address] = open_channel(address)
            return open_stream(self._local[address], _RUN_GAMES, address, first)

    def close(self) -> None:
        """Closes the channels; calls in flight end with `Unavailable`."""
        super().close()
        with self._local_lock:
            for channel in self._local.values():
                channel.close()
