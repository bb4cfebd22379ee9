"""A name of a game that a client sends imports, starts and opens nothing, whichever RPC carries it.

The RPCs are found by the contract's descriptors: one that comes later is tried too.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from mazemesh.games import Purpose, seeds
from mazemesh.v1 import elo_pb2, game_pb2, matchmaker_pb2, model_pb2, replay_pb2
from services._harness import Server
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.matchmaker.bind import bind_with
from services.matchmaker.remotes import Peers, RemoteGame
from services.matchmaker.settings import MatchmakerSettings
from services.model.bind import bind as bind_model
from services.model.settings import ModelSettings
from tests.onnx_policies import Network
from tests.servers.game_server import running_game
from tests.servers.running import RunningService
from tests.unit.matchmaker.fakes import FakeElo, FakeModel

FILES = (game_pb2, matchmaker_pb2, model_pb2, elo_pb2, replay_pb2)
TRAP = "trap"
HOSTILE = (
    "pettingzoo:os:system?command=touch%20sprung",
    "pettingzoo:trap",
    "pettingzoo:trap:parallel_env",
    "gymnasium:trap:Trap-v0",
    "trap",
    "trap.parallel_env",
)
FILTERS = {
    "GameService.ListReplays:game": "replays",
    "EloService.ListLadders:game": "ladders",
    "ModelService.ListPolicies:game": "policies",
}
"""A name there only selects rows, the field of the answer that tells: none are found."""

Way: TypeAlias = tuple[FieldDescriptor, ...]


def fields_of_games(message: Descriptor, above: Way = ()) -> Iterator[Way]:
    """Ways through a message to each text that is a game's name: fields called `game`."""
    for field in message.fields:
        way = (*above, field)
        if field.message_type is not None:
            if field.message_type not in (step.message_type for step in above):
                yield from fields_of_games(field.message_type, way)
        elif field.type == FieldDescriptor.TYPE_STRING and field.name in ("game", "games"):
            yield way


def label(method: MethodDescriptor, way: Way) -> str:
    return f"{method.containing_service.name}.{method.name}:{'.'.join(one.name for one in way)}"


CALLS = {
    label(method, way): (method, way)
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    for way in fields_of_games(method.input_type)
}

_SETUP = game_pb2.MatchSetup(
    match_id="m",
    seed=seeds.seed(Purpose.EVALUATION, 1),
    participants=["bot/random", "bot/wall-follower"],
)
_HEADER = Network().header(collection=model_pb2.Collection(), sha256="0" * 64, size_bytes=10)
OTHERWISE_RIGHT = {
    "CreateGames": game_pb2.CreateGamesRequest(matches=[_SETUP]),
    "RunGames": game_pb2.RunGamesRequest(
        open=game_pb2.OpenSession(session_id="s", num_games=1, seed=1)
    ),
    "SampleOpponents": matchmaker_pb2.SampleOpponentsRequest(
        request_id="r", student="race", count=1
    ),
    "LeaseMatches": matchmaker_pb2.LeaseMatchesRequest(worker_id="w", max_matches=1),
    "FindMatch": matchmaker_pb2.FindMatchRequest(request_id="r", player="player/ann"),
    "FindMatches": matchmaker_pb2.FindMatchesRequest(
        find=[matchmaker_pb2.FindMatchRequest(request_id="r", player="player/ann")]
    ),
    "CreateTournament": matchmaker_pb2.CreateTournamentRequest(
        request_id="r",
        format=matchmaker_pb2.TOURNAMENT_FORMAT_ROUND_ROBIN,
        entrants=[
            matchmaker_pb2.TournamentEntrant(members=[name])
            for name in ("bot/random", "bot/wall-follower")
        ],
    ),
    "PublishPolicy": model_pb2.PublishPolicyRequest(header=_HEADER),
}
"""Requests that are right but for the game; others begin empty."""


@dataclass
class Mesh:
    """Addresses of servers by the names of their services, and the folder they run in."""

    addresses: dict[str, str]
    folder: Path

    def sprung(self) -> list[str]:
        """What a name has brought about: files that were not there."""
        return sorted(path.name for path in self.folder.glob("sprung*"))


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """Game, Model, Matchmaker and Elo in a folder with a module that tells when it is imported."""
    folder = tmp_path_factory.mktemp("mesh")
    (folder / f"{TRAP}.py").write_text("open('sprung-by-import', 'w')\nparallel_env = None\n")
    before = Path.cwd()
    os.chdir(folder)
    try:
        with running_game(folder) as game:
            model = RunningService(
                ModelSettings(port=0, data_dir=folder, game_address=game.address), bind_model
            )

            async def bind(settings: MatchmakerSettings, server: Server) -> None:
                remote = RemoteGame(game.address)
                server.on_stop(remote.close)
                await bind_with(settings, server, Peers(remote, FakeElo(), FakeModel()))

            matchmaker = RunningService(MatchmakerSettings(port=0, data_dir=folder), bind)
            elo = RunningService(EloSettings(port=0, data_dir=folder), bind_elo)
            yield Mesh(
                {
                    "GameService": game.address,
                    "ModelService": model.address,
                    "MatchmakerService": matchmaker.address,
                    "EloService": elo.address,
                },
                folder,
            )
            elo.close()
            matchmaker.close()
            model.close()
    finally:
        os.chdir(before)


