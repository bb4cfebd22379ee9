"""Other forms of a policy's file: products in float16, weights in bfloat16, products of integers.

Files are read, changed and written in memory, in standard ONNX operators alone, so a form runs
wherever the file does. Only products by constant matrices, convolutions by constant kernels and
other large constants are touched: masks, bounds and what remains is computed in float32 as before,
since the logit of an illegal action has no place in sixteen bits.

Integers: weights have 7 bits by output, so that two products of unsigned and signed bytes fit into
the 16 bits that older processors add them in; inputs are scaled by row as they come (dynamic
quantization), so that no row's answer depends on the rows beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

KINDS: Final = ("fp16", "bf16", "int8")
"""Names of the forms, as commands and settings have them."""

MOST_DIFFERENCE: Final = {"fp16": 0.02, "bf16": 0.1, "int8": 0.25}
"""Of any answer x from the file's, in units of max(1, |x|), for a form to be used."""

_LEAST_ELEMENTS: Final = 64
"""Of a constant that is worth another type."""

_LEAST_OPSET: Final = {"fp16": 9, "bf16": 13, "int8": 11}
_WEIGHT_STEPS: Final = 63
_INPUT_STEPS: Final = 127
_ZERO: Final = 128
_TINY: Final = 1e-12

Array = npt.NDArray[Any]


def check_kinds(kinds: Iterable[str], field: str = "variants") -> tuple[str, ...]:
    """The kinds, each once.

    Raises:
        InvalidArgument: there is no such kind.
    """
    found = tuple(dict.fromkeys(kinds))
    for kind in found:
        if kind not in KINDS:
            raise InvalidArgument(f"{field} has {kind!r}; expected some of {', '.join(KINDS)}")
    return found


def variant(data: bytes, kind: str) -> bytes:
    """The file in another form.

    Raises:
        InvalidArgument: it has nothing to be changed, or too old a version of the operators; says
            which.
    """
    import onnx

    model = onnx.load_model_from_string(data)
    opset = next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), 0)
    if opset < _LEAST_OPSET[kind]:
        raise InvalidArgument(
            f"the file has opset {opset}; {kind} needs {_LEAST_OPSET[kind]} or newer"
        )
    change = _Change(model, opset)
    {"fp16": change.to_halves, "bf16": change.to_bfloat16, "int8": change.to_integers}[kind]()
    if not change.changed:
        raise InvalidArgument("the file has no constant matrix or kernel that could be changed")
    change.finish()
    return bytes(model.SerializeToString())


