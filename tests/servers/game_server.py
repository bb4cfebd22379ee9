"""A Game service over real sockets in a thread, with a sink of results that tests command."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mazemesh.client.game.game import GameClient
from mazemesh.errors import InvalidArgument, Unavailable
from mazemesh.games import Purpose, seeds
from mazemesh.v1 import elo_pb2
from mazemesh.v1.game_pb2 import MatchSetup
from services._harness import Server
from services.game.bind import bind_with
from services.game.settings import GameServiceSettings
from tests.servers.running import RunningService

EVALUATION_SEED = seeds.seed(Purpose.EVALUATION, 5)


class FakeElo:
    """Keeps results by match id, as Elo does; `down`, `refused` and `malformed` make it fail."""

    def __init__(self) -> None:
        self.results: dict[str, elo_pb2.MatchResult] = {}
        self.duplicates = 0
        self.down = False
        self.refused: set[str] = set()
        self.malformed: set[str] = set()
        self._news = threading.Condition()

    async def record(self, results: Sequence[elo_pb2.MatchResult]) -> list[int]:
        if self.down:
            raise Unavailable("Elo is down")
        ids = [result.match_id for result in results]
        if self.malformed.intersection(ids):
            raise InvalidArgument("a result is malformed")
        with self._news:
            self._news.notify_all()
            return [self._record_one(result) for result in results]

    def _record_one(self, result: elo_pb2.MatchResult) -> int:
        if result.match_id in self.refused:
            return elo_pb2.RECORD_STATUS_CONFLICT
        if result.match_id in self.results:
            self.duplicates += 1
            return elo_pb2.RECORD_STATUS_DUPLICATE
        self.results[result.match_id] = result
        return elo_pb2.RECORD_STATUS_RECORDED

    def wait_for(self, match_id: str) -> elo_pb2.MatchResult:
        with self._news:
            assert self._news.wait_for(lambda: match_id in self.results, 20)
            return self.results[match_id]


class RunningGame(RunningService[GameServiceSettings]):
    """A Game service that runs, with a client of it."""

    def __init__(self, data_dir: Path, elo: FakeElo, **settings: Any) -> None:
        values: dict[str, Any] = {"port": 0, "outbox_max_backoff": 0.2, **settings}

        async def bind(settings: GameServiceSettings, server: Server) -> None:
            await bind_with(settings, server, elo)

        super().__init__(GameServiceSettings(data_dir=data_dir, **values), bind)
        self.port = int(self.address.rpartition(":")[2])
        self.client = GameClient(self.address)

    def close(self) -> None:
        super().close()
        self.client.close()

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"mazemesh_game_{name}", labels) or 0.0


@contextmanager
def running_game(
    data_dir: Path, elo: FakeElo | None = None, **settings: Any
) -> Iterator[RunningGame]:
    game = RunningGame(data_dir, elo or FakeElo(), **settings)
    try:
        yield game
    finally:
        game.close()


def race(match_id: str, *participants: str, **fields: Any) -> MatchSetup:
    """A race of two policies unless told otherwise, rated, on an evaluation seed."""
    values: dict[str, Any] = {"game": "race", "seed": EVALUATION_SEED, "rated": True, **fields}
    names = participants or ("race:1", "race:2")
    return MatchSetup(match_id=match_id, participants=names, **values)