def call(mesh: Mesh, method: MethodDescriptor, request: Any) -> Any:
    """The first answer of an RPC by one request."""
    service = method.containing_service
    response: Any = GetMessageClass(method.output_type)
    kind = ("stream" if method.client_streaming else "unary") + (
        "_stream" if method.server_streaming else "_unary"
    )
    with grpc.insecure_channel(mesh.addresses[service.name]) as channel:
        stub = getattr(channel, kind)(
            f"/{service.full_name}/{method.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        answer = stub(iter([request]) if method.client_streaming else request, timeout=30)
        return next(answer) if method.server_streaming else answer


def refused(mesh: Mesh, method: MethodDescriptor, request: Any) -> tuple[int, str]:
    """Number of the status of an RPC that is refused, and its text."""
    if method.name == "FindMatches":  # which refuses each ticket by itself
        ticket = call(mesh, method, request).news[0].refused
        return ticket.code, ticket.message
    with pytest.raises(grpc.RpcError) as caught:
        call(mesh, method, request)
    refusal: Any = caught.value
    return refusal.code().value[0], refusal.details()


_INVALID = grpc.StatusCode.INVALID_ARGUMENT.value[0]


def request_with(method: MethodDescriptor, way: Way, name: str) -> Any:
    """A request that carries a name, and is right otherwise where a test has said how."""
    message: Any = GetMessageClass(method.input_type)()
    if method.name in OTHERWISE_RIGHT:
        message.CopyFrom(OTHERWISE_RIGHT[method.name])
    place = message
    for field in way[:-1]:
        place = getattr(place, field.name)
        if field.is_repeated:
            place = place[0] if len(place) else place.add()
    setattr(place, way[-1].name, name)
    return message


def test_the_rpcs_with_a_name_are_found() -> None:
    assert {
        "GameService.CreateGames:matches.game",
        "GameService.RunGames:open.game",
        "GameService.GetGameSpec:game",
        "MatchmakerService.SampleOpponents:game",
        "MatchmakerService.LeaseMatches:game",
        "MatchmakerService.FindMatch:game",
        "ModelService.PublishPolicy:header.collection.game",
        *FILTERS,
    } <= set(CALLS)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("rpc", sorted(set(CALLS) - set(FILTERS)))
def test_a_name_opens_nothing(mesh: Mesh, rpc: str, name: str) -> None:
    method, way = CALLS[rpc]
    code, text = refused(mesh, method, request_with(method, way, name))
    assert mesh.sprung() == []
    assert code == _INVALID, text
    assert f"game: {name!r} is not allowed here; allowed are" in text
    assert "--foreign-games (MAZEMESH_GAME_FOREIGN_GAMES)" in text


@pytest.mark.parametrize("rpc", sorted(FILTERS))
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_selects_finds_nothing(mesh: Mesh, rpc: str, name: str) -> None:
    method, way = CALLS[rpc]
    answer = call(mesh, method, request_with(method, way, name))
    assert not getattr(answer, FILTERS[rpc])
    assert mesh.sprung() == []


@pytest.mark.parametrize("rpc", sorted(set(CALLS) - set(FILTERS)))
@pytest.mark.parametrize(
    "name", ["", "x" * 20_000, "race\n", "race\0"], ids=lambda name: repr(name[:9])
)
def test_what_is_no_name_is_refused_in_few_words(mesh: Mesh, rpc: str, name: str) -> None:
    if rpc == "MatchmakerService.LeaseMatches:game" and not name:
        pytest.skip("any game")
    method, way = CALLS[rpc]
    code, text = refused(mesh, method, request_with(method, way, name))
    assert code == _INVALID, text
    assert "game" in text
    assert len(text) < 600


@pytest.mark.parametrize("name", HOSTILE)
def test_a_world_of_dm_env_rpc_opens_nothing(mesh: Mesh, name: str) -> None:
    from dm_env_rpc.v1 import connection, dm_env_rpc_pb2, error, tensor_utils

    channel = grpc.insecure_channel(mesh.addresses["GameService"])
    request = dm_env_rpc_pb2.CreateWorldRequest(settings={"game": tensor_utils.pack_tensor(name)})
    with (
        connection.Connection(channel) as client,
        pytest.raises(error.DmEnvRpcError, match="is not allowed here; allowed are"),
    ):
        client.send(request)
    assert mesh.sprung() == []
