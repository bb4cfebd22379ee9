"""A file that is loaded in the process that runs files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.games.spaces.arrays import action_columns
from mazemesh.policy.heads import heads, parts_of
from mazemesh.policy.onnx_policy import OnnxPolicy
from services.model.inference.calls import Choosing
from services.model.inference.layout import NEXT_STATE, STATE, VALUE, Column, Layout
from services.model.inference.runner.frames import Load, Segment

Array = npt.NDArray[Any]

_WARM_ROWS: Final = (1, 64)
_BEST: Final = Choosing(0.0)


class Model:
    """An ONNX policy, its columns in one order, and a source of draws.

    Args:
        load: The file.
        providers: Of onnxruntime.
        own_threads: Whether the session has threads of its own.
    """

    def __init__(self, load: Load, providers: Sequence[str], *, own_threads: bool) -> None:
        self._policy = policy = OnnxPolicy(
            f"model:{load.model}",
            bytes(load.file),
            greedy=load.greedy,
            action_distribution=load.action_distribution,
            providers=providers,
            own_threads=own_threads,
        )
        self._heads = heads(policy.deciding.space)
        self._actions = [(one.name, one.dtype) for one in action_columns(policy.deciding.space)]
        self._rng = np.random.Generator(np.random.SFC64())
        self.layout = self._layout()
        self._inputs = [(one, np.dtype(one.dtype)) for one in self.layout.inputs]

    def _layout(self) -> Layout:
        policy = self._policy
        given = {name: Column(name, dtype, shape) for name, dtype, shape in policy.inputs}
        fills = {head.mask: 1 for head in self._heads if head.mask} | {STATE: 0}
        names = [*(name for name in given if name != STATE), *([STATE] if STATE in given else [])]
        inputs = tuple(
            Column(name, given[name].dtype, given[name].shape, fills.get(name)) for name in names
        )
        acts = [
            Column(one.name, one.dtype.name, one.shape)
            for one in action_columns(policy.deciding.space)
        ]
        numbers = [
            Column(name, "float32", (part.stop - part.start,))
            for name, part in parts_of(self._heads)
        ]
        state = [Column(NEXT_STATE, "float32", (policy.state_size,))] * bool(policy.state_size)
        outputs = (*acts, *numbers, Column(VALUE, "float32"), *state)
        choices = tuple(
            (head.outputs[0], tuple(head.choices)) for head in self._heads if head.choices
        )
        return Layout(inputs, outputs, len(acts), choices)

    @property
    def providers(self) -> tuple[str, ...]:
        """Of onnxruntime, that its session has."""
        return self._policy.providers

    def warm(self) -> None:
        """Runs it, so that the first caller waits for nothing."""
        for rows in _WARM_ROWS:
            columns = b"".join(
                bytes([column.fill or 0]) * (rows * column.row_bytes)
                for column in self.layout.inputs
            )
            self.run([Segment(rows, _BEST)], memoryview(columns))

    def run(self, segments: Sequence[Segment], columns: memoryview) -> list[Array]:
        """All outputs of all rows, in the layout's order, each contiguous."""
        rows = sum(segment.rows for segment in segments)
        policy, at = self._policy, 0
        named: dict[str, Array] = {}
        for column, dtype in self._inputs:
            end = at + rows * column.row_bytes
            named[column.name] = np.frombuffer(columns[at:end], dtype).reshape(rows, *column.shape)
            at = end
        state = named.pop(STATE, None)
        observation, mask = policy.seen(named)
        logits, value, after = policy.infer(observation, mask, state)
        actions = self._decided(logits, segments)
        found = [np.ascontiguousarray(actions[name], dtype) for name, dtype in self._actions]
        found += [np.ascontiguousarray(logits[:, part]) for _, part in parts_of(self._heads)]
        found.append(np.ascontiguousarray(value))
        if policy.state_size:
            found.append(np.ascontiguousarray(after))
        return found

    def _decided(self, logits: Array, segments: Sequence[Segment]) -> Mapping[str, Array]:
        """Actions by column: all at once where all are chosen alike and by no seed."""
        first = segments[0].choosing
        if first.seed is None and all(segment.choosing == first for segment in segments):
            return self._named(self._policy.decide(logits, self._rng, first.temperature))
        parts = []
        at = 0
        for rows, (temperature, seed) in segments:
            rng = self._rng if seed is None else np.random.Generator(np.random.Philox(key=seed))
            part = self._policy.decide(logits[at : at + rows], rng, temperature)
            parts.append(self._named(part))
            at += rows
        return {name: np.concatenate([part[name] for part in parts]) for name, _ in self._actions}

    def _named(self, actions: Any) -> Mapping[str, Array]:
        return actions if isinstance(actions, Mapping) else {self._actions[0][0]: actions}


def preload(providers: Sequence[str]) -> None:
    """Loads all that a `Model` needs, so that it opens no file later."""
    from onnx import TensorProto, helper

    shapes = {
        "observation": (TensorProto.FLOAT, 1),
        "action_mask": (TensorProto.UINT8, 2),
        "logits": (TensorProto.FLOAT, 2),
    }
    told = {
        name: helper.make_tensor_value_info(name, kind, ["batch", width])
        for name, (kind, width) in shapes.items()
    }
    value = helper.make_tensor_value_info("value", TensorProto.FLOAT, ["batch"])
    nodes = [
        helper.make_node("Cast", ["action_mask"], ["logits"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["observation", "axis"], ["value"], keepdims=0),
    ]
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
    inputs, outputs = [told["observation"], told["action_mask"]], [told["logits"], value]
    graph = helper.make_graph(nodes, "warm", inputs, outputs, [axis])
    file = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()
    model = Model(Load(0, False, "", memoryview(file)), providers, own_threads=False)
    columns = memoryview(bytes(3 * model.layout.input_row_bytes))
    model.run([Segment(1, Choosing(1.0)), Segment(2, Choosing(0.5, 1))], columns)
