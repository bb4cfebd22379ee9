"""Lineage, holds, collection, rules and uploads over the wire."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from mazemesh.client.model import CHUNK_BYTES, ModelClient
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
from mazemesh.policy.file.weights import Graph
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import registry_pb2
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from services.model.registry.rules import Gate
from tests.onnx_policies import Network
from tests.servers.model_policies import publish
from tests.servers.model_server import RunningModel
from tests.servers.running import eventually


def test_versions_are_found_by_their_lineage(client: ModelClient) -> None:
    spec = get_game("race").spec()
    network = Network(observation_size=spec.observation_size)
    config = {"learning_rate": "0.0003", "seed": "7"}
    of_race = network.header(
        collection=pb.Collection(game="race"),
        run_id="run-1",
        training_step=100,
        code_version="1.2.3+abc",
        config=config,
    )
    first = client.publish(of_race, network.file())
    assert (first.code_version, first.game_hash) == ("1.2.3+abc", spec.rules_hash)
    assert dict(client.details("race:1").config) == config
    publish(client, seed=1, run_id="run-2", training_step=200, parent_version=1)
    publish(client, "solo", seed=2, run_id="run-2", config={**config, "seed": "8"})

    def found(**wanted: object) -> list[str]:
        return [f"{one.name}:{one.version}" for one in client.list(**wanted)]  # type: ignore[arg-type]

    assert found(run_id="run-1") == ["race:1"]
    assert found(run_id="run-2") == ["solo:1", "race:2"]
    assert found(name="race", run_id="run-2") == ["race:2"]
    assert found(game="race") == found(game_hash=spec.rules_hash) == ["race:1"]
    assert found(spec_hash=spec.spec_hash) == found(sha256=first.sha256) == ["race:1"]
    assert found(code_version="1.2.") == ["race:1"]
    assert found(code_version="%") == []
    assert found(name="race", parent_version=1) == ["race:2"]
    assert found(name="race", min_training_step=101) == ["race:2"]
    assert found(name="race", max_training_step=100) == ["race:1"]
    assert found(config={"learning_rate": "0.0003"}) == ["solo:1", "race:1"]
    assert found(config=config) == ["race:1"]
    assert found(config={"learning_rate": "0.1"}) == []
    now = datetime.now(UTC)
    assert found(since=now - timedelta(hours=1)) == ["solo:1", "race:2", "race:1"]
    assert found(before=now - timedelta(hours=1)) == []


def test_a_search_looks_at_so_many_at_a_time_and_comes_to_an_end(
    client: ModelClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.model.stores.sql.versions.LOOKED_AT", 2)
    graph = Graph.of(Network().file())
    for seed in range(7):
        network = Network(seed=seed)
        header = network.header(run_id="first" if seed < 2 else "later")
        client.publish(header, network.file(), graph)
    request = pb.ListPoliciesRequest(name="race", run_id="first")
    stub = ModelServiceStub(client.channel)
    page = stub.ListPolicies(request, timeout=10)
    assert (len(page.policies), bool(page.next_page_token)) == (0, True)
    assert [one.version for one in client.list("race", run_id="first")] == [2, 1]


@pytest.mark.parametrize(
    ("request_of", "message"),
    [
        (pb.ListPoliciesRequest(parent_version=1), "parent_version is 1 and name is empty"),
        (pb.ListPoliciesRequest(min_training_step=-1), "min_training_step is -1"),
        (pb.ListPoliciesRequest(run_id="x" * 129), "run_id has 129 characters"),
        (pb.ListPoliciesRequest(config={"k": "v\0"}), "NUL"),
        (pb.ListPoliciesRequest(config={str(n): "" for n in range(17)}), "config has 17 names"),
    ],
)
def test_a_search_for_what_cannot_be(
    client: ModelClient, request_of: pb.ListPoliciesRequest, message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message):
        client._call(client._stub.ListPolicies, request_of)


def test_a_config_is_bounded(client: ModelClient) -> None:
    network = Network()
    for config, message in (
        ({str(n): "" for n in range(257)}, "config has 257 names; at most 256"),
        ({"k": "v" * 1025}, "config.'k'. has 1025 characters"),
        ({"": "v"}, "a name of 0 characters"),
        ({f"{n}": "v" * 1000 for n in range(80)}, "config has 80150 characters"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            client.publish(network.header(config=config), network.file())


def test_versions_that_are_held_or_stood_for_stay(model: RunningModel) -> None:
    client = model.client
    for seed in range(6):
        publish(client, seed=seed, snapshot=True)
    client.hold_versions("ann", ["race:1"], 60.0, reason="a talk")
    promote(client, "race", 2)
    promote(client, "race", 3)
    request = registry_pb2.CollectPoliciesRequest(name="race", keep_snapshots=0, dry_run=True)
    dry = client.collect(request)
    assert list(dry.versions) == [4, 5]
    kept = {one.version: one.reason for one in dry.kept}
    assert kept == {
        1: "held by ann: a talk",
        2: "alias previous",
        3: "alias champion",
        6: "alias latest",
    }
    assert len(model.blobs()) == 6
    request.dry_run = False
    wet = client.collect(request)
    assert (wet.versions, wet.file_bytes) == (dry.versions, dry.file_bytes)
    assert client.describe("race:4").state == pb.POLICY_STATE_RETIRED
    assert client.get("race:1")[1] is not None
    assert len(model.blobs()) == 4
    assert client.details("race:1").kept_by == "held by ann: a talk"
    (hold,) = client.holds(name="race")
    assert (hold.policy, hold.holder) == ("race:1", "ann")
    with pytest.raises(NotFound, match="its file was deleted"):
        client.get("race:4")
    # The way back is open.
    assert roll_back(client, "race").version == 2
    client.hold_versions("ann", ["race:1"], 0.0)
    assert list(client.collect(request).versions) == [1]


def test_what_cannot_be_collected_or_held(client: ModelClient) -> None:
    publish(client)
    collect = registry_pb2.CollectPoliciesRequest
    for request, message in (
        (collect(name="race"), "none is set"),
        (collect(name="race", keep=1, versions=[1]), "versions and a number to keep are set"),
        (collect(name="race", keep=-1), "keep is -1"),
        (collect(name="race", versions=[0]), "versions has 0"),
        (collect(name="race", keep=1, older_than_seconds=-1), "older_than_seconds is -1"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            client.collect(request)
    for holder, policies, seconds, message in (
        ("a b", ["race:1"], 60.0, "holder is 'a b'"),
        ("ann", [], 60.0, "policies has 0 versions"),
        ("ann", ["race:latest"], 60.0, "expected a version, as an alias may move"),
        ("ann", ["race:1"], 1e9, "seconds is 1e\\+09"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            client.hold_versions(holder, policies, seconds)
    with pytest.raises(NotFound):
        client.hold_versions("ann", ["race:2"], 60.0)
    with pytest.raises(InvalidArgument, match="expected one of them"):
        client.holds()


def test_rules_hold_a_promotion_until_all_is_there(model: RunningModel) -> None:
    client = model.client
    for seed in range(2):
        publish(client, seed=seed)
    promote(client, "race", 1)
    rules = registry_pb2.PromotionRules(
        name="race",
        alias="champion",
        movers=["ann"],
        checks=[registry_pb2.RequiredCheck(check="parity-64", at_most=1e-4)],
        gate=registry_pb2.RequiredGate(min_elo0=0.0),
    )
    assert client.set_rules(rules, 0).revision == 1
    with pytest.raises(Conflict, match="at revision 1"):
        client.set_rules(rules, 0)
    (told,) = client.rules("race")
    assert (told.movers, told.checks, told.gate) == (rules.movers, rules.checks, rules.gate)

    with pytest.raises(MazemeshError, match="'bob' may not move race:champion"):
        promote(client, "race", 2, mover="bob", gate_id="gate-1")
    with pytest.raises(FailedPrecondition, match="gate_id names none"):
        promote(client, "race", 2, mover="ann")
    model.gates.down = True
    with pytest.raises(Unavailable, match="Elo is down"):
        promote(client, "race", 2, mover="ann", gate_id="gate-1")
    model.gates.down = False
    with pytest.raises(FailedPrecondition, match="Elo knows no gate gate-1"):
        promote(client, "race", 2, mover="ann", gate_id="gate-1")
    model.gates.known["gate-1"] = Gate(
        "gate-1", "race:2", "race:1", passed=True, verdict="passed", elo0=0.0, alpha=0.05
    )
    move = promote(client, "race", 2, mover="ann", gate_id="gate-1")
    assert (move.version, move.gate_id) == (2, "gate-1")
    assert roll_back(client, "race", mover="ann").version == 1


def test_rules_that_make_no_sense(client: ModelClient) -> None:
    rules = registry_pb2.PromotionRules
    for wrong, message in (
        (rules(name="race", alias="latest"), "moves by itself"),
        (rules(name="Race", alias="champion"), "rules.name"),
        (rules(name="race", alias="champion", movers=[""]), "rules.movers has ''"),
        (
            rules(
                name="race",
                alias="champion",
                checks=[registry_pb2.RequiredCheck(check="beauty")],
            ),
            r"rules.checks\[0\].check is 'beauty'; expected one of size",
        ),
        (
            rules(name="race", alias="champion", gate=registry_pb2.RequiredGate(baseline="no one")),
            "rules.gate.baseline",
        ),
    ):
        with pytest.raises(InvalidArgument, match=message):
            client.set_rules(wrong, 0)


def test_what_comes_in_is_listed_until_it_has_a_number(model: RunningModel) -> None:
    network = Network(observation_size=1000, hidden=800, seed=3)
    data = network.file()
    header = network.header(sha256="0" * 64, size_bytes=len(data), run_id="run-1")
    end = threading.Event()

    def half() -> Iterator[pb.PublishPolicyRequest]:
        yield pb.PublishPolicyRequest(header=header)
        yield pb.PublishPolicyRequest(chunk=data[:CHUNK_BYTES])
        end.wait(60)

    with closing(ModelClient(model.address)) as other:
        call = ModelServiceStub(other.channel).PublishPolicy.future(half(), timeout=60)
        eventually(lambda: [one.received_bytes for one in model.client.uploads()] == [CHUNK_BYTES])
        (one,) = model.client.uploads("race")
        assert (one.state, one.run_id) == (registry_pb2.UPLOAD_STATE_UPLOADING, "run-1")
        assert one.size_bytes == len(data)
        assert list(model.client.uploads("solo")) == []
        call.cancel()
        end.set()
    eventually(lambda: list(model.client.uploads()) == [])


def test_a_flipped_byte_in_a_stored_file_is_refused(model: RunningModel) -> None:
    network = Network(seed=5)
    version = model.client.publish(network.header(snapshot=True), network.file())
    (path,) = (model.data_dir / "blobs").rglob(version.sha256)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(FailedPrecondition, match="the stored file of race:1 is damaged"):
        model.client.get("race:1")
