"""Writes a policy as an ONNX file, node by node from its weights.

A millisecond instead of the seconds that tracing takes, and no torch. What guards it is the parity
check of the Model service, which compares the file with the trained network at every publish.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from learner.network.architecture import ILLEGAL, Architecture, FloatArray, Parameters
from learner.network.parts.layers import Dense, Heads, Input, Linear, Memory
from mazemesh.policy.file.policy_file import Q_VALUES

OPSET = 17
IR_VERSION = 8


def to_onnx(architecture: Architecture, parameters: Parameters) -> bytes:
    """The ONNX file of a policy, with inputs and outputs as model.proto says."""
    graph, flow = _Graph(parameters), "observation"
    for layer in architecture.layers():
        match layer:
            case Input():
                flow = _scaled(graph, layer, flow)
            case Dense():
                flow = graph.linear(layer.linear, flow)
                flow = graph.add("Tanh" if layer.activation == "tanh" else "Relu", flow)
            case Memory():
                flow = _remember(graph, layer, flow)
            case Heads():
                _answer(graph, layer, flow)
    return _model(architecture, graph).SerializeToString()


def _scaled(graph: _Graph, layer: Input, observation: str) -> str:
    if layer.dtype != "uint8":
        return observation
    numbers = graph.add("Cast", observation, to=TensorProto.FLOAT)
    return graph.add("Div", numbers, graph.constant("scale", np.float32(layer.scale)))


def _remember(graph: _Graph, memory: Memory, features: str) -> str:
    """The gated recurrent unit: from `state` and the features to `next_state`."""
    incoming = graph.split(graph.linear(memory.incoming, features), 3)
    back = graph.split(graph.linear(memory.back, "state"), 3)
    reset, update = (
        graph.add("Sigmoid", graph.add("Add", incoming[gate], back[gate])) for gate in (0, 1)
    )
    new = graph.add("Tanh", graph.add("Add", incoming[2], graph.add("Mul", reset, back[2])))
    kept = graph.add("Mul", update, graph.add("Sub", "state", new))
    return graph.add("Add", new, kept, output="next_state")


def _answer(graph: _Graph, heads: Heads, features: str) -> None:
    """From the features to `logits` and `value`."""
    value = graph.linear(heads.value, features)
    logits = graph.linear(heads.action, features)
    if heads.dueling:
        mean = graph.add("ReduceMean", logits, axes=[1], keepdims=1)
        logits = graph.add("Add", graph.add("Sub", logits, mean), value)
    legal = graph.add("Cast", "action_mask", to=TensorProto.BOOL)
    graph.add("Where", legal, logits, graph.constant("illegal", ILLEGAL), output="logits")
    if heads.dueling:
        graph.add("ReduceMax", "logits", axes=[1], keepdims=0, output="value")
    else:
        axis = graph.constant("axis", np.array([1], np.int64))
        graph.add("Squeeze", value, axis, output="value")


class _Graph:
    """Nodes and initializers in the order they are added."""

    def __init__(self, parameters: Parameters) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers = [
            numpy_helper.from_array(np.ascontiguousarray(value), name)
            for name, value in parameters.items()
        ]

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Adds a node and returns the name of its output."""
        output = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def split(self, inputs: str, parts: int) -> list[str]:
        """Cuts columns into equal parts; the names of the outputs."""
        outputs = [f"split_{len(self.nodes)}_{part}" for part in range(parts)]
        self.nodes.append(helper.make_node("Split", [inputs], outputs, axis=1))
        return outputs

    def constant(self, name: str, value: FloatArray | np.float32 | np.ndarray) -> str:
        """Adds a constant and returns its name."""
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def linear(self, linear: Linear, inputs: str) -> str:
        """Adds inputs @ weight.T + bias, as torch.nn.Linear keeps its weight."""
        return self.add("Gemm", inputs, f"{linear.name}.weight", f"{linear.name}.bias", transB=1)


def _model(architecture: Architecture, graph: _Graph) -> onnx.ModelProto:
    def tensor(name: str, kind: int, *shape: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, ["batch", *shape])

    bytes_come = architecture.observation_dtype == "uint8"
    observation = TensorProto.UINT8 if bytes_come else TensorProto.FLOAT
    inputs = [
        tensor("observation", observation, architecture.observation_size),
        tensor("action_mask", TensorProto.UINT8, architecture.num_actions),
    ]
    outputs = [
        tensor("logits", TensorProto.FLOAT, architecture.num_actions),
        tensor("value", TensorProto.FLOAT),
    ]
    if architecture.memory:
        inputs.append(tensor("state", TensorProto.FLOAT, architecture.memory))
        outputs.append(tensor("next_state", TensorProto.FLOAT, architecture.memory))
    model = helper.make_model(
        helper.make_graph(graph.nodes, "policy", inputs, outputs, graph.initializers),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="mazemesh",
        ir_version=IR_VERSION,
    )
    if architecture.dueling:
        # Whoever publishes the file elsewhere is told by itself how it plays.
        model.metadata_props.add(key=Q_VALUES, value="true")
    onnx.checker.check_model(model)
    return model
