"""An ONNX file of another library, given the form that a policy has: names, element types, mask.

What is changed is only at the edges of the graph: a name, a cast, a mask over the logits. What the
network computes stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Discrete
from mazemesh.games.spaces.arrays import mask_columns, observation_columns
from mazemesh.policy.heads import output_widths

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto

    from mazemesh.games import GameSpec

MASKED: Final = np.float32(-1e9)
"""Logit of an illegal action."""

_AXES_ARE_INPUTS: Final = 18
"""Version of the operators from which on ReduceMax takes its axes as an input."""


def adapt(
    model: ModelProto, spec: GameSpec, names: Mapping[str, str], *, q_values: bool
) -> list[str]:
    """Changes a model in place to what Model takes, where its edges are all that is in the way.

    Args:
        model: Of any library.
        spec: Of the game that it plays.
        names: Its own names of inputs and outputs, to those of a policy.
        q_values: Whether its logits are Q-values, whose maximum is then the value that it lacks.

    Returns:
        What was changed, in words; nothing of a file that is a policy already.

    Raises:
        InvalidArgument: `names` has what the model or a policy does not have.
    """
    return _Adapting(model, spec, names).adapt(q_values)


class _Adapting:
    def __init__(self, model: ModelProto, spec: GameSpec, names: Mapping[str, str]) -> None:
        self._model, self._graph, self._spec = model, model.graph, spec
        self._wanted = {
            one.name: (_element(one.dtype.name), one.shape)
            for one in (
                *observation_columns(spec.observation_space),
                *mask_columns(spec.action_space),
            )
        }
        self._answers = {**output_widths(spec.action_space), "value": 0}
        self._names = dict(names)
        self._changes: list[str] = []

    def adapt(self, q_values: bool) -> list[str]:
        self._check_names()
        self._guess_names()
        before: list[NodeProto] = []
        for name, (element, row) in self._wanted.items():
            if name in self._inputs():
                self._convert_input(name, element, row, before)
        for name in [one for one in self._answers if one in self._outputs()]:
            self._convert_output(name)
        if "logits" in self._outputs():
            self._add_mask()
            self._add_value(q_values)
        self._drop_outputs()
        nodes = [*before, *self._graph.node]
        del self._graph.node[:]
        self._graph.node.extend(nodes)
        return self._changes

    def _inputs(self) -> dict[str, ValueInfoProto]:
        weights = {one.name for one in self._graph.initializer}
        return {one.name: one for one in self._graph.input if one.name not in weights}

    def _outputs(self) -> dict[str, ValueInfoProto]:
        return {one.name: one for one in self._graph.output}

    def _check_names(self) -> None:
        own = {*self._inputs(), *self._outputs()}
        wanted = [*self._wanted, "state", *self._answers, "next_state"]
        for theirs, ours in self._names.items():
            if theirs not in own:
                raise InvalidArgument(
                    f"map: {theirs!r} is no input or output of the file; it has {sorted(own)}"
                )
            if ours not in wanted:
                raise InvalidArgument(
                    f"map: {ours!r} is nothing that a policy for this game has; expected one of "
                    f"{wanted}"
                )

    def _guess_names(self) -> None:
        """Names what can only be one thing, and renames what has a name now."""
        inputs, taken = self._inputs(), set(self._names.values())
        unknown = [
            one for one in inputs if one not in (*self._wanted, "state") and one not in self._names
        ]
        missing = [
            one
            for one in self._wanted
            if not one.startswith("action_mask") and one not in inputs and one not in taken
        ]
        if len(unknown) == len(missing) == 1:
            self._names[unknown[0]] = missing[0]
        for name, value in self._outputs().items():
            ours = self._answer_of(value)
            if name not in (*self._answers, "next_state") and name not in self._names and ours:
                self._names[name] = ours
        for theirs, ours in self._names.items():
            if theirs != ours:
                self._make_way(ours)
                self._rename(theirs, ours)
                self._changes.append(f"{theirs} is {ours}")

    def _answer_of(self, value: ValueInfoProto) -> str:
        """What an output must be by its width, where no other output could be it too."""
        missing = [
            one
            for one in self._answers
            if one not in self._outputs() and one not in self._names.values()
        ]
        same = [one for one in self._outputs().values() if _width(one) == _width(value)]
        fits = [
            one
            for one in missing
            if (self._answers[one] == _width(value) if one != "value" else _width(value) in (0, 1))
        ]
        return fits[0] if len(fits) == 1 and len(same) == 1 else ""

    def _convert_input(
        self, name: str, element: int, row: tuple[int, ...], before: list[NodeProto]
    ) -> None:
        from onnx import helper

        value = self._inputs()[name]
        tensor = value.type.tensor_type
        batch = tensor.shape.dim[0] if tensor.shape.dim else None
        if batch is not None and batch.HasField("dim_value"):
            self._changes.append(f"the batch axis of {name} is free, not {batch.dim_value}")
            batch.dim_param = "batch"
            del self._graph.value_info[:]  # what was inferred holds for that batch
            for one in self._graph.output:
                if one.type.tensor_type.shape.dim:
                    one.type.tensor_type.shape.dim[0].dim_param = "batch"
        if tensor.elem_type != element:
            inside = self._fresh(name)
            self._rename(name, inside, keep=value)
            before.append(helper.make_node("Cast", [name], [inside], to=tensor.elem_type))
            self._changes.append(f"{name} is cast to {_type_name(tensor.elem_type)}")
            tensor.elem_type = element

    def _convert_output(self, name: str) -> None:
        """float32, and of the value one axis."""
        from onnx import TensorProto

        value = self._outputs()[name]
        tensor = value.type.tensor_type
        if tensor.elem_type != TensorProto.FLOAT:
            self._changes.append(f"{name} is cast from {_type_name(tensor.elem_type)}")
            self._behind(value, "Cast", to=int(TensorProto.FLOAT))
            tensor.elem_type = TensorProto.FLOAT
        if name == "value" and len(tensor.shape.dim) == 2:
            self._behind(value, "Reshape", self._constant("one_axis", np.array([-1], np.int64)))
            del tensor.shape.dim[1]

    def _add_mask(self) -> None:
        """Over the logits of one discrete action."""
        from onnx import TensorProto, helper

        if "action_mask" in self._inputs() or not isinstance(self._spec.action_space, Discrete):
            return
        self._make_way("action_mask")
        row = self._spec.action_space.n
        mask = helper.make_tensor_value_info("action_mask", TensorProto.UINT8, ["batch", row])
        self._graph.input.append(mask)
        legal, illegal = self._fresh("legal"), self._constant("illegal", MASKED)
        cast = helper.make_node("Cast", ["action_mask"], [legal], to=TensorProto.BOOL)
        self._graph.node.append(cast)
        inside = self._fresh("logits")
        self._rename("logits", inside, keep=self._outputs()["logits"])
        self._graph.node.append(helper.make_node("Where", [legal, inside, illegal], ["logits"]))
        self._changes.append("illegal actions are masked")

    def _add_value(self, q_values: bool) -> None:
        """The largest Q-value, or 0, where none is answered."""
        from onnx import TensorProto, helper

        if "value" in self._outputs() or set(self._answers) != {"logits", "value"}:
            return
        self._make_way("value")
        if self._opset() >= _AXES_ARE_INPUTS:
            axes = [self._constant("last", np.array([1], np.int64))]
            attributes: dict[str, Any] = {}
        else:
            axes, attributes = [], {"axes": [1]}
        most = "value" if q_values else self._fresh("most")
        self._graph.node.append(
            helper.make_node("ReduceMax", ["logits", *axes], [most], keepdims=0, **attributes)
        )
        if not q_values:
            nothing = self._constant("nothing", np.float32(0))
            self._graph.node.append(helper.make_node("Mul", [most, nothing], ["value"]))
        value = helper.make_tensor_value_info("value", TensorProto.FLOAT, ["batch"])
        self._graph.output.append(value)
        told = "the largest Q-value" if q_values else "0"
        self._changes.append(f"it answers no value, which is {told}")

    def _drop_outputs(self) -> None:
        wanted = {*self._answers, *(["next_state"] if "state" in self._inputs() else [])}
        if not wanted <= set(self._outputs()):
            return  # whoever is told what is missing wants to see what there is
        kept = [one for name, one in self._outputs().items() if name in wanted]
        if dropped := sorted(set(self._outputs()) - wanted):
            del self._graph.output[:]
            self._graph.output.extend(kept)
            self._changes.append(f"{', '.join(dropped)} is left out")

    def _behind(self, value: ValueInfoProto, operator: str, *more: str, **attributes: Any) -> None:
        """Puts an operator behind an output, which keeps its name."""
        from onnx import helper

        inside = self._fresh(value.name)
        self._rename(value.name, inside, keep=value)
        self._graph.node.append(
            helper.make_node(operator, [inside, *more], [value.name], **attributes)
        )

    def _constant(self, name: str, value: np.generic | np.ndarray[Any, Any]) -> str:
        from onnx import numpy_helper

        fresh = self._fresh(name)
        self._graph.initializer.append(numpy_helper.from_array(np.asarray(value), fresh))
        return fresh

    def _opset(self) -> int:
        return max(one.version for one in self._model.opset_import if one.domain in ("", "ai.onnx"))

    def _fresh(self, name: str) -> str:
        """A name that nothing has, which says what it is of."""
        used = {one for graph in _graphs(self._graph) for one in _used(graph)}
        number = 0
        while f"{name}_as_made_{number}" in used:
            number += 1
        return f"{name}_as_made_{number}"

    def _make_way(self, name: str) -> None:
        """Gives what has a name inside the graph another one."""
        if name not in self._inputs() and name not in self._outputs():
            self._rename(name, self._fresh(name))

    def _rename(self, old: str, new: str, keep: ValueInfoProto | None = None) -> None:
        """Everywhere, but for the input or output that keeps its name."""
        for graph in _graphs(self._graph):
            for node in graph.node:
                node.input[:] = [new if name == old else name for name in node.input]
                node.output[:] = [new if name == old else name for name in node.output]
            named: list[Any] = [*graph.input, *graph.output, *graph.value_info, *graph.initializer]
            for one in named:
                if one.name == old and one is not keep:
                    one.name = new


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """A graph, and those of its branches."""
    waiting = [graph]
    while waiting:
        found = waiting.pop()
        yield found
        for node in found.node:
            waiting += [one.g for one in node.attribute if one.HasField("g")]
            waiting += [each for one in node.attribute for each in one.graphs]


def _used(graph: GraphProto) -> Iterator[str]:
    for node in graph.node:
        yield from (*node.input, *node.output)
    named: list[Any] = [*graph.input, *graph.output, *graph.initializer]
    for one in named:
        yield str(one.name)


def _width(value: ValueInfoProto) -> int:
    """Of [batch, width]; 0 of [batch], -1 of others."""
    dims = value.type.tensor_type.shape.dim
    if len(dims) == 1:
        return 0
    return int(dims[1].dim_value) if len(dims) == 2 and dims[1].dim_value else -1


def _element(dtype: str) -> int:
    from onnx import TensorProto

    return int(getattr(TensorProto, "FLOAT" if dtype == "float32" else dtype.upper()))


def _type_name(element: int) -> str:
    from onnx import TensorProto

    return TensorProto.DataType.Name(element).lower()
