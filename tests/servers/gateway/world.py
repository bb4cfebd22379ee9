"""All services in threads with a few rated versions, and a gateway in front of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh
from mazemesh.games import GameSettings, get_game
from mazemesh.v1 import elo_pb2
from mazemesh.v1.model_pb2 import Collection
from mazemesh.wire.specs import settings_to_proto
from services._harness.web.server import WebServer
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.game.bind import bind as bind_game
from services.game.settings import GameServiceSettings
from services.gateway.bind import bind as bind_gateway
from services.gateway.settings import GatewaySettings
from services.matchmaker.bind import bind as bind_matchmaker
from services.matchmaker.settings import MatchmakerSettings
from services.model.bind import bind as bind_model
from services.model.settings import ModelSettings
from services.replay.bind import bind as bind_replay
from services.replay.settings import ReplaySettings
from tests.onnx_policies import Network
from tests.servers.running import RunningService

SMALL = GameSettings(width=3, height=3, step_limit=40)
SECONDS = 60.0


@dataclass
class Services:
    """The five services, without a gateway."""

    mesh: Mesh
    folder: Path
    access: dict[str, Any]

    @property
    def addresses(self) -> Addresses:
        return self.mesh.addresses


@contextmanager
def services(folder: Path, **access: Any) -> Iterator[Services]:
    """Game, Matchmaker, Model, Elo and Replay in threads; `access` are settings of all of them."""
    with ExitStack() as life:

        def run(settings: Any, bind: Any) -> str:
            service: RunningService[Any] = RunningService(settings, bind)
            life.callback(service.close)
            return service.address

        base: dict[str, Any] = {"port": 0, "data_dir": folder, **access}
        elo = run(EloSettings(**base), bind_elo)
        game = run(GameServiceSettings(**base, elo_address=elo), bind_game)
        model = run(ModelSettings(**base, game_address=game), bind_model)
        replay = run(ReplaySettings(**base), bind_replay)
        matchmaker = run(
            MatchmakerSettings(
                **base, game_address=game, model_address=model, elo_address=elo, games=("solo",)
            ),
            bind_matchmaker,
        )
        mesh = life.enter_context(Mesh(Addresses(game, matchmaker, model, elo, replay)))
        yield Services(mesh, folder, access)


@contextmanager
def gateway(of: Services, **settings: Any) -> Iterator[str]:
    """A gateway in front of services; its URL."""
    at = of.addresses
    given: dict[str, Any] = {
        "port": 0,
        "data_dir": of.folder,
        "game_address": at.game,
        "matchmaker_address": at.matchmaker,
        "model_address": at.model,
        "elo_address": at.elo,
        "replay_address": at.replay,
        "jobs_at_once": 0,  # processes of jobs would outlive the test
        **of.access,
        **settings,
    }
    service = RunningService(GatewaySettings(**given), bind_gateway, WebServer)
    try:
        yield f"http://{service.address}"
    finally:
        service.close()


def client(url: str, **given: Any) -> httpx.Client:
    """An HTTP client of a gateway, with time enough for a busy machine."""
    return httpx.Client(base_url=url, timeout=SECONDS, **given)


def network(*, moves: bool = True) -> Network:
    """A policy of small races that moves at random, or stays where it is."""
    spec = get_game("race").spec(SMALL)
    made = Network(observation_size=spec.observation_size, num_actions=spec.num_actions)
    made.weights["w1"][:] = 1000.0
    made.weights["wl"][:] = 0.0
    if not moves:
        made.weights["wl"][:, 0] = 10.0
    return made


def publish(mesh: Mesh, *, moves: bool = True) -> None:
    """Version after version of the policy `race`."""
    made = network(moves=moves)
    collection = Collection(game="race", settings=settings_to_proto(SMALL))
    mesh.model.publish(made.header(snapshot=True, collection=collection), made.file())


def rate(mesh: Mesh, *, ladder: str = "race", matches: int = 6) -> None:
    """Results of `race:1` against two bots, which wins two games of three."""
    bots = ("bot/random", "bot/wall-follower")
    results = []
    for number in range(matches):
        won = 0.0 if number % 3 == 2 else 1.0
        game = elo_pb2.GameOutcome(game_id=f"{ladder}-{number}-0", scores=[won, 1.0 - won])
        result = elo_pb2.MatchResult(
            match_id=f"{ladder}-{number}",
            ladder=ladder,
            participants=["race:1", bots[number % 2]],
            games=[game],
        )
        result.finish_time.FromSeconds(1_700_000_000 + number)
        results.append(result)
    mesh.elo.record(results)
