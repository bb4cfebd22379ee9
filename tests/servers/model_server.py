"""A Model service over real sockets in a thread, for tests that call it by its blocking client."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mazemesh.client.model import ModelClient
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from services._harness import Server
from services.model.bind import bind_with
from services.model.settings import ModelSettings
from tests.game_specs import FakeSpecs
from tests.servers.running import RunningService


class RunningModel(RunningService[ModelSettings]):
    """A Model service that runs, with a client of it; `game` is the Game service that it asks."""

    def __init__(self, data_dir: Path, **settings: Any) -> None:
        self.data_dir = data_dir
        self.game = FakeSpecs()

        async def bind(settings: ModelSettings, server: Server) -> None:
            await bind_with(settings, server, self.game)

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
def running_model(data_dir: Path, **settings: Any) -> Iterator[RunningModel]:
    model = RunningModel(data_dir, **settings)
    try:
        yield model
    finally:
        model.close()
