"""Whether a model is one that may be run at all: a walk through everything that it holds.

The walk follows the fields of the protobuf schema itself, not a list of the places where graphs and
tensors are known to be. So what lies in a function, a sparse initializer, an attribute of a node in
a branch, or in a field that a later version of ONNX adds is met all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from mazemesh.policy.file.operators import ALLOWED, CHOICE, DOMAINS, GROWING, INSTEAD
from mazemesh.policy.file.rejection import Rejection

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from onnx import FunctionProto, ModelProto, NodeProto, TensorProto

MAX_NODES: Final = 10_000
"""In all graphs together, with every function counted as often as it is called."""

MAX_DEPTH: Final = 8
"""Of branches in branches and functions that call functions."""

MAX_GROWN: Final = 1 << 22
"""Elements that a growing operator may be told by a constant to make."""

_MAX_RANK: Final = 64
_CHECK: Final = "graph"
_STORED: Final = {
    # Bits of an element, and the field that has it when raw_data has not.
    "FLOAT": (32, "float_data"),
    "DOUBLE": (64, "double_data"),
    "INT64": (64, "int64_data"),
    "UINT64": (64, "uint64_data"),
    "UINT32": (32, "uint64_data"),
    "INT32": (32, "int32_data"),
    **dict.fromkeys(("INT16", "UINT16", "FLOAT16", "BFLOAT16"), (16, "int32_data")),
    **dict.fromkeys(("INT8", "UINT8", "BOOL"), (8, "int32_data")),
}
_REFUSED_MESSAGES: Final = {
    "SparseTensorProto": "sparse tensors",
    "TrainingInfoProto": "training information",
    "TypeProto.Sequence": "sequences",
    "TypeProto.Map": "maps",
    "TypeProto.Optional": "optional values",
    "TypeProto.SparseTensor": "sparse tensors",
}


def check_graph(model: ModelProto) -> int:
    """Refuses what no policy needs, and what would cost more than its size tells.

    Returns:
        Its nodes, as they are held to `MAX_NODES`.

    Raises:
        Rejection: check "graph": weights in another file, sparse tensors, a tensor whose data is
            not what its shape says, an operator or domain that is not allowed, too many nodes,
            functions that call themselves, or a constant that makes a huge tensor. Names it.
    """
    functions = {(one.domain, one.name, one.overload): one for one in model.functions}
    if len(functions) < len(model.functions):
        raise Rejection(_CHECK, "two functions have the same name")
    for message in _walk(model):
        kind = message.DESCRIPTOR.full_name.removeprefix("onnx.")
        if kind in _REFUSED_MESSAGES:
            raise Rejection(_CHECK, f"it has {_REFUSED_MESSAGES[kind]}; a policy needs none")
        if kind == "TensorProto":
            _check_tensor(message)
        elif kind == "NodeProto":
            _check_node(message, functions)
    nodes = _check_size(model, functions)
    _check_growth(model)
    return nodes


def _walk(message: Message) -> Iterator[Any]:
    """A message and all messages in it, without recursion: depth is not for Python's stack."""
    waiting = [message]
    while waiting:
        found = waiting.pop()
        yield found
        for field, value in found.ListFields():
            if field.message_type is None:
                continue
            if isinstance(value, type(found)) or hasattr(value, "ListFields"):
                waiting.append(value)
            else:
                waiting.extend(value)


def _check_tensor(tensor: TensorProto) -> None:
    name = _shown(tensor.name)
    if tensor.data_location != 0 or len(tensor.external_data):
        raise Rejection(_CHECK, f"tensor {name} lies in another file; all must be in one")
    kind = _type_name(tensor.data_type)
    if kind not in _STORED:
        raise Rejection(
            _CHECK, f"tensor {name} is of type {kind}; expected one of {', '.join(_STORED)}"
        )
    bits, typed = _STORED[kind]
    if any(size < 0 for size in tensor.dims):
        raise Rejection(_CHECK, f"tensor {name} has shape {list(tensor.dims)[:8]}")
    elements = math.prod(tensor.dims)
    if tensor.HasField("raw_data"):
        found, wanted = len(tensor.raw_data), elements * bits // 8
    else:
        found, wanted = len(getattr(tensor, typed)), elements
    if found != wanted:
        raise Rejection(
            _CHECK,
            f"tensor {name} of type {kind} and shape {list(tensor.dims)[:8]} has {found} "
            f"{'bytes' if tensor.HasField('raw_data') else 'values'}; expected {wanted}",
        )


def _type_name(number: int) -> str:
    from onnx import TensorProto

    known: Mapping[int, str] = {value: name for name, value in TensorProto.DataType.items()}
    return known.get(number, str(number))


