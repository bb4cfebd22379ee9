"""Other forms of a policy's file answer what the file answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from mazemesh.errors import InvalidArgument
from mazemesh.policy.file.graph import check_graph
from mazemesh.policy.file.variants import KINDS, MOST_DIFFERENCE, check_kinds, variant
from tests.onnx_policies import Network, RecurrentNetwork

ROWS = 16


def convolutional(opset: int = 17) -> ModelProto:
    """uint8 [n, 2, 6, 6] -> Conv with and without a bias -> Gemm of a transposed matrix."""
    rng = np.random.default_rng(0)
    weights = {
        "k1": rng.normal(size=(8, 2, 3, 3)) / 4,
        "b1": rng.normal(size=8),
        "k2": rng.normal(size=(8, 8, 3, 3)) / 8,
        "m": rng.normal(size=(5, 128)) / 8,
        "b": rng.normal(size=5),
        "scale": np.array(1 / 255),
    }
    nodes = [
        helper.make_node("Cast", ["observation"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["f", "scale"], ["x"]),
        helper.make_node("Conv", ["x", "k1", "b1"], ["y"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["y"], ["r"]),
        helper.make_node("Conv", ["r", "k2"], ["z"]),
        helper.make_node("Flatten", ["z"], ["flat"]),
        helper.make_node("Gemm", ["flat", "m", "b"], ["logits"], transB=1, alpha=0.5, beta=2.0),
    ]
    graph = helper.make_graph(
        nodes,
        "convolutional",
        [helper.make_tensor_value_info("observation", TensorProto.UINT8, ["n", 2, 6, 6])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def given(name: str) -> tuple[bytes, dict[str, Any]]:
    """A file, and rows for it."""
    rng = np.random.default_rng(1)
    if name.startswith("convolutional"):
        model = convolutional(18 if name.endswith("18") else 17)
        images = rng.integers(0, 256, (ROWS, 2, 6, 6), dtype=np.uint8)
        return model.SerializeToString(), {"observation": images}
    network = RecurrentNetwork() if name == "recurrent" else Network()
    mask = (rng.random((ROWS, network.num_actions)) < 0.7).astype(np.uint8)
    mask[:, 0] = 1
    seen = rng.integers(0, 256, (ROWS, network.observation_size), dtype=np.uint8)
    columns: dict[str, Any] = {"observation": seen, "action_mask": mask}
    if name == "recurrent":
        columns["state"] = rng.normal(size=(ROWS, network.hidden)).astype(np.float32)
    return network.file(), columns


def answers(file: bytes, columns: dict[str, Any]) -> list[Any]:
    session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
    return list(session.run(None, columns))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["plain", "recurrent", "convolutional", "convolutional18"])
def test_a_form_answers_almost_the_same_and_is_a_policy(kind: str, name: str) -> None:
    file, columns = given(name)
    form = variant(file, kind)
    onnx.checker.check_model(form)
    check_graph(onnx.load_model_from_string(form))  # of operators that any policy may have
    again = answers(form, columns)
    for expected, got in zip(answers(file, columns), again, strict=True):
        assert got.dtype == expected.dtype
        gap = np.abs(got - expected) / np.maximum(1, np.abs(expected))
        assert gap.max() <= MOST_DIFFERENCE[kind] / 2
    whole = answers(file, columns)
    assert any((got != one).any() for got, one in zip(again, whole, strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["recurrent", "convolutional"])
def test_a_row_is_answered_alike_whatever_is_beside_it(kind: str, name: str) -> None:
    file, columns = given(name)
    columns["observation"][1:] = 255  # by a scale of the whole batch the first row would be lost
    columns["observation"][0] //= 64
    form = variant(file, kind)
    together = answers(form, columns)
    alone = answers(form, {key: column[:1] for key, column in columns.items()})
    for first, second in zip(together, alone, strict=True):
        np.testing.assert_allclose(first[:1], second, atol=1e-6)


def test_forms_are_smaller() -> None:
    network = Network(observation_size=300, hidden=128)
    sizes = {kind: len(variant(network.file(), kind)) for kind in KINDS}
    whole = len(network.file())
    assert sizes["fp16"] < 0.55 * whole
    assert sizes["bf16"] < 0.55 * whole
    assert sizes["int8"] < 0.35 * whole


def test_what_cannot_be_changed_is_told() -> None:
    small = convolutional(9).SerializeToString()
    with pytest.raises(InvalidArgument, match="opset 9; bf16 needs 13"):
        variant(small, "bf16")
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [value], [answer])
    plain = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(InvalidArgument, match="no constant matrix"):
        variant(plain.SerializeToString(), "int8")
    with pytest.raises(InvalidArgument, match="fp32"):
        check_kinds(["fp16", "fp32"])
    assert check_kinds(["int8", "fp16", "int8"]) == ("int8", "fp16")
