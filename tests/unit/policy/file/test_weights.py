"""A file is a graph and weights, and they are the file again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mazemesh.policy.file.weights import Graph, WeightsError
from tests.onnx_policies import Network, RecurrentNetwork


def graph_of(file: bytes) -> Graph:
    graph = Graph.of(file)
    assert graph is not None
    return graph


@pytest.mark.parametrize("kind", [Network, RecurrentNetwork])
def test_files_of_one_graph_differ_in_their_weights_alone(kind: type[Network]) -> None:
    first, second = (kind(seed=seed).file() for seed in (0, 1))
    graph = graph_of(first)
    assert graph == graph_of(second)
    weights = graph.weights_of(second)
    assert weights is not None
    assert len(weights) == graph.weight_bytes
    assert graph.filled(weights) == second
    assert graph.filled(bytes(graph.weight_bytes)) == graph.template


def test_weights_are_the_float_initializers_in_the_order_of_the_file() -> None:
    file = Network().file()
    tensors = [
        numpy_helper.to_array(one).ravel()
        for one in onnx.load_model_from_string(file).graph.initializer
        if one.data_type == TensorProto.FLOAT
    ]
    assert graph_of(file).weights_of(file) == np.concatenate(tensors).astype("<f4").tobytes()


def test_another_graph_has_another_hash_and_its_files_no_weights_here() -> None:
    graph, other = graph_of(Network().file()), RecurrentNetwork().file()
    assert graph.sha256 != graph_of(other).sha256
    assert graph.weights_of(other) is None
    same_length = bytearray(graph.template)
    same_length[0] ^= 1
    assert graph.weights_of(bytes(same_length)) is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused_by_their_place(value: float) -> None:
    graph = graph_of(Network().file())
    weights = np.zeros(graph.weight_bytes // 4, "<f4")
    weights[3] = value
    with pytest.raises(WeightsError, match=r"weights\[3\] is not finite"):
        graph.filled(weights.tobytes())


@pytest.mark.parametrize("more", [-4, -1, 1, 4])
def test_weights_of_another_number_are_refused(more: int) -> None:
    graph = graph_of(Network().file())
    with pytest.raises(WeightsError, match=f"have {graph.weight_bytes + more} bytes"):
        graph.filled(bytes(graph.weight_bytes + more))


def test_a_constant_that_is_not_finite_is_of_the_graph() -> None:
    model = onnx.load_model_from_string(Network().file())
    model.graph.initializer.append(numpy_helper.from_array(np.float32([-np.inf]), "least"))
    file = model.SerializeToString()
    graph = graph_of(file)
    assert graph.weight_bytes == graph_of(Network().file()).weight_bytes
    assert graph.filled(graph.weights_of(file) or b"") == file


def with_node(operator: str) -> bytes:
    model = onnx.load_model_from_string(Network().file())
    model.graph.node.append(helper.make_node(operator, ["a"], ["b"]))
    return bytes(model.SerializeToString())


def with_function() -> bytes:
    model = onnx.load_model_from_string(Network().file())
    nodes = [helper.make_node("Relu", ["a"], ["b"])]
    opset = [helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("own", "f", ["a"], ["b"], nodes, opset))
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    "file",
    [
        lambda: with_node("Range"),
        lambda: with_node("OneHot"),
        lambda: with_node("If"),
        with_function,
        lambda: b"",
        lambda: b"no model",
        lambda: Network().file()[:-7],
        lambda: Network().file() + Network().file(),  # protobuf reads this as one, merged
        lambda: b"\x3a\xff\xff\xff\xff\x0f",  # a graph that is longer than the file
        lambda: b"\xff" * 40,
        lambda: b"\x08\x01" * 50_000,  # more fields than are read
    ],
)
def test_what_is_not_told_from_its_weights(file: Callable[[], bytes]) -> None:
    assert Graph.of(file()) is None


def test_any_bytes_are_taken_or_left() -> None:
    """Whatever is changed, a graph either is none or gives the very file back."""
    rng, original = np.random.default_rng(0), Network().file()
    for _ in range(300):
        file = bytearray(original)
        for place in rng.integers(0, len(file), rng.integers(1, 4)):
            file[place] = rng.integers(256)
        graph = Graph.of(bytes(file))
        if graph is not None:
            weights = graph.weights_of(bytes(file))
            assert weights is not None
            assert graph.filled(weights) == file
