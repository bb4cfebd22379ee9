"""Which models may be run at all: everything that a model can hold is looked at."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from itertools import pairwise

import onnx
import pytest
from onnx import ModelProto, SparseTensorProto, TensorProto, helper

from mazemesh.policy.file.graph import MAX_NODES, check_graph
from mazemesh.policy.file.operators import ALLOWED
from mazemesh.policy.file.rejection import Rejection
from tests.onnx_policies import Network, RecurrentNetwork


def refused(model: ModelProto) -> str:
    with pytest.raises(Rejection) as caught:
        check_graph(model)
    assert caught.value.check == "graph"
    return str(caught.value)


def outside() -> TensorProto:
    tensor = TensorProto(name="outside", data_type=TensorProto.FLOAT, dims=[1])
    tensor.external_data.add(key="location", value="/etc/passwd")
    tensor.data_location = TensorProto.EXTERNAL
    return tensor


def constant(tensor: TensorProto) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["inner"], value=tensor)


def graph_with(tensor: TensorProto) -> onnx.GraphProto:
    output = helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1])
    return helper.make_graph([constant(tensor)], "branch", [], [output])


def as_initializer(model: ModelProto, tensor: TensorProto) -> None:
    model.graph.initializer.append(tensor)


def in_a_function(model: ModelProto, tensor: TensorProto) -> None:
    opset = [helper.make_opsetid("", 18)]
    function = helper.make_function("own", "f", [], ["inner"], [constant(tensor)], opset)
    model.functions.append(function)


def in_a_branch_of_a_branch(model: ModelProto, tensor: TensorProto) -> None:
    inner = graph_with(tensor)
    choice = helper.make_node("If", ["c"], ["inner"], then_branch=inner, else_branch=inner)
    middle = helper.make_graph([choice], "middle", [], inner.output)
    model.graph.node.append(
        helper.make_node("If", ["c"], ["unused"], then_branch=middle, else_branch=middle)
    )


def in_a_sparse_initializer(model: ModelProto, tensor: TensorProto) -> None:
    model.graph.sparse_initializer.append(SparseTensorProto(values=tensor, dims=[10**9]))


def in_a_list_of_tensors(model: ModelProto, tensor: TensorProto) -> None:
    model.graph.node[0].attribute.append(helper.make_attribute("more", [tensor]))


def in_a_functions_default(model: ModelProto, tensor: TensorProto) -> None:
    in_a_function(model, helper.make_tensor("t", TensorProto.FLOAT, [1], [0.0]))
    model.functions[0].attribute_proto.append(helper.make_attribute("given", tensor))


def in_training_information(model: ModelProto, tensor: TensorProto) -> None:
    model.training_info.add().algorithm.initializer.append(tensor)


PLACES: list[Callable[[ModelProto, TensorProto], None]] = [
    as_initializer,
    in_a_function,
    in_a_branch_of_a_branch,
    in_a_sparse_initializer,
    in_a_list_of_tensors,
    in_a_functions_default,
    in_training_information,
]


@pytest.mark.parametrize("place", PLACES)
def test_weights_in_another_file_are_refused_wherever_they_are(
    place: Callable[[ModelProto, TensorProto], None],
) -> None:
    model = Network().model()
    place(model, outside())
    message = refused(model)
    assert any(why in message for why in ("another file", "sparse tensors", "training"))


@pytest.mark.parametrize(
    "tensor",
    [
        TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[1 << 40]),
        TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[1 << 20], raw_data=bytes(4)),
        TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[-1], raw_data=bytes(4)),
        TensorProto(name="t", data_type=TensorProto.INT64, dims=[3], int64_data=[1]),
        TensorProto(name="t", data_type=TensorProto.STRING, dims=[1], string_data=[b"x"]),
    ],
)
def test_a_tensor_has_what_its_shape_says(tensor: TensorProto) -> None:
    model = Network().model()
    model.graph.initializer.append(tensor)
    assert "tensor 't'" in refused(model)


@pytest.mark.parametrize("operator", ["Loop", "Scan", "Resize", "NonZero", "RandomNormal"])
def test_what_a_policy_does_without_is_named_with_what_to_do_instead(operator: str) -> None:
    model = Network().model()
    model.graph.node.append(helper.make_node(operator, ["h"], ["more"]))
    message = refused(model)
    assert operator in message
    assert "; " in message


def test_operators_of_others_are_refused() -> None:
    model = Network().model()
    model.graph.node[0].domain = "com.microsoft"
    assert "'com.microsoft'" in refused(model)


def test_all_that_is_allowed_exists() -> None:
    assert {one.name for one in onnx.defs.get_all_schemas() if not one.domain} >= ALLOWED


def test_a_loop_in_a_function_is_refused() -> None:
    model = Network().model()
    body = graph_with(helper.make_tensor("t", TensorProto.FLOAT, [1], [0.0]))
    loop = helper.make_node("Loop", ["trips", "go"], ["out"], body=body)
    model.functions.append(
        helper.make_function("own", "f", ["trips", "go"], ["out"], [loop], model.opset_import)
    )
    assert "operator 'Loop'" in refused(model)


def function(name: str, *called: str) -> onnx.FunctionProto:
    nodes = [helper.make_node(one, ["x"], ["y"], domain="own") for one in called]
    return helper.make_function("own", name, ["x"], ["y"], nodes, [helper.make_opsetid("own", 1)])


def test_functions_that_call_each_other_are_refused() -> None:
    model = Network().model()
    model.functions.extend([function("a", "b"), function("b", "a")])
    assert "calls itself" in refused(model)


def test_functions_are_counted_as_often_as_they_are_called() -> None:
    """Ten functions, of which each calls the next ten times: 10^10 nodes in a kilobyte."""
    model = Network().model()
    names = [f"f{number}" for number in range(11)]
    for one, following in pairwise(names):
        model.functions.append(function(one, *[following] * 10))
    model.functions.append(function(names[-1]))
    assert any(why in refused(model) for why in (f"more than {MAX_NODES} nodes", "deep"))


def test_what_is_held_to_the_limit_is_told() -> None:
    model = Network().model()
    nodes = len(model.graph.node)
    assert check_graph(model) == nodes
    model.functions.extend([function("a", "b", "b"), function("b")])
    model.graph.node.append(helper.make_node("a", ["h"], ["again"], domain="own"))
    # The call and what it stands for, and both functions by themselves.
    assert check_graph(model) == nodes + 1 + 2 + 2


@pytest.mark.parametrize(
    ("operator", "sizes"),
    [
        ("ConstantOfShape", [1 << 14, 1 << 14]),
        ("Expand", [1, 100_000_000]),
        ("Tile", [1 << 30]),
        ("Pad", [0, 1 << 30]),
        ("OneHot", [1 << 30]),
    ],
)
def test_a_constant_that_makes_a_huge_tensor_is_refused(operator: str, sizes: list[int]) -> None:
    model = Network().model()
    model.graph.initializer.append(
        helper.make_tensor("sizes", TensorProto.INT64, [len(sizes)], sizes)
    )
    inputs = ["sizes"] if operator == "ConstantOfShape" else ["h", "sizes"]
    model.graph.node.append(helper.make_node(operator, inputs, ["huge"]))
    assert f"operator {operator} is told by a constant" in refused(model)


def test_a_range_told_by_constants_is_refused() -> None:
    model = Network().model()
    for name, value in (("from", 0), ("to", 1 << 40), ("by", 1)):
        model.graph.node.append(helper.make_node("Constant", [], [name], value_int=value))
    model.graph.node.append(helper.make_node("Range", ["from", "to", "by"], ["huge"]))
    assert "operator Range" in refused(model)


@pytest.mark.parametrize("network", [Network(), RecurrentNetwork()])
def test_our_own_networks_pass(network: Network) -> None:
    check_graph(network.model())


def exported(net: object, width: int) -> ModelProto:
    """By torch's exporter, as people's training scripts do it."""
    import torch

    file = io.BytesIO()
    inputs = torch.zeros(2, width, dtype=torch.uint8), torch.ones(2, 5, dtype=torch.uint8)
    names = ["observation", "action_mask"], ["logits", "value"]
    axes = {name: {0: "batch"} for name in (*names[0], *names[1])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,  # type: ignore[arg-type]
            inputs,
            file,
            input_names=names[0],
            output_names=names[1],
            dynamic_axes=axes,
            dynamo=False,
        )
    return onnx.load_model_from_string(file.getvalue())


def test_what_torch_exports_passes() -> None:
    """Convolutions, attention, recurrent layers, and a squeeze that becomes an If."""
    import torch
    from torch import nn

    class Everything(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.image = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Dropout())
            self.body = nn.Linear(4 * 6 * 6, 32)
            self.attend = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.recall = nn.GRU(8, 8, batch_first=True)
            self.further = nn.LSTM(8, 8, batch_first=True)
            self.norm = nn.LayerNorm(8)
            self.logits, self.value = nn.Linear(8, 5), nn.Linear(8, 1)

        def forward(
            self, observation: torch.Tensor, action_mask: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            seen = self.image(observation.float().reshape(-1, 1, 8, 8) / 255)
            words = self.attend(torch.tanh(self.body(seen)).reshape(-1, 4, 8))
            words, _ = self.recall(words)
            words, _ = self.further(words)
            mixed = self.norm(words).mean(1)
            logits = self.logits(mixed).masked_fill(action_mask == 0, -1e9)
            return logits, self.value(mixed).squeeze()

    model = exported(Everything().eval(), 64)
    check_graph(model)
    assert {"Conv", "GRU", "LSTM"} <= {node.op_type for node in model.graph.node}
