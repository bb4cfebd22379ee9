"""Files of other libraries: their edges are made a policy's, and they answer what they did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, get_game
from mazemesh.policy.file.policy_file import PolicyFile, read_policy
from mazemesh.policy.publishing import prepare
from tests.onnx_policies import Network

SPEC = get_game("solo").spec(GameSettings())
WIDTH, ACTIONS = SPEC.observation_size, SPEC.num_actions
OLDEST, NEWEST = 11, 23
TYPES = {
    "float": (TensorProto.FLOAT, np.float32),
    "float16": (TensorProto.FLOAT16, np.float16),
    "int64": (TensorProto.INT64, np.int64),
    "uint8": (TensorProto.UINT8, np.uint8),
}


def theirs(
    *,
    opset: int = 17,
    seen: str = "float",
    inside: str = "float",
    batch: str | int = "batch_size",
    names: tuple[str, str] = ("obs", "q"),
    value: list[str | int] | None = None,
    extra: bool = False,
) -> ModelProto:
    """A linear network as another library would write it: no mask, its own names and types."""
    rng = np.random.default_rng(3)
    element, dtype = TYPES[inside]
    observation, logits = names
    constants = {
        "weight": rng.normal(0, 0.1, (WIDTH, ACTIONS)).astype(dtype),
        "critic": rng.normal(0, 0.1, (WIDTH, 1)).astype(dtype),
    }
    nodes = [
        helper.make_node("Cast", [observation], ["x"], to=element),
        helper.make_node("MatMul", ["x", "weight"], [logits]),
    ]
    outputs: dict[str, list[str | int]] = {logits: [batch, ACTIONS]}
    if value is not None:
        nodes.append(helper.make_node("MatMul", ["x", "critic"], ["values"]))
        outputs["values"] = value
    if extra:
        nodes.append(helper.make_node("Relu", ["x"], ["features"]))
        outputs["features"] = [batch, WIDTH]
    graph = helper.make_graph(
        nodes,
        "theirs",
        [helper.make_tensor_value_info(observation, TYPES[seen][0], [batch, WIDTH])],
        [helper.make_tensor_value_info(name, element, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    imports = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=imports, ir_version=7 if opset < 17 else 8)


def saved(folder: Path, model: ModelProto) -> Path:
    path = folder / "theirs.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def run(data: bytes, **inputs: np.ndarray[Any, Any]) -> Mapping[str, np.ndarray[Any, Any]]:
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def rows(count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(count)
    observation = rng.integers(0, 2, (count, WIDTH)).astype(np.uint8)
    mask = rng.integers(0, 2, (count, ACTIONS)).astype(np.uint8)
    mask[:, 0] = 1
    return observation, mask


def holds(found: PolicyFile, model: ModelProto, batch: int, tolerance: float = 1e-5) -> None:
    """The policy answers what the file did, where it is legal."""
    before = onnx.load_model_from_string(model.SerializeToString())
    observation, mask = rows(batch)
    told = before.graph.input[0]
    dtype = next(d for element, d in TYPES.values() if element == told.type.tensor_type.elem_type)
    theirs_say = run(before.SerializeToString(), **{told.name: observation.astype(dtype)})
    answers = run(found.data, observation=observation, action_mask=mask)
    logits = theirs_say[before.graph.output[0].name].astype(np.float32)
    np.testing.assert_allclose(
        answers["logits"], np.where(mask, logits, np.float32(-1e9)), rtol=tolerance
    )
    assert answers["logits"].dtype == answers["value"].dtype == np.float32
    assert answers["value"].shape == (batch,)
    if "values" in theirs_say:
        values = theirs_say["values"].astype(np.float32).reshape(batch)
        np.testing.assert_allclose(answers["value"], values, rtol=tolerance)


@pytest.mark.parametrize("opset", [OLDEST, 12, 13, 18, NEWEST])
@pytest.mark.parametrize("seen", ["float", "int64"])
def test_other_names_types_and_no_mask_of_every_opset(
    tmp_path: Path, opset: int, seen: str
) -> None:
    model = theirs(opset=opset, seen=seen, value=["batch_size", 1])
    found = read_policy(saved(tmp_path, model), SPEC)
    holds(found, model, 5)
    assert found.changes == (
        "obs is observation",
        "q is logits",
        "values is value",
        f"observation is cast to {seen}",
        "illegal actions are masked",
    )


@pytest.mark.parametrize("opset", [OLDEST, NEWEST])
@pytest.mark.parametrize("best", [False, True])
def test_a_value_that_is_not_answered_follows_from_q_values_or_is_0(
    tmp_path: Path, opset: int, best: bool
) -> None:
    found = read_policy(saved(tmp_path, theirs(opset=opset)), SPEC, q_values=best)
    observation, mask = rows(4)
    answers = run(found.data, observation=observation, action_mask=mask)
    expected = answers["logits"].max(axis=1) if best else np.zeros(4)
    np.testing.assert_array_equal(answers["value"], expected)
    assert found.q_values == best


def test_halves_are_answered_as_float32(tmp_path: Path) -> None:
    model = theirs(seen="float16", inside="float16", value=["batch_size"])
    model.graph.output[1].type.tensor_type.shape.dim.add().dim_value = 1
    found = read_policy(saved(tmp_path, model), SPEC)
    holds(found, model, 3, 1e-3)
    assert "logits is cast from float16" in found.changes


def test_a_batch_of_one_is_freed_and_played(tmp_path: Path) -> None:
    model = theirs(batch=1, value=[1, 1])
    path = saved(tmp_path, model)
    found = read_policy(path, SPEC)
    assert "the batch axis of observation is free, not 1" in found.changes
    holds(found, model, 1)
    assert len(run(found.data, observation=rows(64)[0], action_mask=rows(64)[1])["value"]) == 64
    assert prepare(path, "theirs", "solo").changes == found.changes


def test_a_graph_made_for_one_row_inside_is_refused(tmp_path: Path) -> None:
    model = theirs(batch=1, value=[1, 1])
    shape = numpy_helper.from_array(np.array([1, WIDTH], np.int64), "shape")
    model.graph.initializer.append(shape)
    model.graph.node[0].output[0] = "flat"
    model.graph.node.insert(1, helper.make_node("Reshape", ["flat", "shape"], ["x"]))
    with pytest.raises(InvalidArgument, match="does not run on observations of solo"):
        prepare(saved(tmp_path, model), "theirs", "solo")


def test_what_is_no_answer_of_a_policy_is_left_out(tmp_path: Path) -> None:
    model = theirs(value=["batch_size", 1], extra=True)
    found = read_policy(saved(tmp_path, model), SPEC)
    assert found.changes[-1] == "features is left out"
    holds(found, model, 2)


def with_inner_names(model: ModelProto) -> None:
    """Names of a policy's own edges, inside."""
    for node in model.graph.node:
        node.input[:] = ["value" if name == "x" else name for name in node.input]
        node.output[:] = ["value" if name == "x" else name for name in node.output]
    model.graph.node.append(helper.make_node("Identity", ["weight"], ["action_mask"]))