def _check_node(node: NodeProto, functions: Mapping[tuple[str, str, str], FunctionProto]) -> None:
    if (node.domain, node.op_type, node.overload) in functions:
        return
    if node.domain not in DOMAINS:
        raise Rejection(
            _CHECK,
            f"operator {_shown(node.op_type)} is of domain {_shown(node.domain)}; expected a "
            "standard one (ai.onnx) or a function of the model",
        )
    if node.op_type not in ALLOWED:
        instead = INSTEAD.get(node.op_type)
        raise Rejection(
            _CHECK,
            f"operator {_shown(node.op_type)} is not one that policies may be made of"
            + (f"; {instead}" if instead else " (see mazemesh/policy/file/operators.py)"),
        )
    if node.op_type != CHOICE and any(one.HasField("g") or one.graphs for one in node.attribute):
        raise Rejection(_CHECK, f"operator {node.op_type} has a graph inside")


def _check_size(model: ModelProto, functions: Mapping[tuple[str, str, str], FunctionProto]) -> int:
    """Counts nodes as they are when every function is put in its callers' place."""
    known: dict[tuple[str, str, str], int] = {}
    open_calls: list[tuple[str, str, str]] = []

    def count(nodes: Any, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise Rejection(_CHECK, f"graphs are more than {MAX_DEPTH} deep in each other")
        total = 0
        for node in nodes:
            total += 1
            key = node.domain, node.op_type, node.overload
            if key in functions:
                total += called(key, depth + 1)
            for attribute in node.attribute:
                for graph in (attribute.g, *attribute.graphs):
                    total += count(graph.node, depth + 1)
            if total > MAX_NODES:
                raise Rejection(_CHECK, f"it has more than {MAX_NODES} nodes, functions included")
        return total

    def called(key: tuple[str, str, str], depth: int) -> int:
        if key in open_calls:
            raise Rejection(_CHECK, f"function {_shown(key[1])} calls itself")
        if key not in known:
            open_calls.append(key)
            known[key] = count(functions[key].node, depth)
            open_calls.pop()
        return known[key]

    # Those that nobody calls too: a runtime reads them all the same.
    total = sum(called(key, 1) for key in functions)
    total += count(model.graph.node, 0)
    if total > MAX_NODES:
        raise Rejection(_CHECK, f"it has more than {MAX_NODES} nodes, functions included")
    return total


def _check_growth(model: ModelProto) -> None:
    """Refuses huge sizes that constants tell to growing operators.

    A size that is computed, as exporters do for the batch axis, is known when it is run: then the
    limits of the process hold it.
    """
    constants: dict[str, list[float]] = {}
    growing: list[NodeProto] = []
    for message in _walk(model):
        kind = message.DESCRIPTOR.name
        if kind == "GraphProto":
            constants.update((one.name, _numbers(one)) for one in message.initializer)
        elif kind == "NodeProto" and message.op_type == "Constant" and message.output:
            constants[message.output[0]] = _constant(message)
        elif kind == "NodeProto" and message.op_type in GROWING:
            growing.append(message)
    for node in growing:
        grown = _grown(node, [constants.get(name, []) for name in node.input])
        if grown > MAX_GROWN:
            raise Rejection(
                _CHECK,
                f"operator {node.op_type} is told by a constant to make {grown:.4g} elements; at "
                f"most {MAX_GROWN} may be made",
            )


def _constant(node: NodeProto) -> list[float]:
    attribute = node.attribute[0] if node.attribute else None
    if attribute is None or attribute.HasField("t"):
        return _numbers(attribute.t) if attribute else []
    return [float(one) for one in (*attribute.ints, attribute.i, *attribute.floats, attribute.f)]


def _numbers(tensor: TensorProto) -> list[float]:
    from onnx import numpy_helper

    if math.prod(tensor.dims) > _MAX_RANK:  # no list of sizes: data that is itself in the file
        return []
    return [float(value) for value in numpy_helper.to_array(tensor).ravel()]


def _grown(node: NodeProto, inputs: list[list[float]]) -> float:
    """Elements that the constants among the inputs tell a growing operator to make or to add."""
    if node.op_type == "Range":
        if not all(inputs):
            return 0.0
        start, limit, step = (values[0] for values in inputs[:3])
        return abs(limit - start) / max(abs(step), 1e-9)
    position = 0 if node.op_type == "ConstantOfShape" else 1
    sizes = inputs[position] if len(inputs) > position else []
    if node.op_type == "Pad":
        pads = next((list(one.ints) for one in node.attribute if one.name == "pads"), sizes)
        return float(sum(abs(size) for size in pads))
    return math.prod(size for size in sizes if size > 1)


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:77]}...")
