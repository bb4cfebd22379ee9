"""What a key is bound to, by real services over TLS: its policies, games and player."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from mazemesh.client.game.game import GameClient
from mazemesh.client.game.own_thread_stream import open_stream
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.client.model import ModelClient
from mazemesh.client.policies.experiments import Experiments
from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import (
    AlreadyExists,
    Cancelled,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Reason,
    ResourceExhausted,
)
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1 import model_pb2
from services._harness.access.callers.roles import Role
from tests.onnx_policies import Network
from tests.servers.access.secure_services import OPTIONS, SecureServices, secure_services
from tests.servers.game_server import race
from tests.servers.replay_rows import SIGNATURE, rows
from tests.servers.running import eventually

Client = TypeVar("Client")
RUN_GAMES = "/mazemesh.v1.GameService/RunGames"
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
        keys.add("bob", Role.PLAYER, player="player/bob")
        keys.add("bob again", Role.PLAYER, player="player/bob")
        keys.add("operator", Role.OPERATOR)
        keys.add("viewer", Role.VIEWER)
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


def test_a_version_says_of_its_own_tables_where_its_experience_goes(client: Any) -> None:
    """Model writes there with a key of its own, for whoever plays it from a simulator."""
    network = Network()
    model = client(ModelClient, "ann")
    told = model_pb2.Collection(game="race", table="bob-a")
    foreign = network.header("ann-2", collection=told)
    with pytest.raises(PermissionDenied, match=r"header\.collection\.table: 'bob-a'"):
        model.publish(foreign, network.file())
    told.table = "ann-a"
    own = network.header("ann-2", collection=told)
    with pytest.raises(InvalidArgument, match="race with these settings has"):  # another's columns
        model.publish(own, network.file())


def test_experiments_are_of_the_keys_of_their_policy(client: Any) -> None:
    """Also where they are named by their id, which a key's prefixes say nothing of."""
    network = Network()
    operator = client(ModelClient, "operator")
    people = Experiments(operator)
    for name in ("ann-x", "bob-x"):
        for _ in range(2):
            operator.publish(network.header(name), network.file())
        operator.set_alias(name, "served", 1, 0)
        people.ab(f"{name}:served", [f"{name}:2"], experiment_id=f"of-{name}")
    worker = client(ModelClient, "of ann")
    assert worker.record_outcomes("of-ann-x", {"game": 1.0}) == 1
    with pytest.raises(PermissionDenied, match="experiment_id of-bob-x: policy: 'bob-x' is not"):
        worker.record_outcomes("of-bob-x", {"game": 1.0})
    with pytest.raises(NotFound):
        worker.record_outcomes("of-nobody", {"game": 1.0})
    assert worker.assign("ann-x:served", "other").experiment_id == "of-ann-x"
    with pytest.raises(PermissionDenied, match="policy: 'bob-x:served' is not of this key"):
        worker.assign("bob-x:served", "other")
    assert people.get("of-bob-x").figures[0].outcomes == 0


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


def test_a_session_is_resumed_by_its_own_key(services: SecureServices, client: Any) -> None:
    """Whoever learns its token needs the key too."""
    first = pb.RunGamesRequest(
        open=pb.OpenSession(session_id="own", game="race", num_games=2, seed=3)
    )
    address = services.addresses["mazemesh.v1.GameService"]
    with services.credentials("worker").channel(address, OPTIONS) as channel:
        stream = open_stream(channel, RUN_GAMES, address, first.SerializeToString())
        told = pb.RunGamesResponse.FromString(stream.receive(30) or b"").opened
        stream.cancel()
    resuming = pb.RunGamesRequest(
        open=pb.OpenSession(session_id="own", resume_sequence=0, resume_token=told.resume_token)
    ).SerializeToString()
    with services.credentials("of race").channel(address, OPTIONS) as channel:
        stream = open_stream(channel, RUN_GAMES, address, resuming)
        with pytest.raises(NotFound, match="with this resume_token does not exist"):
            stream.receive(30)
    with services.credentials("worker").channel(address, OPTIONS) as channel:
        stream = open_stream(channel, RUN_GAMES, address, resuming)
        assert stream.receive(30)
        stream.cancel()