def test_names_inside_make_way(tmp_path: Path) -> None:
    model = theirs()
    with_inner_names(model)
    holds(read_policy(saved(tmp_path, model), SPEC), model, 3)


def test_names_that_cannot_be_told_are_told_by_a_map(tmp_path: Path) -> None:
    model = theirs(names=("a", "b"), value=["batch_size", 1])
    other = helper.make_node("Neg", ["b"], ["c"])
    model.graph.node.append(other)
    model.graph.output.append(
        helper.make_tensor_value_info("c", TensorProto.FLOAT, ["batch_size", ACTIONS])
    )
    path = saved(tmp_path, model)
    with pytest.raises(InvalidArgument, match=r"outputs \['b', 'c', 'value'\]; expected"):
        read_policy(path, SPEC)
    holds(read_policy(path, SPEC, {"b": "logits"}), model, 2)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({"x": "logits"}, r"map: 'x' is no input or output of the file; it has \['obs', 'q'\]"),
        ({"q": "policy"}, r"map: 'policy' is nothing that a policy for this game has"),
    ],
)
def test_a_map_of_what_is_not_there_is_refused(
    tmp_path: Path, names: dict[str, str], reason: str
) -> None:
    with pytest.raises(InvalidArgument, match=reason):
        read_policy(saved(tmp_path, theirs()), SPEC, names)


def test_a_policy_is_left_as_it_is(tmp_path: Path) -> None:
    path = saved(tmp_path, Network(WIDTH, ACTIONS).model())
    found = read_policy(path, SPEC)
    assert (found.changes, found.data) == ((), path.read_bytes())
