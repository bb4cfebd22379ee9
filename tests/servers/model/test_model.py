"""The Model service over real sockets."""

import hashlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest

from mazemesh.client.model import ModelClient
from mazemesh.client.policies.promotion import promote, roll_back
from mazemesh.errors import (
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Unavailable,
)
from mazemesh.games import get_game
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from tests.onnx_policies import Network, RecurrentNetwork
from tests.servers.model_policies import NETWORK, current_revision, numbers, publish
from tests.servers.model_server import RunningModel, running_model
from tests.servers.running import eventually


def test_what_is_published_can_be_fetched(model: RunningModel, client: ModelClient) -> None:
    spec = get_game("race").spec()
    network = Network(observation_size=spec.observation_size, num_actions=spec.num_actions)
    collection = pb.Collection(game="race", table="race", unroll=pb.UnrollCollection(length=32))
    header = network.header(
        run_id="run-1",
        training_step=7,
        snapshot=True,
        collection=collection,
        metadata={"algorithm": "ppo"},
    )
    data = network.file()
    published = client.publish(header, data)
    assert (published.name, published.version, published.state) == (
        "race",
        1,
        pb.POLICY_STATE_READY,
    )
    assert (published.run_id, published.training_step, published.snapshot) == ("run-1", 7, True)
    assert (published.collection, published.spec_hash) == (collection, spec.spec_hash)
    assert dict(published.metadata) == {"algorithm": "ppo"}
    assert (published.size_bytes, published.aliases) == (len(data), ["latest"])
    for reference in ("race", "race:1", "race:latest"):
        assert client.get(reference) == (published, data)
        assert client.describe(reference) == published
    assert list(client.list()) == [published]
    assert model.blobs() == {hashlib.sha256(data).hexdigest()}


def test_the_file_comes_only_when_it_is_another(client: ModelClient) -> None:
    first, second = publish(client, seed=1), publish(client, seed=2)
    assert client.get("race", if_none_match=second.sha256)[1] is None
    version, data = client.get("race", if_none_match=first.sha256)
    assert (version.version, data) == (2, Network(seed=2).file())


def test_a_recurrent_policy(client: ModelClient) -> None:
    network = RecurrentNetwork()
    assert client.publish(network.header("memory"), network.file()).version == 1


def test_nothing_exists_at_first(client: ModelClient) -> None:
    assert list(client.list()) == []
    for call in (client.get, client.describe):
        with pytest.raises(NotFound, match="there is no policy yet"):
            call("race")
    with pytest.raises(InvalidArgument, match="bot/random"):
        client.get("bot/random")


@pytest.mark.parametrize(
    ("header", "data", "message"),
    [
        ({"sha256": "0" * 64}, NETWORK.file(), "sha256 is 000"),
        ({"size_bytes": 99_999}, NETWORK.file(), "size_bytes is 99999, but"),
        ({"size_bytes": 3}, NETWORK.file(), "size_bytes is 3, but at least"),
        ({"size_bytes": 2**40}, NETWORK.file(), "max_policy_bytes"),
        ({}, b"", "size_bytes is 0"),
        ({"name": "bot/mine"}, NETWORK.file(), "name = 'bot/mine'"),
        ({"parent_version": 4}, NETWORK.file(), "parent_version is 4"),
        ({"parity": pb.ParityCheck()}, NETWORK.file(), "parity.observation"),
        (
            {"collection": {"game": "race"}},
            NETWORK.file(),
            "parity.observation is uint8 [8, 12]; game race",
        ),
    ],
)
def test_a_malformed_publish_leaves_nothing(
    model: RunningModel, header: dict[str, Any], data: bytes, message: str
) -> None:
    complete = NETWORK.header(**{"name": "race", **header})
    with pytest.raises(InvalidArgument) as caught:
        model.client.publish(complete, data)
    assert message in str(caught.value)
    assert list(model.client.list(include_all_states=True)) == []
    assert (model.uploads(), model.blobs()) == ([], set())
    assert model.metric("publishes_total", result="refused") == 1


