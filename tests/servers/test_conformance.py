"""Our servers keep what `mazemesh conformance` asks of others; one that does not is told."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import grpc
import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.conformance import SUITES, run
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceServicer, add_GameServiceServicer_to_server
from services.replay.bind import bind as bind_replay
from services.replay.settings import ReplaySettings
from tests.servers.game_server import running_game
from tests.servers.model_server import RunningModel
from tests.servers.running import RunningService


@contextmanager
def game(folder: Path) -> Iterator[str]:
    with running_game(folder) as running:
        yield running.address


@contextmanager
def model(folder: Path) -> Iterator[str]:
    with closing(RunningModel(folder)) as running:
        yield running.address


@contextmanager
def replay(folder: Path) -> Iterator[str]:
    settings = ReplaySettings(port=0, data_dir=folder, memory_limit_gib=1.0)
    with closing(RunningService(settings, bind_replay)) as running:
        yield running.address


@pytest.mark.parametrize(
    ("service", "serve"), [("game", game), ("model", model), ("replay", replay)]
)
def test_our_own_servers_conform(service: str, serve: Callable, tmp_path: Path) -> None:
    with serve(tmp_path) as address:
        results = {one.check: one.detail for one in run(SUITES[service], address)}
        assert results == {check.name: "" for check in SUITES[service]}
        done = CliRunner().invoke(app, ["conformance", service, address])
    assert done.exit_code == 0
    assert all(check.promise in done.stdout for check in SUITES[service])


class Careless(GameServiceServicer):
    """Lists a game without hashes, and takes every page size."""

    def ListGames(self, request: pb.ListGamesRequest, context: object) -> pb.ListGamesResponse:
        return pb.ListGamesResponse(games=[pb.GameInfo(name="chess")], bots=["bot/random"])

    def ListActiveGames(self, request: object, context: object) -> pb.ListActiveGamesResponse:
        return pb.ListActiveGamesResponse()

    def RunGames(self, requests: object, context: object) -> Iterator[pb.RunGamesResponse]:
        return iter(())


def test_a_server_that_does_not_is_told_what_is_wrong() -> None:
    server = grpc.server(ThreadPoolExecutor(4))
    add_GameServiceServicer_to_server(Careless(), server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        done = CliRunner().invoke(app, ["conformance", "game", address, "--json"])
    finally:
        server.stop(None)
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert not told["passed"]
    details = {one["check"]: one["detail"] for one in told["checks"]}
    assert details["lists-games"] == "chess: spec_hash is ''"
    assert details["refuses-unknown-games"].startswith("the status is UNIMPLEMENTED")
    assert details["names-the-field"] == "the call was answered; expected INVALID_ARGUMENT"
    assert details["resumes"] == "the stream ended where a message was expected"
