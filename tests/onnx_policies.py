"""Small ONNX policies and what they answer, computed by numpy alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper, numpy_helper

from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.tensors import to_tensor

Floats = npt.NDArray[np.float32]


@dataclass
class Network:
    """observation / 255 -> tanh layer -> logits and value; illegal logits are -1e9."""

    observation_size: int = 12
    num_actions: int = 5
    hidden: int = 16
    seed: int = 0
    weights: dict[str, Floats] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        shapes = {
            "w1": (self.observation_size, self.hidden),
            "wl": (self.hidden, self.num_actions),
            "wv": (self.hidden, 1),
        }
        self.weights = {
            name: rng.normal(size=shape).astype(np.float32) / np.float32(shape[0] ** 0.5)
            for name, shape in shapes.items()
        }

    def answer(
        self, observation: npt.NDArray[np.uint8], mask: npt.NDArray[np.uint8]
    ) -> tuple[Floats, Floats]:
        x = np.tanh(observation.astype(np.float32) / np.float32(255) @ self.weights["w1"])
        logits = np.where(mask == 1, x @ self.weights["wl"], np.float32(-1e9))
        return logits.astype(np.float32), (x @ self.weights["wv"])[:, 0]

    def parity(self, rows: int = 8, seed: int = 1) -> pb.ParityCheck:
        rng = np.random.default_rng(seed)
        observation = rng.integers(0, 256, (rows, self.observation_size), dtype=np.uint8)
        mask = (rng.random((rows, self.num_actions)) < 0.7).astype(np.uint8)
        mask[np.arange(rows), rng.integers(0, self.num_actions, rows)] = 1
        logits, value = self.answer(observation, mask)
        return pb.ParityCheck(
            observation=to_tensor(observation),
            action_mask=to_tensor(mask),
            logits=to_tensor(logits),
            value=to_tensor(value),
        )

    def model(self, *, masked_logit: float = -1e9, batch: str | int = "batch") -> ModelProto:
        """The ONNX graph; `masked_logit` and `batch` can be made wrong."""
        constants = {
            **self.weights,
            "scale": np.float32(1 / 255),
            "illegal": np.float32(masked_logit),
            "column": np.array([1], np.int64),
        }
        nodes = [
            helper.make_node("Cast", ["observation"], ["float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["float", "scale"], ["scaled"]),
            helper.make_node("MatMul", ["scaled", "w1"], ["h"]),
            helper.make_node("Tanh", ["h"], ["x"]),
            helper.make_node("MatMul", ["x", "wl"], ["raw"]),
            helper.make_node("Cast", ["action_mask"], ["legal"], to=TensorProto.BOOL),
            helper.make_node("Where", ["legal", "raw", "illegal"], ["logits"]),
            helper.make_node("MatMul", ["x", "wv"], ["v"]),
            helper.make_node("Squeeze", ["v", "column"], ["value"]),
        ]
        return _model(
            nodes,
            constants,
            inputs={
                "observation": (TensorProto.UINT8, [batch, self.observation_size]),
                "action_mask": (TensorProto.UINT8, [batch, self.num_actions]),
            },
            outputs={
                "logits": (TensorProto.FLOAT, [batch, self.num_actions]),
                "value": (TensorProto.FLOAT, [batch]),
            },
        )

    def file(self, **wrong: Any) -> bytes:
        return self.model(**wrong).SerializeToString()

    def header(self, name: str = "race", **given: Any) -> pb.PublishPolicyHeader:
        given.setdefault("parity", self.parity())
        return pb.PublishPolicyHeader(name=name, **given)


class RecurrentNetwork(Network):
    """Adds `state` to the hidden layer, which is the next state."""

    def model(self, *, masked_logit: float = -1e9, batch: str | int = "batch") -> ModelProto:
        model = super().model(masked_logit=masked_logit, batch=batch)
        graph = model.graph
        tanh = next(node for node in graph.node if node.op_type == "Tanh")
        tanh.input[0] = "h_and_state"
        tanh.output[0] = "next_state"
        for node in graph.node:
            node.input[:] = ["next_state" if name == "x" else name for name in node.input]
        position = list(graph.node).index(tanh)
        graph.node.insert(position, helper.make_node("Add", ["h", "state"], ["h_and_state"]))
        shape = [batch, self.hidden]
        graph.input.append(helper.make_tensor_value_info("state", TensorProto.FLOAT, shape))
        graph.output.append(helper.make_tensor_value_info("next_state", TensorProto.FLOAT, shape))
        return model

    def parity(self, rows: int = 8, seed: int = 1) -> pb.ParityCheck:
        parity = super().parity(rows, seed)
        observation = np.frombuffer(parity.observation.data, np.uint8).reshape(rows, -1)
        mask = np.frombuffer(parity.action_mask.data, np.uint8).reshape(rows, -1)
        state = np.random.default_rng(seed).normal(size=(rows, self.hidden)).astype(np.float32)
        hidden = observation.astype(np.float32) / np.float32(255) @ self.weights["w1"]
        x = np.tanh(hidden + state)
        parity.logits.CopyFrom(
            to_tensor(np.where(mask == 1, x @ self.weights["wl"], -1e9).astype(np.float32))
        )
        parity.value.CopyFrom(to_tensor((x @ self.weights["wv"])[:, 0]))
        parity.state.CopyFrom(to_tensor(state))
        parity.next_state.CopyFrom(to_tensor(x))
        return parity


def _model(
    nodes: list[Any],
    constants: dict[str, Any],
    inputs: dict[str, tuple[int, list[Any]]],
    outputs: dict[str, tuple[int, list[Any]]],
) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info(name, *form) for name, form in inputs.items()],
        [helper.make_tensor_value_info(name, *form) for name, form in outputs.items()],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
