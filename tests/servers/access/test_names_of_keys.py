"""What a key is bound to, by real services over TLS: its policies, games and player."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from mazemesh.client.game.game import GameClient
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.client.model import ModelClient
from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import InvalidArgument, NotFound, PermissionDenied
from mazemesh.v1 import model_pb2
from services._harness.access.roles import Role
from tests.onnx_policies import Network
from tests.servers.access.secure_services import SecureServices, secure_services
from tests.servers.game_server import race
from tests.servers.replay_rows import SIGNATURE, rows

Client = TypeVar("Client")
SERVICES: dict[type, str] = {
    GameClient: "GameService",
    MatchmakerClient: "MatchmakerService",
    ModelClient: "ModelService",
    ReplayClient: "ReplayService",
}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureServices]:
    with secure_services(tmp_path_factory.mktemp("secure")) as running:
        keys = running.keys
        keys.add("ann", Role.TRAINER, policies=["ann-"])
        keys.add("of race", Role.WORKER, games=["race"])
        keys.add("of ann", Role.WORKER, policies=["ann-"])
        keys.add("worker", Role.WORKER)
        keys.add("player", Role.PLAYER, player="player/ann")
        keys.add("operator", Role.OPERATOR)
        yield running


@pytest.fixture
def client(services: SecureServices) -> Iterator[Any]:
    """Makes clients of a service with a key."""
    made: list[Any] = []

    def make(kind: Any, key: str) -> Any:
        address = services.addresses[f"mazemesh.v1.{SERVICES[kind]}"]
        made.append(kind(address, services.credentials(key)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_trainer_publishes_its_own_names_alone(client: Any) -> None:
    network = Network()
    model = client(ModelClient, "ann")
    model.publish(network.header("ann-1"), network.file())
    with pytest.raises(PermissionDenied, match=r"header\.name: 'bob-1' is not of this key"):
        model.publish(network.header("bob-1"), network.file())
    with pytest.raises(PermissionDenied, match="name: 'bob-1'"):
        model.set_alias("bob-1", "champion", 1, 0)
    with pytest.raises(PermissionDenied, match="name: 'bob-1'"):
        model.hold_name(model_pb2.HoldNameRequest(name="bob-1", run_id="r", owner="o"))
    model.set_alias("ann-1", "champion", 1, 0)
    assert client(ModelClient, "operator").set_alias("ann-1", "other", 1, 0).version == 1


def test_a_worker_publishes_nothing(client: Any) -> None:
    network = Network()
    with pytest.raises(PermissionDenied, match="a worker may not call PublishPolicy"):
        client(ModelClient, "worker").publish(network.header("ann-1"), network.file())


def test_experience_goes_to_ones_own_tables(client: Any) -> None:
    trainer = client(ReplayClient, "ann")
    for name in ("ann-a", "ann-b"):
        trainer.create_table(tables.queue(name, SIGNATURE, 100))
    with pytest.raises(PermissionDenied, match=r"table\.name: 'bob-a'"):
        trainer.create_table(tables.queue("bob-a", SIGNATURE, 100))
    client(ReplayClient, "operator").create_table(tables.queue("bob-a", SIGNATURE, 100))
    for name in ("bob-a", ""):
        with pytest.raises(PermissionDenied, match="table: "):
            trainer.checkpoint(name)
    writer = client(ReplayClient, "of ann").writer("ann-a", SIGNATURE)
    writer.append(rows([1, 2]))
    writer.close()
    foreign = client(ReplayClient, "of ann").writer("bob-a", SIGNATURE)
    with pytest.raises(PermissionDenied, match="table: 'bob-a'"):
        foreign.append(rows([1]))
    sizes = {info.table.name: info.size for info in trainer.list_tables()}
    assert sizes == {"ann-a": 2, "ann-b": 0, "bob-a": 0}
    with pytest.raises(PermissionDenied, match="operator may not call DeleteTable"):
        client(ReplayClient, "operator").delete_table("bob-a")


def test_a_worker_of_a_game_plays_that_game(client: Any) -> None:
    game = client(GameClient, "of race")
    with game.open_session("race", None, 2, 3) as session:
        for _ in range(5):
            session.send(np.zeros((2, 2), np.int8))
            session.receive()
    with pytest.raises(PermissionDenied, match=r"open\.game: 'solo'"):
        game.open_session("solo", None, 2, 3)
    matchmaker = client(MatchmakerClient, "of race")
    with pytest.raises(PermissionDenied, match="game: ''"):
        matchmaker.lease("w", 1)
    matchmaker.lease("w", 1, game="race")


def test_a_worker_makes_no_rated_games(client: Any) -> None:
    game = client(GameClient, "worker")
    for fields in ({"rated": True}, {"rated": False, "fence": 2}):
        with pytest.raises(PermissionDenied, match="a worker has to leave it unset"):
            game.create([race("m", **fields)])
    assert game.create([race("m", rated=False)])[0].match_id == "m"


def test_a_player_acts_as_itself(client: Any) -> None:
    matchmaker = client(MatchmakerClient, "player")
    with pytest.raises(PermissionDenied, match="player: 'player/bob' is somebody else"):
        next(matchmaker.find("player/bob", "race"))
    found = matchmaker.find("player/ann", "race")
    assert next(found).HasField("queued")
    found.close()
    with pytest.raises(NotFound):
        matchmaker.cancel("unknown")
    game = client(GameClient, "player")
    with pytest.raises(PermissionDenied, match="a player may not call CreateGames"):
        game.create([race("p", rated=False)])


def test_an_error_of_the_request_is_told_to_who_may_send_it(client: Any) -> None:
    with pytest.raises(InvalidArgument):
        client(ModelClient, "ann").set_alias("ann-1", "UPPER", 1, 0)


def test_the_audit_log_names_what_was_done(services: SecureServices, client: Any) -> None:
    from services._harness.access.audit_reading import lines, verify

    client(ModelClient, "operator").set_alias("ann-1", "audited", 1, 0)
    folder: Path = services.certificates.parent / "audit"
    assert verify(folder) == []
    told = [line for line in lines(folder) if line.get("names", {}).get("alias") == "audited"]
    assert [line["outcome"] for line in told] == ["ASKED", "OK"]
    assert told[1]["names"] == {"name": "ann-1", "alias": "audited", "version": "1"}
