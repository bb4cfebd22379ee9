"""A Model service over real sockets in a thread, for tests that call it by its blocking client."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mazemesh.client.model import ModelClient
from mazemesh.errors import Unavailable
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from services._harness import Server
from services.model.bind import bind_with
from services.model.registry.rules import Gate
from services.model.remotes.game_and_elo import RemoteSmoke
from services.model.settings import ModelSettings
from tests.game_specs import FakeSpecs
from tests.servers.running import RunningService


class FakeGates:
    """Tells of gates as Elo does; away while `down`."""

    def __init__(self) -> None:
        self.known: dict[str, Gate] = {}
        self.down = False

    async def gate(self, gate_id: str) -> Gate | None:
        if self.down:
            raise Unavailable("Elo is down")
        return self.known.get(gate_id)


class RunningModel(RunningService[ModelSettings]):
    """A Model service that runs, with a client of it; `game` is the Game service that it asks."""

    def __init__(self, data_dir: Path, games: str = "", **settings: Any) -> None:
        """`games` is the address of a Game service on which files play before they are ready."""
        self.data_dir = data_dir
        self.game = FakeSpecs()

        self.gates = FakeGates()

        async def bind(settings: ModelSettings, server: Server) -> None:
            smoke = RemoteSmoke(games) if games else None
            await bind_with(settings, server, self.game, self.gates, smoke)
            if smoke is not None:
                server.on_stop(smoke.close)

        # Nobody else uses the folder: what is not needed goes at once.
        settings = {"blobs_grace_hours": 0, **settings}
        super().__init__(ModelSettings(port=0, data_dir=data_dir, **settings), bind)
        self.client = ModelClient(self.address)
        self.stub = ModelServiceStub(self.client.channel)

    def close(self) -> None:
        super().close()
        self.client.close()

    def blobs(self) -> set[str]:
        """Names of all files that are kept."""
        return {path.name for path in (self.data_dir / "blobs").glob("*/*")}

    def uploads(self) -> list[Path]:
        """Files that are not finished."""
        return [path for path in (self.data_dir / "uploads").rglob("*") if path.is_file()]

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"mazemesh_model_{name}", labels) or 0.0


@contextmanager
def running_model(data_dir: Path, games: str = "", **settings: Any) -> Iterator[RunningModel]:
    model = RunningModel(data_dir, games, **settings)
    try:
        yield model
    finally:
        model.close()
