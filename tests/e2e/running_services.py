"""Game, Model and Elo in threads, a Matchmaker that can be killed, and a real evaluator."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import numpy as np
from prometheus_client import CollectorRegistry

from actor.metrics import EvaluatorMetrics
from actor.rating.evaluator import Evaluator
from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh
from mazemesh.games import GameSettings, get_game
from mazemesh.v1.model_pb2 import Collection
from mazemesh.wire.specs import settings_to_proto
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.game.bind import bind as bind_game
from services.game.settings import GameServiceSettings
from services.model.bind import bind as bind_model
from services.model.settings import ModelSettings
from supervisor.running.layout import SERVICES
from tests.onnx_policies import Network
from tests.servers.processes import ServiceProcess, service_process
from tests.servers.running import RunningService

SETTINGS = GameSettings(width=3, height=3, step_limit=40)


def network(*, moves: bool) -> Network:
    """One that moves at random, or one that stays where it is."""
    spec = get_game("race").spec(SETTINGS)
    made = Network(observation_size=spec.observation_size, num_actions=spec.num_actions)
    made.weights["w1"][:] = 1000.0  # whatever is seen, the hidden layer is 1
    made.weights["wl"][:] = 0.0
    if not moves:
        made.weights["wl"][:, 0] = 10.0  # action 0 is to stay
    return made


def publish(mesh: Mesh, *, moves: bool) -> None:
    made = network(moves=moves)
    collection = Collection(game="race", settings=settings_to_proto(SETTINGS))
    mesh.model.publish(made.header(snapshot=True, collection=collection), made.file())


@contextmanager
def services(folder: Path, base: int) -> Iterator[Mesh]:
    """Game, Model and Elo, in threads; clients of the mesh that they are of."""
    at = Addresses.local(port_base=base)
    ports = {name: int(getattr(at, name).rpartition(":")[2]) for name in SERVICES}
    with ExitStack() as life:
        elo = EloSettings(port=ports["elo"], data_dir=folder)
        life.callback(RunningService(elo, bind_elo).close)
        game = GameServiceSettings(
            port=ports["game"], data_dir=folder, elo_address=at.elo, outbox_max_backoff=0.5
        )
        life.callback(RunningService(game, bind_game).close)
        model = ModelSettings(port=ports["model"], data_dir=folder, game_address=at.game)
        life.callback(RunningService(model, bind_model).close)
        yield life.enter_context(Mesh(at))


@contextmanager
def evaluating(mesh: Mesh, matches: int = 8) -> Iterator[None]:
    """An evaluator at work, on so many matches at once."""
    stop = threading.Event()
    worker = Evaluator(
        *("evaluator", mesh.matchmaker, mesh.model, mesh.game),
        *(EvaluatorMetrics(CollectorRegistry()), stop),
        max_matches=matches,
        probe_games=0,
        policy="race",
        rng=np.random.default_rng(0),
    )
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


async def matchmaker(life: AsyncExitStack, folder: Path, base: int, *flags: str) -> ServiceProcess:
    """A Matchmaker of these services, as a process of its own."""
    at = Addresses.local(port_base=base)
    addresses = {"game": at.game, "elo": at.elo, "model": at.model}
    return await life.enter_async_context(
        service_process(
            "services.matchmaker",
            *("--port", at.matchmaker.rpartition(":")[2], "--data-dir", str(folder)),
            *("--lease-seconds", "5", *flags),
            *(f"--{name}-address={address}" for name, address in addresses.items()),
        )
    )
