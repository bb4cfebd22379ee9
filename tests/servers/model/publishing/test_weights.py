"""Versions of a known graph come, are checked, kept and fetched as weights."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc
import numpy as np
import pytest

from actor.selfplay.student.student import Student
from mazemesh.client.model import CHUNK_BYTES, ModelClient
from mazemesh.errors import FailedPrecondition, InvalidArgument, MazemeshError, NotFound
from mazemesh.games import GameSettings, get_game
from mazemesh.policy.file.weights import Graph
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from mazemesh.wire.specs import settings_to_proto
from tests.onnx_policies import Network, RecurrentNetwork
from tests.servers.model_policies import numbers
from tests.servers.model_server import RunningModel, running_model
from tests.servers.running import eventually


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningModel]:
    with running_model(tmp_path_factory.mktemp("model")) as model:
        publish(model.client, Network())
        yield model


def graph_of(network: Network) -> Graph:
    graph = Graph.of(network.file())
    assert graph is not None
    return graph


GRAPH = graph_of(Network())


def publish(
    client: ModelClient, network: Network, graph: Graph = GRAPH, **given: object
) -> pb.PolicyVersion:
    return client.publish(network.header(**given), network.file(), graph)


def send(
    model: RunningModel,
    network: Network,
    weights: bytes,
    *chunks: bytes,
    graph: Graph = GRAPH,
    **given: object,
) -> pb.PolicyVersion:
    """Publishes whatever weights, as no client of ours would."""
    said = {
        "sha256": hashlib.sha256(network.file()).hexdigest(),
        "size_bytes": len(graph.template),
        "graph_sha256": graph.sha256,
        "weights": weights,
    }
    header = network.header(**{**said, **given})
    messages = [pb.PublishPolicyRequest(header=header)]
    messages += [pb.PublishPolicyRequest(chunk=chunk) for chunk in chunks]
    return model.client._call(
        ModelServiceStub(model.client.channel).PublishPolicy, iter(messages)
    ).policy


def weights_of(network: Network) -> bytes:
    weights = graph_of(network).weights_of(network.file())
    assert weights is not None
    return weights


def downloaded(client: ModelClient, **asked: object) -> tuple[pb.PolicyVersion, bytes]:
    stub = ModelServiceStub(client.channel)
    first, *rest = stub.GetPolicy(pb.GetPolicyRequest(policy="race", **asked), timeout=10)
    return first.policy, b"".join(response.chunk for response in rest)


@pytest.mark.parametrize("kind", [Network, RecurrentNetwork])
def test_a_version_that_came_as_weights_is_the_file_that_it_always_was(
    model: RunningModel, kind: type[Network]
) -> None:
    first, second = kind(), kind(seed=1)
    graph = graph_of(first)
    assert publish(model.client, first, graph).graph_sha256 == graph.sha256
    version = publish(model.client, second, graph)
    assert (version.version, version.state) == (2, pb.POLICY_STATE_READY)
    assert version.sha256 == hashlib.sha256(second.file()).hexdigest()
    assert "all at once; its graph" in version.checked
    # It did come as weights: the file is not among the blobs, for it is not to be kept.
    assert model.blobs() == {hashlib.sha256(first.file()).hexdigest()}
    for client_graph in (None, graph):
        assert model.client.get("race", graph=client_graph) == (version, second.file())
        assert model.client.get("race:1", graph=client_graph)[1] == first.file()
    assert model.client.get("race", version.sha256, graph)[1] is None


def test_who_has_the_graph_is_sent_weights_from_an_offset_on(model: RunningModel) -> None:
    network = Network(observation_size=1000, hidden=800)
    graph = graph_of(network)
    for seed in range(2):
        network = Network(observation_size=1000, hidden=800, seed=seed)
        publish(model.client, network, graph)
    weights, file = weights_of(network), network.file()
    assert len(weights) > 3 * CHUNK_BYTES  # it came in chunks, too
    for offset in (0, 5, CHUNK_BYTES, len(weights)):
        asked = {"offset": offset, "graph_sha256": graph.sha256}
        assert downloaded(model.client, **asked)[1] == weights[offset:]
        assert downloaded(model.client, offset=offset)[1] == file[offset:]
    assert downloaded(model.client, graph_sha256=GRAPH.sha256)[1] == file
    beyond = {"offset": len(weights) + 1, "graph_sha256": graph.sha256}
    with pytest.raises(grpc.RpcError, match=f"expected 0..{len(weights)}"):
        downloaded(model.client, **beyond)


NETWORK = Network(seed=5)
WEIGHTS = weights_of(NETWORK)
NOT_A_NUMBER = np.float32([np.nan]).tobytes()


@pytest.mark.parametrize(
    ("weights", "chunks", "given", "error", "told"),
    [
        (WEIGHTS[:-4], (), {}, InvalidArgument, f"{len(WEIGHTS) - 4} bytes; graph"),
        (WEIGHTS + b"0000", (), {}, InvalidArgument, f"{len(WEIGHTS) + 4} bytes; graph"),
        (WEIGHTS, (bytes(CHUNK_BYTES),) * 20, {}, InvalidArgument, "bytes; graph"),
        (b"", (), {}, InvalidArgument, "weights have 0 bytes"),
        (WEIGHTS[:-4] + NOT_A_NUMBER, (), {}, InvalidArgument, "is not finite"),
        (bytes(len(WEIGHTS)), (), {}, InvalidArgument, "sha256 is"),
        (WEIGHTS, (), {"size_bytes": 10**6}, InvalidArgument, "size_bytes is 1000000"),
        (WEIGHTS, (), {"graph_sha256": "0" * 64}, NotFound, "publish the whole file"),
        (WEIGHTS, (), {"graph_sha256": "graph"}, InvalidArgument, "graph_sha256 is 'graph'"),
        (WEIGHTS, (), {"graph_sha256": ""}, InvalidArgument, "graph_sha256 is not"),
        (WEIGHTS, (), {"parent_version": 99}, InvalidArgument, "parent_version is 99"),
    ],
)
def test_weights_that_are_none_leave_nothing(
    lasting: RunningModel,
    weights: bytes,
    chunks: tuple[bytes, ...],
    given: dict[str, object],
    error: type[MazemeshError],
    told: str,
) -> None:
    before = numbers(lasting.client, include_all_states=True)
    with pytest.raises(error, match=told):
        send(lasting, NETWORK, weights, *chunks, **given)
    assert numbers(lasting.client, include_all_states=True) == before
    assert send(lasting, NETWORK, WEIGHTS).version == before[0] + 1


def test_weights_that_answer_otherwise_are_rejected_and_nobody_sees_them(
    model: RunningModel,
) -> None:
    publish(model.client, Network())
    with closing(model.client.watch("race", graph_sha256=GRAPH.sha256)) as watch:
        assert next(watch).heartbeat
        other = Network(seed=7).parity()
        with pytest.raises(FailedPrecondition, match="race:2 is rejected: check 'parity' failed"):
            send(model, NETWORK, WEIGHTS, parity=other)
        event = next(watch)
        assert event.policy.state == pb.POLICY_STATE_REJECTED
    assert numbers(model.client) == [1]
    assert model.client.get("race")[1] == Network().file()


def test_who_watches_has_the_weights_before_the_version_is_visible(model: RunningModel) -> None:
    publish(model.client, Network())
    with (
        closing(model.client.watch("race", graph_sha256=GRAPH.sha256)) as watch,
        closing(model.client.watch("race")) as plain,
        closing(model.client.watch("race", graph_sha256="0" * 64)) as other,
    ):
        assert all(next(one).heartbeat for one in (watch, plain, other))
        version = publish(model.client, NETWORK)
        weights, ready, moved = itertools.islice(watch, 3)
        for one in (plain, other):
            assert [event.WhichOneof("event") for event in itertools.islice(one, 2)] == [
                "policy",
                "alias",
            ]
    assert weights.weights.sha256 == version.sha256
    assert GRAPH.filled(weights.weights.weights) == NETWORK.file()
    assert ready.policy == version
    assert (moved.alias.alias, moved.alias.version) == ("latest", 2)
    with pytest.raises(InvalidArgument, match="name is not"):
        next(model.client.watch(graph_sha256=GRAPH.sha256))


def test_a_restart_keeps_what_came_as_weights_and_takes_more(tmp_path: Path) -> None:
    with running_model(tmp_path) as model:
        for seed in range(3):
            publish(model.client, Network(seed=seed))
    with running_model(tmp_path) as model:
        assert model.client.get("race:3")[1] == Network(seed=2).file()
        assert model.client.get("race:2", graph=GRAPH)[1] == Network(seed=1).file()
        assert send(model, NETWORK, WEIGHTS).version == 4


def test_what_is_kept_lies_among_the_blobs_and_the_rest_goes_with_its_version(
    tmp_path: Path,
) -> None:
    with running_model(tmp_path, keep_versions=2) as model:
        for seed in range(6):
            publish(model.client, Network(seed=seed), snapshot=seed == 2)
        assert numbers(model.client) == [6, 5, 4, 3]
        kept = hashlib.sha256(Network(seed=2).file()).hexdigest()
        eventually(lambda: model.blobs() == {kept})
        assert model.client.get("race:3")[1] == Network(seed=2).file()
        assert model.client.get("race:4")[1] == Network(seed=3).file()
        with pytest.raises(NotFound, match="retired"):
            model.client.get("race:2", graph=GRAPH)


def test_a_client_whose_graph_is_gone_publishes_the_file(tmp_path: Path) -> None:
    with running_model(tmp_path / "one") as model:
        publish(model.client, Network())
        known = model.client._known
    with running_model(tmp_path / "two") as model:
        model.client._known = known
        assert publish(model.client, NETWORK).version == 1
        assert model.client.get("race")[1] == NETWORK.file()


def test_a_student_acts_with_versions_that_it_never_fetched(model: RunningModel) -> None:
    spec = get_game("solo").spec(GameSettings())
    networks = [Network(spec.observation_size, spec.num_actions, seed=seed) for seed in range(5)]
    collection = pb.Collection(game="solo", settings=settings_to_proto(GameSettings()))
    graph = graph_of(networks[0])

    class Counting(ModelClient):
        fetched = 0

        def get(
            self, policy: str, if_none_match: str = "", graph: Graph | None = None
        ) -> tuple[pb.PolicyVersion, bytes | None]:
            self.fetched += 1
            return super().get(policy, if_none_match, graph)

    def out(network: Network) -> None:
        publish(model.client, network, graph, collection=collection)

    stop = threading.Event()
    with closing(Counting(model.address)) as client:
        out(networks[0])
        student = Student(client, "race", stop)
        student.wait()
        following = threading.Thread(target=student.follow, args=(spec,))
        following.start()
        eventually(lambda: client.fetched == 2)  # to have one, and for what was missed
        for number, network in enumerate(networks[1:], 2):
            out(network)
            student.wait_newer(number - 1)
            assert student.version == number
            observation = np.ones((3, spec.observation_size), np.uint8)
            mask = np.ones((3, spec.num_actions), np.uint8)
            logits, _, _ = student.current.infer(observation, mask)
            np.testing.assert_allclose(logits, network.answer(observation, mask)[0], atol=1e-5)
        assert client.fetched == 2
        stop.set()
        out(Network(spec.observation_size, spec.num_actions, seed=9))
        following.join(20)
        assert not following.is_alive()