class _Change:
    """A model on its way into another form: nodes are written anew, in their order."""

    def __init__(self, model: ModelProto, opset: int) -> None:
        self._graph: GraphProto = model.graph
        self._opset = opset
        self._constants = {one.name: one for one in model.graph.initializer}
        self._names = _all_names(model.graph)
        self._nodes: list[NodeProto] = []
        self._added: dict[str, TensorProto] = {}
        self._made: dict[tuple[str, str], tuple[str, ...]] = {}
        self.changed = 0

    def to_halves(self) -> None:
        """Products and convolutions in float16, other large constants stored as float16."""
        for node in self._graph.node:
            weights = self._weights_of(node)
            if weights is None:
                self._nodes.append(node)
                continue
            self.changed += 1
            node, bias = self._without_bias(node, weights)
            half = self._constant(f"{node.input[1]}_fp16", self._value(node.input[1]), "float16")
            seen = self._node("Cast", [node.input[0]], to=_type("FLOAT16"))
            answer = self._repeat(node, [seen, half])
            self._end(node.output[0], self._cast_up(answer), bias)
        self._store_others("float16")

    def to_bfloat16(self) -> None:
        """All large constants stored as bfloat16; computed as before."""
        self._nodes.extend(self._graph.node)
        self._store_others("bfloat16")

    def to_integers(self) -> None:
        """Products and convolutions of integers."""
        for node in self._graph.node:
            weights = self._weights_of(node)
            if weights is None:
                self._nodes.append(node)
                continue
            self.changed += 1
            node, bias = self._without_bias(node, weights)
            whole, scale = self._quantized(node)
            rank = len(self._constants[weights].dims) if node.op_type == "Conv" else 0
            seen, row_scale = self._by_row(node.input[0], list(range(1, rank)) or [-1])
            zero = self._constant("zero_128", np.uint8(_ZERO), "uint8")
            kind = "ConvInteger" if node.op_type == "Conv" else "MatMulInteger"
            answer = self._cast_up(self._repeat(node, [seen, whole, zero], kind))
            answer = self._node("Mul", [answer, row_scale])
            answer = self._node("Mul", [answer, scale])
            self._end(node.output[0], answer, bias)

    def finish(self) -> None:
        """Puts nodes and constants into the model, without constants that nobody needs any more."""
        graph = self._graph
        nodes = [type(node).FromString(node.SerializeToString()) for node in self._nodes]
        used = {name for node in nodes for name in _inputs(node)}
        used |= {one.name for one in graph.output}
        constants = {**self._constants, **self._added}
        kept = [
            type(one).FromString(one.SerializeToString())
            for name, one in constants.items()
            if name in used
        ]
        inputs = [one for one in graph.input if one.name not in self._constants]
        inputs = [type(one).FromString(one.SerializeToString()) for one in inputs]
        del graph.node[:], graph.initializer[:], graph.input[:], graph.value_info[:]
        graph.node.extend(nodes)
        graph.initializer.extend(kept)
        graph.input.extend(inputs)

    def _weights_of(self, node: NodeProto) -> str | None:
        """The name of the constant that a product or convolution is by, if it is one."""
        if node.op_type not in ("MatMul", "Gemm", "Conv") or node.domain not in ("", "ai.onnx"):
            return None
        told = {one.name: one for one in node.attribute}
        if node.op_type == "Gemm" and "transA" in told and told["transA"].i:
            return None
        one = self._constants.get(node.input[1])
        is_matrix = one is not None and (len(one.dims) == 2 or node.op_type == "Conv")
        return one.name if one is not None and is_matrix and self._is_large(one) else None

    def _is_large(self, one: TensorProto) -> bool:
        return one.data_type == _type("FLOAT") and int(np.prod(one.dims)) >= _LEAST_ELEMENTS

    def _without_bias(self, node: NodeProto, weights: str) -> tuple[NodeProto, str]:
        """A product or convolution alone, and what is to be added to it; empty: nothing."""
        from onnx import helper

        if node.op_type == "MatMul":
            return node, ""
        bias = node.input[2] if len(node.input) > 2 else ""
        if node.op_type == "Conv":
            alone = type(node).FromString(node.SerializeToString())
            del alone.input[2:]
            if bias:
                rank = len(self._constants[weights].dims)
                shape = self._constant(f"channels_{rank}", np.array([1, -1] + [1] * (rank - 2)))
                bias = self._node("Reshape", [bias, shape])
            return alone, bias
        told = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        matrix = self._value(weights)
        if told.get("transB", 0):
            matrix = matrix.T
        matrix = np.ascontiguousarray(matrix * np.float32(told.get("alpha", 1.0)))
        plain = self._constant(f"{weights}_as_{node.output[0]}", matrix)
        beta = float(told.get("beta", 1.0))
        if bias and beta != 1.0:
            factor = self._constant(f"beta_{node.output[0]}", np.float32(beta))
            bias = self._node("Mul", [bias, factor])
        return helper.make_node("MatMul", [node.input[0], plain], list(node.output)), bias

    def _quantized(self, node: NodeProto) -> tuple[str, str]:
        """Names of a node's weights as int8, and of their scales by output."""
        name = node.input[1]
        made = self._made.get((name, node.op_type))
        if made is None:
            weights = self._value(name)
            is_image = node.op_type == "Conv"
            axes = tuple(range(1, weights.ndim)) if is_image else 0
            scale = np.maximum(np.abs(weights).max(axis=axes), _TINY) / _WEIGHT_STEPS
            by_output = scale.reshape(-1, *[1] * (weights.ndim - 1)) if is_image else scale
            whole = np.rint(weights / by_output).astype(np.int8)
            told = scale.reshape(1, -1, *[1] * (weights.ndim - 2)) if is_image else scale
            made = self._made[name, node.op_type] = (
                self._constant(f"{name}_int8", whole, "int8"),
                self._constant(f"{name}_scale", told.astype(np.float32)),
            )
        return made[0], made[1]

    def _by_row(self, name: str, axes: list[int]) -> tuple[str, str]:
        """Names of what comes as uint8, by the largest of each row, and of the rows' scales.

        `axes` are those of which a scale is taken.
        """
        made = self._made.get((name, str(axes)))
        if made is None:
            largest = self._reduced("ReduceMax", self._node("Abs", [name]), axes)
            least = self._constant("tiny", np.float32(_TINY))
            steps = self._constant("steps_127", np.float32(1 / _INPUT_STEPS))
            scale = self._node("Mul", [self._node("Max", [largest, least]), steps])
            shifted = self._node("Round", [self._node("Div", [name, scale])])
            zero = self._constant("float_128", np.float32(_ZERO))
            shifted = self._node("Add", [shifted, zero])
            seen = self._node("Cast", [shifted], to=_type("UINT8"))
            made = self._made[name, str(axes)] = (seen, scale)
        return made[0], made[1]

    def _reduced(self, kind: str, name: str, axes: list[int]) -> str:
        if self._opset < 18:
            return self._node(kind, [name], axes=axes, keepdims=1)
        told = self._constant("axes" + "_".join(map(str, axes)), np.array(axes))
        return self._node(kind, [name, told], keepdims=1)

    def _store_others(self, dtype: str) -> None:
        """Large constants of what is left as it was are stored in another type."""
        first: list[NodeProto] = []
        used = {name for node in self._nodes for name in _inputs(node)}
        for name, one in list(self._constants.items()):
            if name not in used or not self._is_large(one):
                continue
            self.changed += 1
            small = self._constant(f"{name}_{dtype}", self._value(name), dtype)
            del self._constants[name]
            from onnx import helper

            first.append(helper.make_node("Cast", [small], [name], to=_type("FLOAT")))
        self._nodes[:0] = first

    def _repeat(self, node: NodeProto, inputs: list[str], kind: str = "") -> str:
        """The node once more, on other inputs."""
        one = type(node).FromString(node.SerializeToString())
        one.op_type = kind or node.op_type
        name = self._new(f"{node.output[0]}_raw")
        del one.input[:], one.output[:]
        one.input.extend(inputs)
        one.output.append(name)
        one.name = ""
        self._nodes.append(one)
        return name

    def _cast_up(self, name: str) -> str:
        return self._node("Cast", [name], to=_type("FLOAT"))

    def _end(self, output: str, answer: str, bias: str) -> None:
        """The answer, with what is added to it, under the name that others know it by."""
        from onnx import helper

        inputs, kind = ([answer, bias], "Add") if bias else ([answer], "Identity")
        self._nodes.append(helper.make_node(kind, inputs, [output]))

    def _node(self, kind: str, inputs: list[str], **told: Any) -> str:
        from onnx import helper

        name = self._new(f"{inputs[0]}_{kind.lower()}")
        self._nodes.append(helper.make_node(kind, inputs, [name], **told))
        return name

    def _constant(self, name: str, value: Array | np.generic, dtype: str = "") -> str:
        """A constant by its name; the same name again is the same constant."""
        name = f"variant_{name}"
        if name not in self._added:
            from onnx import helper, numpy_helper

            array = np.asarray(value)
            if dtype == "bfloat16":
                made = helper.make_tensor(
                    name, _type("BFLOAT16"), array.shape, _bfloat16(array).tobytes(), raw=True
                )
            else:
                if dtype == "float16":
                    most = np.finfo(np.float16).max
                    array = np.clip(array, -most, most)
                made = numpy_helper.from_array(array.astype(dtype) if dtype else array, name)
            self._added[name] = made
        return name

    def _value(self, name: str) -> Array:
        from onnx import numpy_helper

        one = self._constants.get(name)
        return numpy_helper.to_array(self._added[name] if one is None else one)

    def _new(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self._names:
            count += 1
            name = f"{wanted}_{count}"
        self._names.add(name)
        return name


def _bfloat16(array: Array) -> Array:
    """The upper halves of float32, rounded to the nearest, ties to even; uint16."""
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32).astype(np.uint64)
    rounded: Array = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
    return rounded


def _type(name: str) -> int:
    from onnx import TensorProto

    return int(TensorProto.DataType.Value(name))


def _inputs(node: Any) -> Iterator[str]:
    """What a node reads, in its branches too."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _inputs(inner)
            for named in graph.output:
                yield named.name


def _all_names(graph: Any) -> set[str]:
    names = {one.name for one in (*graph.input, *graph.output, *graph.initializer)}
    for node in graph.node:
        names.update(node.input, node.output)
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                names |= _all_names(inner)
    return names
