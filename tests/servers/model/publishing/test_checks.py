"""Checks of a version with their figures, over the wire, and the games that a file plays first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from onnx import helper, numpy_helper

from mazemesh.errors import FailedPrecondition
from mazemesh.games import get_game
from mazemesh.policy.file.weights import Graph
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import registry_pb2
from tests.onnx_policies import Network
from tests.servers.game_server import RunningGame, running_game
from tests.servers.model_server import RunningModel, running_model
from tests.servers.running import eventually

PASSED, FAILED = registry_pb2.CHECK_OUTCOME_PASSED, registry_pb2.CHECK_OUTCOME_FAILED
ALL = [
    *("size", "external-data", "operators", "opset", "finite", "onnx", "load", "signature"),
    *("parity", "parity-1", "parity-64", "parity-plain", "latency-1", "latency-64"),
]


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGame]:
    with running_game(tmp_path_factory.mktemp("game")) as game:
        game.client.open_session("race", None, 1, 1).close()  # so that its kernels are loaded
        yield game


@pytest.fixture
def model(tmp_path: Path, game: RunningGame) -> Iterator[RunningModel]:
    with running_model(tmp_path, game.address, smoke_game_moves=40, smoke_seconds=60) as model:
        yield model


def checks(model: RunningModel, policy: str) -> dict[str, registry_pb2.ValidationCheck]:
    return {one.check: one for one in model.client.details(policy).checks}


def of_race(seed: int = 0) -> Network:
    return Network(observation_size=get_game("race").spec().observation_size, seed=seed)


RACE = pb.Collection(game="race")


def test_every_check_is_told_with_its_figure(model: RunningModel) -> None:
    network = Network()
    model.client.publish(network.header(), network.file())
    found = checks(model, "race:1")
    assert list(found) == ALL  # nothing says what game it plays, so it plays none
    assert {one.outcome for one in found.values()} == {PASSED}
    assert found["size"].figure == len(network.file())
    assert found["size"].limit == 256 * 2**20
    assert (found["external-data"].figure, found["finite"].figure) == (0, 0)
    assert (found["operators"].figure, found["opset"].figure) == (9, 18)
    assert "MatMul x3" in found["operators"].detail
    assert "observation tensor(uint8) [batch, 12]" in found["signature"].detail
    for name in ("parity", "parity-1", "parity-64", "parity-plain"):
        assert 0 <= found[name].figure < found[name].limit == 1e-4
    assert 0 <= found["latency-1"].figure < found["latency-1"].limit == 100
    assert 0 <= found["latency-64"].figure < found["latency-64"].limit == 1000


def test_what_holds_for_a_graph_is_told_with_the_file_that_it_was_found_with(
    model: RunningModel,
) -> None:
    first, second = Network(), Network(seed=1)
    graph = Graph.of(first.file())
    model.client.publish(first.header(), first.file(), graph)
    model.client.publish(second.header(), second.file(), graph)
    found = checks(model, "race:2")
    assert list(found) == ALL
    own = {name for name, one in found.items() if not one.of}
    assert own == {"finite", "parity"}  # what the weights decide
    assert {one.of for name, one in found.items() if name not in own} == {"race:1"}


def test_a_rejected_version_tells_what_was_passed_and_what_was_not(model: RunningModel) -> None:
    network, other = Network(), Network(seed=1)
    with pytest.raises(FailedPrecondition, match="'parity'"):
        model.client.publish(network.header(), other.file())
    found = checks(model, "race:1")
    assert list(found) == ALL[: ALL.index("parity") + 1]
    assert found["parity"].outcome == FAILED
    assert found["parity"].figure > 1e-4
    assert "differ by" in found["parity"].detail
    with pytest.raises(FailedPrecondition, match="'onnx'"):
        model.client.publish(network.header(), b"no graph")
    assert list(checks(model, "race:2")) == ["size", "onnx"]


def test_a_file_that_is_too_slow_is_rejected(tmp_path: Path) -> None:
    with running_model(tmp_path, latency_budget_ms=1e-6) as model:
        network = Network()
        with pytest.raises(FailedPrecondition, match=r"a batch of 1 takes .* at most 1e-06 ms"):
            model.client.publish(network.header(), network.file())
        found = checks(model, "race:1")
        assert (found["latency-1"].outcome, list(found)[-1]) == (FAILED, "latency-1")


def test_a_file_plays_before_it_is_ready_and_a_snapshot_plays_games_to_their_end(
    model: RunningModel,
) -> None:
    network = of_race()
    header = network.header(collection=RACE, snapshot=True)
    model.client.publish(header, network.file())
    eventually(lambda: "8 games against bot/random, 40 moves" in smoke(model, 1).detail, 60)
    assert smoke(model, 1).outcome == PASSED
    # Of a known graph that is not repeated, but a snapshot's own weights play.
    second = of_race(1)
    graph = Graph.of(network.file())
    model.client.publish(header, network.file(), graph)
    model.client.publish(second.header(collection=RACE), second.file(), graph)
    assert "smoke" not in checks(model, "race:3")
    header = second.header(collection=RACE, snapshot=True)
    model.client.publish(header, second.file(), graph)
    eventually(lambda: "40 moves" in smoke(model, 4).detail, 60)


def smoke(model: RunningModel, version: int) -> registry_pb2.ValidationCheck:
    found = checks(model, f"race:{version}")
    return found.get("smoke", registry_pb2.ValidationCheck())


def test_a_file_that_fails_on_what_is_really_seen_is_rejected(model: RunningModel) -> None:
    """Its answers to the publisher's own rows are right: in these the last column is never 0."""
    network = of_race()
    changed = network.model()
    pick = np.zeros((network.observation_size, 1), np.float32)
    pick[-1] = 1.0
    for name, array in (("pick", pick), ("naught", np.zeros(1, np.float32))):
        changed.graph.initializer.append(numpy_helper.from_array(array, name))
    where = next(node for node in changed.graph.node if node.op_type == "Where")
    place = list(changed.graph.node).index(where)
    where.input[1] = "changed"
    for node in (
        helper.make_node("Add", ["raw", "nothing"], ["changed"]),
        helper.make_node("Div", ["naught", "seen"], ["nothing"]),
        helper.make_node("MatMul", ["float", "pick"], ["seen"]),
    ):
        changed.graph.node.insert(place, node)
    header = network.header(collection=RACE)
    assert (np.frombuffer(header.parity.observation.data, np.uint8).reshape(8, -1)[:, -1] > 0).all()
    with pytest.raises(FailedPrecondition, match="'smoke' failed: in play logits is nan"):
        model.client.publish(header, changed.SerializeToString())
    assert smoke(model, 1).outcome == FAILED


def test_while_game_is_away_no_smoke_match_is_played(tmp_path: Path) -> None:
    with running_model(tmp_path, "127.0.0.1:1") as model:
        network = of_race()
        model.client.publish(network.header(collection=RACE), network.file())
        assert smoke(model, 1).outcome == registry_pb2.CHECK_OUTCOME_SKIPPED