def test_games_of_a_key_are_bounded(client: Any) -> None:
    game = client(GameClient, "worker")
    with pytest.raises(ResourceExhausted, match="more would pass its limit of 100"):
        game.open_session("race", None, 101, 3)
    with (
        game.open_session("race", None, 60, 3),
        pytest.raises(ResourceExhausted, match=r"6\d games are live with this key, and 60 more"),
    ):
        game.open_session("race", None, 60, 3)
    with client(GameClient, "operator").open_session("race", None, 60, 3):
        pass


def test_a_lease_is_completed_by_its_own_key(client: Any) -> None:
    """Under the same worker_id; the id is told in logs."""
    mine, other = client(MatchmakerClient, "worker"), client(MatchmakerClient, "of ann")
    leased: list[Any] = []
    eventually(lambda: bool(leased.extend(mine.lease("w", 1).matches) or leased))
    match = leased[0]
    with pytest.raises(FailedPrecondition) as caught:
        other.complete(match.match_id, match.fence, "w", "sabotage")
    assert caught.value.reason == Reason.LEASE_NOT_HELD
    mine.complete(match.match_id, match.fence, "w")


def test_a_worker_makes_no_rated_games(client: Any) -> None:
    game = client(GameClient, "worker")
    for fields in ({"rated": True}, {"rated": False, "fence": 2}):
        with pytest.raises(PermissionDenied, match="a worker has to leave it unset"):
            game.create([race("m", **fields)])
    assert game.create([race("m", rated=False)])[0].match_id == "m"


def test_who_may_not_fetch_policies_is_sent_no_weights(client: Any) -> None:
    """WatchPolicies is for everybody, and with a graph it tells what GetPolicy does."""
    for name in ("player", "viewer"):
        watch = client(ModelClient, name).watch("race", graph_sha256="0" * 64)
        with pytest.raises(PermissionDenied, match="has to leave it unset"):
            next(watch)
        plain = client(ModelClient, name).watch("race")
        assert next(plain).heartbeat
        plain.close()
    worker = client(ModelClient, "worker").watch("race", graph_sha256="0" * 64)
    assert next(worker).heartbeat
    worker.close()


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


def test_a_ticket_is_of_its_own_key(client: Any) -> None:
    """Whoever learns its id or request needs the key too; operators may withdraw any."""
    mine, other = client(MatchmakerClient, "bob"), client(MatchmakerClient, "bob again")
    found = mine.find("player/bob", "race", request_id="mine")
    ticket_id = next(found).ticket_id
    with pytest.raises(AlreadyExists, match="used for another request"):
        next(other.find("player/bob", "race", request_id="mine"))
    with pytest.raises(NotFound, match="of this key"):
        other.cancel(ticket_id)
    client(MatchmakerClient, "operator").cancel(ticket_id)
    with pytest.raises(Cancelled):
        list(found)


def test_a_seat_is_of_the_key_that_took_it(client: Any) -> None:
    """Whoever learns its token needs the key too, once the seat is taken."""
    match = client(GameClient, "operator").create([race("seats", rated=False)])[0]
    token, other = match.games[0].seat_tokens
    with client(GameClient, "player").play(token):
        thief = client(GameClient, "worker")
        with pytest.raises(PermissionDenied, match="was taken with another key"):
            thief.play(token)
        with client(GameClient, "operator").play(other):
            pass
    with client(GameClient, "player").play(token):
        pass


def test_games_are_of_the_key_that_joined_them(client: Any) -> None:
    match = client(GameClient, "operator").create([race("joined", rated=False)])[0]
    tokens = [token for game in match.games for token in game.seat_tokens]
    with client(GameClient, "worker").join_session(tokens) as session:
        with pytest.raises(PermissionDenied, match="was joined with another key"):
            client(GameClient, "operator").join_session(tokens)
        session.send(np.zeros((len(match.games), 2), np.int8))
        session.receive()


def test_an_error_of_the_request_is_told_to_who_may_send_it(client: Any) -> None:
    with pytest.raises(InvalidArgument):
        client(ModelClient, "ann").set_alias("ann-1", "UPPER", 1, 0)


def test_the_audit_log_names_what_was_done(services: SecureServices, client: Any) -> None:
    from services._harness.access.audit.reading import lines, verify

    client(ModelClient, "operator").set_alias("ann-1", "audited", 1, 0)
    folder: Path = services.certificates.parent / "audit"
    assert verify(folder) == []
    told = [line for line in lines(folder) if line.get("names", {}).get("alias") == "audited"]
    assert [line["outcome"] for line in told] == ["ASKED", "OK"]
    assert told[1]["names"] == {"name": "ann-1", "alias": "audited", "version": "1"}