@pytest.mark.parametrize(
    ("data", "check"),
    [
        (b"this is no graph", "'onnx'"),
        (Network(observation_size=13).file(), "'signature'"),
        (NETWORK.file(batch=1), "'signature'"),
        (NETWORK.file(masked_logit=0.0), "'masking'"),
        (Network(seed=5).file(), "'parity'"),
    ],
)
def test_a_rejected_version_keeps_its_number(model: RunningModel, data: bytes, check: str) -> None:
    client = model.client
    publish(client)
    with pytest.raises(FailedPrecondition) as caught:
        client.publish(NETWORK.header(request_id="r"), data)
    message = str(caught.value)
    assert "race:2 is rejected" in message
    assert check in message
    with pytest.raises(FailedPrecondition) as again:
        client.publish(NETWORK.header(request_id="r"), data)
    assert str(again.value) == message
    assert (numbers(client), numbers(client, include_all_states=True)) == ([1], [2, 1])
    rejected = client.describe("race:2")
    assert rejected.state == pb.POLICY_STATE_REJECTED
    assert rejected.rejection in message
    with pytest.raises(NotFound, match="race:2 was rejected"):
        client.get("race:2")
    assert client.describe("race").version == 1
    assert publish(client, seed=7).version == 3
    assert len(model.blobs()) == 2
    assert model.metric("publishes_total", result="rejected") == 2


def test_a_request_is_published_once(model: RunningModel) -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: publish(model.client, request_id="r"), range(4)))
    assert {version.version for version in made} == {1}
    assert publish(model.client, request_id="r").version == 1
    with pytest.raises(Conflict, match="request_id 'r' was used for race:1"):
        publish(model.client, seed=1, request_id="r")
    assert (numbers(model.client), len(model.blobs()), model.uploads()) == ([1], 1, [])


def test_concurrent_publishers_get_consecutive_numbers(model: RunningModel) -> None:
    def one(seed: int) -> tuple[str, int, str]:
        version = publish(model.client, ("race", "solo")[seed % 2], seed)
        return version.name, version.version, version.sha256

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(one, range(16)))
    for name in ("race", "solo"):
        assert sorted(number for its, number, _ in made if its == name) == list(range(1, 9))
        assert model.client.describe(name).version == 8
    for name, number, sha256 in made:
        version, data = model.client.get(f"{name}:{number}")
        assert data is not None
        assert version.sha256 == sha256 == hashlib.sha256(data).hexdigest()


def test_one_of_many_swaps_wins(model: RunningModel) -> None:
    for seed in range(8):
        publish(model.client, seed=seed)
    start = threading.Barrier(8)

    def swap(version: int) -> pb.Alias | MazemeshError:
        start.wait(10)
        try:
            return model.client.set_alias("race", "champion", version, 0)
        except Conflict as error:
            return error

    with ThreadPoolExecutor(8) as threads:
        tried = list(threads.map(swap, range(1, 9)))
    [won] = [one for one in tried if isinstance(one, pb.Alias)]
    lost = [str(one) for one in tried if isinstance(one, Conflict)]
    assert len(lost) == 7
    assert all(f"version {won.version} at revision {won.revision}" in message for message in lost)
    assert model.client.describe("race:champion").version == won.version
    moved = model.client.set_alias("race", "champion", 8, won.revision)
    assert model.client.describe("race:champion").version == 8
    assert moved.revision > won.revision


