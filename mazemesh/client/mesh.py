"""All five clients of a mesh in one object.

`connect()` gives a `Mesh` whose `.game`, `.matchmaker`, `.model`, `.elo` and `.replay` open a
channel when they are first used. Clients are synchronous and may be shared by threads.
"""

from __future__ import annotations

from functools import cached_property
from types import TracebackType
from typing import Self

from mazemesh.client.addresses import Addresses
from mazemesh.client.elo import EloClient
from mazemesh.client.game.game import GameClient
from mazemesh.client.game.games_session import RECONNECT_SECONDS
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.client.model import ModelClient
from mazemesh.client.replay.compression import Compression
from mazemesh.client.replay.experience_tables import ExperienceTables
from mazemesh.client.replay.replay_shards import connect_replay


class Mesh:
    """Clients for the services at `addresses`; each connects at its first use."""

    def __init__(
        self,
        addresses: Addresses,
        *,
        reconnect_seconds: float = RECONNECT_SECONDS,
        compression: Compression = Compression.AUTO,
    ) -> None:
        """Connects to nothing yet.

        Args:
            addresses: Of the services.
            reconnect_seconds: How long sessions of games try to go on over a cut connection.
            compression: Of the experience that is written.
        """
        self.addresses = addresses
        self._reconnect_seconds = reconnect_seconds
        self._compression = compression

    @cached_property
    def game(self) -> GameClient:
        """Plays and creates games."""
        return GameClient(self.addresses.game, reconnect_seconds=self._reconnect_seconds)

    @cached_property
    def matchmaker(self) -> MatchmakerClient:
        """Decides who plays whom."""
        return MatchmakerClient(self.addresses.matchmaker)

    @cached_property
    def model(self) -> ModelClient:
        """Publishes and fetches policies."""
        return ModelClient(self.addresses.model)

    @cached_property
    def elo(self) -> EloClient:
        """Records results and tells ratings."""
        return EloClient(self.addresses.elo)

    @cached_property
    def replay(self) -> ExperienceTables:
        """Stores and samples experience, on one service or several."""
        return connect_replay(self.addresses.replay, self._compression)

    def close(self) -> None:
        """Closes the channels that were opened."""
        for name in ("game", "matchmaker", "model", "elo", "replay"):
            client = self.__dict__.pop(name, None)
            if client is not None:
                client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def connect(host: str | None = None, port_base: int | None = None) -> Mesh:
    """Clients for a mesh: at `host` and `port_base` if given, else where the environment says.

    See `Addresses.from_environment` for the variables. Nothing is sent before the first call, so a
    mesh that is down shows as `Unavailable` there.
    """
    return Mesh(Addresses.from_environment(host, port_base))
