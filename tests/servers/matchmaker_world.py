"""A Matchmaker over a real socket, with peers written by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mazemesh.client.matchmaker import MatchmakerClient
from services._harness import Server, serve
from services.matchmaker.bind import bind_with
from services.matchmaker.remotes import Peers
from services.matchmaker.settings import MatchmakerSettings
from tests.unit.matchmaker.fakes import FakeElo, FakeGame, FakeModel, snapshot


@dataclass
class World:
    """Peers that outlive the server, and the server's folder."""

    folder: Path
    game: FakeGame = field(default_factory=FakeGame)
    elo: FakeElo = field(default_factory=FakeElo)
    model: FakeModel = field(default_factory=FakeModel)
    settings: dict[str, object] = field(default_factory=dict)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[tuple[Server, MatchmakerClient]]:
        settings = MatchmakerSettings(
            port=0,
            metrics_port=0,
            data_dir=self.folder,
            **self.settings,  # type: ignore[arg-type]
        )

        async def bind(settings: MatchmakerSettings, server: Server) -> None:
            await bind_with(settings, server, Peers(self.game, self.elo, self.model))

        async with serve(settings, bind) as server:
            client = MatchmakerClient(server.address)
            try:
                await self.model.listed.wait()
                yield server, client
            finally:
                client.close()


def world_with_one_snapshot(folder: Path) -> World:
    """Peers of whom Model has `race:1`."""
    world = World(folder)
    world.model.keep(snapshot(1))
    return world