def test_eight_promoters_at_once_leave_one_linear_history(model: RunningModel) -> None:
    for seed in range(8):
        publish(model.client, seed=seed)
    start = threading.Barrier(8)

    def promote_it(version: int) -> None:
        start.wait(10)
        promote(model.client, "race", version, reason=f"for {version}", mover=f"m{version}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(promote_it, range(1, 9)))
    moves = list(model.client.alias_history("race", "champion"))
    assert sorted(move.version for move in moves) == list(range(1, 9))
    assert [move.from_version for move in moves] == [*(m.version for m in moves[1:]), 0]
    assert all(move.reason == f"for {move.version}" for move in moves)
    assert all(a.revision > b.revision for a, b in pairwise(moves))
    # Each left where it came from as `previous`, in the step before its own.
    kept = list(model.client.alias_history("race", "previous"))
    assert [(one.version, one.revision + 1) for one in kept] == [
        (move.from_version, move.revision) for move in moves[:-1]
    ]
    told = model.client.alias("race", "champion")
    assert told is not None
    assert told.last_move == moves[0]
    assert (told.alias.version, told.alias.revision) == (moves[0].version, moves[0].revision)

    back = roll_back(model.client, "race", mover="ann")
    assert (back.from_version, back.version) == (moves[0].version, moves[0].from_version)
    assert (back.mover, back.reason) == ("ann", f"back from race:{moves[0].version}")
    forth = roll_back(model.client, "race")
    assert forth.version == moves[0].version


class Overtaken(ModelClient):
    """Somebody moves an alias right after it was looked at, once."""

    overtook = False

    def alias(self, name: str, alias: str) -> pb.GetAliasResponse | None:
        seen = super().alias(name, alias)
        if alias == "champion" and seen is not None and not self.overtook:
            self.overtook = True
            other = 1 if seen.alias.version == 2 else 2
            self.set_alias(name, alias, other, seen.alias.revision)
        return seen


def test_with_a_revision_an_alias_is_moved_from_there_alone(model: RunningModel) -> None:
    client = model.client
    for _ in range(2):
        publish(client)
    first = promote(client, "race", 1, revision=0)
    with pytest.raises(Conflict, match="has revision"):
        promote(client, "race", 2, revision=0)
    with closing(Overtaken(model.address)) as overtaken, pytest.raises(Conflict):
        promote(overtaken, "race", 2, revision=first.revision)
    with pytest.raises(Conflict, match="somebody moved it"):
        roll_back(client, "race", revision=first.revision)
    assert len(list(client.alias_history("race", "champion"))) == 2


def test_what_is_said_of_a_move_is_bounded(model: RunningModel) -> None:
    client = model.client
    publish(client)
    assert client.alias("race", "champion") is None
    assert list(client.alias_history("race")) == []
    for said in (
        {"reason": "x" * 1025},
        {"mover": "x" * 129},
        {"gate_id": "x" * 97},
        {"reason": "\0"},
        {"previous_alias": "champion"},
        {"previous_alias": "7"},
    ):
        with pytest.raises(InvalidArgument, match=next(iter(said))):
            client.set_alias("race", "champion", 1, 0, **said)
    client.set_alias("race", "champion", 1, 0, reason="ü" * 1024, mover="x" * 128, gate_id="g")
    (move,) = client.alias_history("race")
    assert (move.reason, move.gate_id, move.key_id) == ("ü" * 1024, "g", "")
    with pytest.raises(grpc.RpcError, match="page_token"):
        model.stub.ListAliasHistory(pb.ListAliasHistoryRequest(name="race", page_token="x"))
    page = model.stub.ListAliasHistory(pb.ListAliasHistoryRequest(name="race", page_size=1))
    assert (len(page.moves), page.next_page_token) == (1, "")


def test_aliases_need_a_ready_version(client: ModelClient) -> None:
    publish(client)
    with pytest.raises(FailedPrecondition):
        client.publish(NETWORK.header(), b"no graph")
    with pytest.raises(FailedPrecondition, match="race:2 is REJECTED"):
        client.set_alias("race", "champion", 2, 0)
    with pytest.raises(NotFound, match="race:9 does not exist"):
        client.set_alias("race", "champion", 9, 0)
    with pytest.raises(InvalidArgument, match="alias = '7'"):
        client.set_alias("race", "7", 1, 0)


def test_pages(client: ModelClient) -> None:
    for seed in range(5):
        publish(client, seed=seed, snapshot=seed % 2 == 0)
    stub = ModelServiceStub(client.channel)
    first = stub.ListPolicies(pb.ListPoliciesRequest(page_size=2), timeout=10)
    assert [version.version for version in first.policies] == [5, 4]
    publish(client, seed=9)  # a later version does not shift the pages
    second = stub.ListPolicies(
        pb.ListPoliciesRequest(page_size=3, page_token=first.next_page_token), timeout=10
    )
    assert [version.version for version in second.policies] == [3, 2, 1]
    assert (second.next_page_token, second.revision) == ("", first.revision)
    assert numbers(client, snapshots_only=True) == [5, 3, 1]
    with closing(client.watch(since_revision=first.revision)) as watch:
        assert next(watch).policy.version == 6


def test_retention(tmp_path: Path) -> None:
    with running_model(tmp_path, keep_versions=2) as model:
        client = model.client
        for seed in range(1, 4):
            publish(client, seed=seed, snapshot=seed == 1)
        client.set_alias("race", "champion", 2, 0)
        for seed in range(4, 9):
            publish(client, seed=seed)
        kept = [8, 7, 6, 2, 1]
        assert numbers(client) == kept
        assert model.blobs() == {hashlib.sha256(Network(seed=n).file()).hexdigest() for n in kept}
        for number in kept:
            assert client.get(f"race:{number}")[1] == Network(seed=number).file()
        with pytest.raises(NotFound, match=r"race:3 is retired.*champion = 2, latest = 8"):
            client.get("race:3")
        assert client.describe("race:3").state == pb.POLICY_STATE_RETIRED
        sizes = sum(len(Network(seed=n).file()) for n in kept)
        eventually(lambda: model.metric("versions", state="retired") == 3)
        eventually(lambda: model.metric("versions", state="ready") == 5)
        eventually(lambda: model.metric("blob_bytes") == sizes)


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    with running_model(tmp_path, keep_versions=2) as model:
        for seed in range(5):
            publish(model.client, seed=seed, request_id=f"r{seed}")
        model.client.set_alias("race", "champion", 4, 0)
        before = list(model.client.list(include_all_states=True))
        revision = current_revision(model.client)
    with running_model(tmp_path, keep_versions=2) as model:
        client = model.client
        assert list(client.list(include_all_states=True)) == before
        for version in client.list():
            assert (
                client.get(f"race:{version.version}")[1] == Network(seed=version.version - 1).file()
            )
        assert publish(client, seed=4, request_id="r4").version == 5
        assert publish(client, seed=9).version == 6
        with closing(client.watch(since_revision=1)) as watch:
            seen = [
                event.revision for event in itertools.islice(watch, current_revision(client) - 1)
            ]
        assert seen == list(range(2, current_revision(client) + 1))
        assert current_revision(client) > revision
        eventually(lambda: model.metric("versions", state="ready") == len(numbers(client)))


def of_race(**given: Any) -> tuple[pb.PublishPolicyHeader, bytes]:
    size = get_game("race").spec().observation_size
    network = Network(observation_size=size)
    return network.header(collection=pb.Collection(game="race"), **given), network.file()


def test_a_game_is_asked_of_game_once(model: RunningModel) -> None:
    header, data = of_race()
    assert [model.client.publish(header, data).version for _ in range(3)] == [1, 2, 3]
    assert model.game.asked == ["race"]


def test_while_game_is_away_a_publish_leaves_nothing_and_may_be_repeated(
    model: RunningModel,
) -> None:
    header, data = of_race(request_id="again")
    model.game.down = True
    with pytest.raises(Unavailable, match="the Game service is to tell what 'race' is like"):
        model.client.publish(header, data)
    assert (model.blobs(), model.uploads()) == (set(), [])
    assert list(model.client.list("race")) == []
    model.game.down = False
    assert model.client.publish(header, data).version == 1
    model.game.down = True
    # What was published is known without Game, and so is the game by now.
    assert model.client.publish(header, data).version == 1
    assert model.client.publish(of_race()[0], data).version == 2


def test_settings_that_do_not_fit_the_game_are_refused(model: RunningModel) -> None:
    network = Network()
    for settings, words in ({"width": 1}, "width: 1 is outside"), ({"seats": 1}, "seats: 1 is"):
        header = network.header(collection={"game": "race", "settings": settings})
        with pytest.raises(InvalidArgument, match=words):
            model.client.publish(header, network.file())
    assert model.uploads() == []
