"""A Model and a Replay service over sockets, and a run on a game that a simulator plays."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from learner.loop.first_version import first_draft
from learner.loop.prefetch import make_table
from learner.loop.publisher import Publisher
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.external import AgentKind
from mazemesh.games.spaces import Box, Discrete, Space
from mazemesh.v1.replay_pb2 import TableInfo
from services.replay.bind import bind
from services.replay.settings import ReplaySettings
from tests.servers.model_server import RunningModel
from tests.servers.running import RunningService

CARTPOLE = """
[observation]
box = [4]
[action]
discrete = 2
"""


INFINITE = float("inf")
CARTPOLE_SEEN = Box((-INFINITE,), (INFINITE,), (4,))
FOUR_STEPS = {"unroll_length": 4, "unrolls_per_batch": 64, "minibatch_size": 64}


def kind(policy: str = "", action: Space | None = None) -> dict[str, AgentKind]:
    return {"cart": AgentKind(CARTPOLE_SEEN, action or Discrete(2), policy)}


def seen(step: int) -> np.ndarray:
    return np.full(4, step / 10, np.float32)


@dataclass
class World:
    """Both services, and a client of Replay."""

    model: RunningModel
    replay: ReplayClient
    folder: Path
    stopped: bool = False

    def begin(self, name: str, spaces: str = CARTPOLE, **settings: Any) -> Run:
        """A run's table and its first version, as its learner makes them."""
        file = self.folder / f"{name}.toml"
        file.write_text(spaces)
        run = Run.of(LearnerSettings(game=f"external:{name}", spaces=file, policy=name, **settings))
        assert make_table(self.replay, run.table, threading.Event())
        self.publish(run)
        return run

    def publish(self, run: Run, seed: int = 0) -> None:
        """A version of a run, with other weights for each seed."""
        publisher = Publisher(self.model.client, run, "run", threading.Event())
        publisher.insist(first_draft(run, run.source.initial(seed)))

    def table(self, run: Run) -> TableInfo:
        """The run's table."""
        (table,) = [one for one in self.replay.list_tables() if one.table.name == run.table.name]
        return table

    def rows(self, run: Run) -> int:
        """That the run's table has taken."""
        return self.table(run).inserts

    def sample(self, run: Run, rows: int, seconds: float = 60) -> dict[str, Any]:
        """Rows of its table, by column."""
        drawn = self.replay.sample(run.table.name, rows, signature=run.signature, timeout=seconds)
        return dict(drawn.columns)

    def stop_model(self) -> None:
        """The service stops in order, once."""
        if not self.stopped:
            self.stopped = True
            self.model.close()


@contextmanager
def external_world(folder: Path, **settings: Any) -> Iterator[World]:
    own = ReplaySettings(port=0, data_dir=folder / "replay", memory_limit_gib=1.0)
    with closing(RunningService(own, bind)) as replay:
        client = ReplayClient(replay.address)
        model = RunningModel(folder / "model", replay_address=replay.address, **settings)
        world = World(model, client, folder)
        with closing(client):
            try:
                yield world
            finally:
                world.stop_model()
