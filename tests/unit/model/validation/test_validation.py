"""Which files are policies: every check names itself and the figure that was wrong."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

from mazemesh.policy.file.rejection import Rejection
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.tensors import to_tensor
from services.model.validation.parity import Parity
from services.model.validation.validation import preload, validate
from services.model.wire.registry.parity_message import read_parity
from tests.onnx_policies import Network, RecurrentNetwork


def parity_of(message: pb.ParityCheck) -> Parity:
    return read_parity(message, None)


def rejected(data: bytes, parity: pb.ParityCheck) -> tuple[str, str]:
    with pytest.raises(Rejection) as caught:
        validate(data, parity_of(parity))
    assert caught.value.check in str(caught.value)
    return caught.value.check, str(caught.value)


@pytest.mark.parametrize("network", [Network(), RecurrentNetwork(), Network(num_actions=1)])
@pytest.mark.parametrize("rows", [1, 2, 200])
def test_a_faithful_file_passes(network: Network, rows: int) -> None:
    validate(network.file(), parity_of(network.parity(rows)))


def test_bytes_that_are_no_graph() -> None:
    for data in (b"no graph", Network().file()[:-40]):
        assert rejected(data, Network().parity())[0] == "onnx"


def test_an_unknown_operator() -> None:
    model = Network().model()
    model.graph.node[3].op_type = "Tangent"
    check, message = rejected(model.SerializeToString(), Network().parity())
    assert (check, "Tangent" in message) == ("graph", True)


def test_an_operator_set_from_the_future_cannot_be_loaded() -> None:
    model = Network().model()
    model.ir_version = 10_000
    check, message = rejected(model.SerializeToString(), Network().parity())
    assert check in ("onnx", "load")
    assert "10000" in message


def nested(model: ModelProto, tensor: TensorProto) -> None:
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["inner"], value=tensor)],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1])],
    )
    constant = helper.make_tensor("always", TensorProto.BOOL, [], [True])
    model.graph.initializer.append(constant)
    model.graph.node.append(
        helper.make_node("If", ["always"], ["unused"], then_branch=branch, else_branch=branch)
    )


def plain(model: ModelProto, tensor: TensorProto) -> None:
    model.graph.initializer.append(tensor)


@pytest.mark.parametrize("place", [plain, nested])
def test_weights_in_another_file_are_refused(
    place: Callable[[ModelProto, TensorProto], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(bytes(4))
    tensor = TensorProto(name="outside", data_type=TensorProto.FLOAT, dims=[1], raw_data=bytes(4))
    onnx.external_data_helper.set_external_data(tensor, "weights.bin")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    model = Network().model()
    place(model, tensor)
    check, message = rejected(model.SerializeToString(), Network().parity())
    assert (check, "another file" in message) == ("graph", True)


def test_names_of_inputs_and_outputs() -> None:
    model = Network().model()
    model.graph.output.pop()
    check, message = rejected(model.SerializeToString(), Network().parity())
    assert check == "signature"
    assert "outputs are ['logits']; expected ['logits', 'value']" in message
    check, message = rejected(RecurrentNetwork().file(), Network().parity())
    assert (check, "'state'" in message) == ("signature", True)


def test_sizes_types_and_a_free_batch_axis() -> None:
    other = Network(observation_size=13)
    check, message = rejected(other.file(), Network().parity())
    assert (check, "['batch', 13]" in message, "['batch', 12]" in message) == (
        *("signature", True),
        True,
    )
    check, message = rejected(Network().file(batch=8), Network().parity())
    assert (check, "free batch axis" in message) == ("signature", True)
    model = Network().model()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT
    check, message = rejected(model.SerializeToString(), Network().parity())
    assert (check, "tensor(uint8)" in message) == ("signature", True)


def before_tanh(model: ModelProto, *nodes: NodeProto) -> None:
    """Puts nodes that turn `h` into `changed` in front of the activation."""
    tanh = next(node for node in model.graph.node if node.op_type == "Tanh")
    tanh.input[0] = "changed"
    position = list(model.graph.node).index(tanh)
    for node in reversed(nodes):
        model.graph.node.insert(position, node)


def test_a_batch_axis_whose_name_is_no_text() -> None:
    data = Network().file().replace(b"batch", b"b\xff\xfech")
    check, message = rejected(data, Network().parity())
    assert (check, "UTF-8: b'b\\xff\\xfech'" in message) == ("signature", True)


def test_a_graph_that_cannot_run_some_batches() -> None:
    """It adds nothing but looks at the eighth row for it."""
    model = Network().model()
    model.graph.initializer.extend(
        [
            helper.make_tensor("eighth", TensorProto.INT64, [1], [7]),
            helper.make_tensor("nothing", TensorProto.FLOAT, [], [0]),
        ]
    )
    before_tanh(
        model,
        helper.make_node("Gather", ["h", "eighth"], ["row"]),
        helper.make_node("Mul", ["row", "nothing"], ["zeros"]),
        helper.make_node("Add", ["h", "zeros"], ["changed"]),
    )
    check, message = rejected(model.SerializeToString(), Network().parity(rows=8))
    assert (check, "indices" in message) == ("run", True)


def test_a_graph_that_mixes_rows_fails_at_batch_1() -> None:
    """It takes half the sum of all rows, which is right for a batch of two equal ones."""
    network = Network()
    model = network.model()
    model.graph.initializer.extend(
        [
            helper.make_tensor("axis", TensorProto.INT64, [1], [0]),
            helper.make_tensor("half", TensorProto.FLOAT, [], [0.5]),
        ]
    )
    before_tanh(
        model,
        helper.make_node("ReduceSum", ["h", "axis"], ["sum"]),
        helper.make_node("Mul", ["sum", "half"], ["mean"]),
        helper.make_node("Sub", ["h", "h"], ["zeros"]),
        helper.make_node("Add", ["zeros", "mean"], ["changed"]),
    )
    observation = np.full((2, network.observation_size), 77, np.uint8)
    mask = np.ones((2, network.num_actions), np.uint8)
    logits, value = network.answer(observation, mask)
    parity = pb.ParityCheck(
        observation=to_tensor(observation),
        action_mask=to_tensor(mask),
        logits=to_tensor(logits),
        value=to_tensor(value),
    )
    check, message = rejected(model.SerializeToString(), parity)
    assert (check, "at batch 1" in message) == ("parity", True)


def test_masked_logits_must_be_very_small() -> None:
    check, message = rejected(Network().file(masked_logit=-1e4), Network().parity())
    assert (check, "= -10000;" in message) == ("masking", True)
    check, _ = rejected(Network().file(masked_logit=float("nan")), Network().parity())
    assert check == "finite"
    validate(Network().file(masked_logit=float("-inf")), parity_of(Network().parity()))


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["wl", "wv"])
def test_weights_must_be_finite(name: str, weight: float) -> None:
    network = Network()
    parity = network.parity()
    network.weights[name][0] = weight
    check, message = rejected(network.file(), parity)
    assert check == "finite"
    assert f"of {network.weights[name].size} numbers of tensor '{name}' are not" in message


def test_minus_infinity_may_stand_in_a_mask() -> None:
    """As exporters write causal masks, which are added; beside other numbers it may not."""
    model = Network().model()
    mask = np.triu(np.full((3, 3), -np.inf, np.float32), 1)
    model.graph.initializer.append(onnx.numpy_helper.from_array(mask, "causal"))
    verdict = validate(model.SerializeToString(), parity_of(Network().parity()))
    (finite,) = (one for one in verdict.checks if one.name == "finite")
    assert "3 of them -inf in masks" in finite.detail
    mask[0, 0] = 1.0
    model.graph.initializer[-1].CopyFrom(onnx.numpy_helper.from_array(mask, "causal"))
    assert rejected(model.SerializeToString(), Network().parity())[0] == "finite"


@pytest.mark.parametrize("weight", [3e38])
@pytest.mark.parametrize("name", ["wl", "wv"])
def test_answers_must_be_finite(name: str, weight: float) -> None:
    network = Network()
    parity = network.parity()
    network.weights[name][:] = weight
    check, message = rejected(network.file(), parity)
    assert check == "finite"
    assert {"wl": "logits[", "wv": "value["}[name] in message


@pytest.mark.parametrize("name", ["logits", "value", "next_state"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_parity_holds_within_the_tolerance_and_not_beyond(name: str, sign: int) -> None:
    """The difference allowed is 1e-4 * max(1, |x|); x is about 1000 in one of the rows."""
    network = RecurrentNetwork()
    network.weights["wl"] *= 1000
    network.weights["wv"] *= 1000
    message = network.parity()
    parity = parity_of(message)
    expected = parity.expected[name].copy()
    where = np.unravel_index(
        np.argmax(np.where(expected > -1e8, np.abs(expected), 0)), expected.shape
    )
    allowed = 1e-4 * max(1, abs(expected[where]))
    for factor, passes in ((0.8, True), (1.2, False)):
        moved = expected.copy()
        moved[where] += sign * factor * allowed
        getattr(message, name).CopyFrom(to_tensor(moved))
        if passes:
            validate(network.file(), parity_of(message))
        else:
            check, text = rejected(network.file(), message)
            assert check == "parity"
            assert f"{name}{[int(i) for i in where]} is " in text
            assert "they differ by" in text


def test_every_difference_of_logits_at_illegal_actions_is_allowed() -> None:
    network = Network()
    validate(network.file(masked_logit=-1e30), parity_of(network.parity()))


def test_a_small_network_takes_little_time() -> None:
    """250 inputs, two layers' worth of weights, 256 parity rows: well under 200 ms of CPU."""
    preload()
    network = Network(observation_size=250, hidden=256)
    data, parity = network.file(), parity_of(network.parity(256))
    started = time.thread_time()
    validate(data, parity)
    assert time.thread_time() - started < 1.0
