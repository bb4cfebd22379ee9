"""What is checked again of a file whose graph was checked before, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.policy.file.rejection import Rejection
from mazemesh.policy.file.weights import Graph
from services.model.validation.known_graphs import MOST_GRAPHS, KnownGraphs
from services.model.wire.registry.parity_message import read_parity
from tests.onnx_policies import Network, RecurrentNetwork

AGAIN = "checked with other weights before"


@pytest.mark.parametrize("kind", [Network, RecurrentNetwork])
def test_a_second_file_of_a_graph_is_compared_on_all_rows_at_once(kind: type[Network]) -> None:
    graphs = KnownGraphs()
    first, second = kind(), kind(seed=1)
    assert AGAIN not in graphs.check(first.file(), read_parity(first.parity(), None)).words
    told = graphs.check(second.file(), read_parity(second.parity(17), None)).words
    assert told.startswith("the publisher's answers to 17 observations")
    assert AGAIN in told


def test_its_answers_must_still_be_the_publishers() -> None:
    graphs, network, other = KnownGraphs(), Network(), Network(seed=1)
    graphs.check(network.file(), read_parity(network.parity(), None))
    for _ in range(2):
        with pytest.raises(Rejection, match="they differ by") as caught:
            graphs.check(other.file(), read_parity(network.parity(), None))
        assert caught.value.check == "parity"
    assert AGAIN in graphs.check(other.file(), read_parity(other.parity(), None)).words


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_its_weights_must_be_finite(value: float) -> None:
    graphs, network = KnownGraphs(), Network()
    parity = read_parity(network.parity(), None)
    graphs.check(network.file(), parity)
    graph = Graph.of(network.file())
    assert graph is not None
    file = bytearray(network.file())
    begin, _ = graph.ranges[1]
    file[begin : begin + 4] = np.float32([value]).tobytes()
    with pytest.raises(Rejection) as caught:
        graphs.check(bytes(file), parity)
    assert caught.value.check == "finite"


def test_a_byte_beside_the_weights_makes_another_graph() -> None:
    graphs, network = KnownGraphs(), Network()
    parity = read_parity(network.parity(), None)
    graphs.check(network.file(), parity)
    file = network.file().replace(b"Tanh", b"Tanx")
    with pytest.raises(Rejection, match="operator 'Tanx' is not one that policies may be made of"):
        graphs.check(file, parity)


def test_a_file_that_failed_is_not_remembered() -> None:
    graphs, network, other = KnownGraphs(), Network(), Network(seed=1)
    with pytest.raises(Rejection):
        graphs.check(other.file(), read_parity(network.parity(), None))
    assert AGAIN not in graphs.check(network.file(), read_parity(network.parity(), None)).words


def test_rows_of_another_form_are_checked_as_of_a_stranger() -> None:
    graphs, network = KnownGraphs(), Network()
    graphs.check(network.file(), read_parity(network.parity(), None))
    recurrent = RecurrentNetwork()
    with pytest.raises(Rejection) as caught:
        graphs.check(network.file(), read_parity(recurrent.parity(), None))
    assert caught.value.check == "signature"


def test_the_graphs_used_last_are_remembered() -> None:
    graphs = KnownGraphs()
    networks = [Network(hidden=4 + number) for number in range(MOST_GRAPHS + 1)]
    for network in networks:
        graphs.check(network.file(), read_parity(network.parity(), None))
    first, *_, last = networks
    assert AGAIN in graphs.check(last.file(), read_parity(last.parity(), None)).words
    assert AGAIN not in graphs.check(first.file(), read_parity(first.parity(), None)).words
