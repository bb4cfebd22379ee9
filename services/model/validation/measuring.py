"""Figures of a file: what it is made of, whether its numbers are numbers, how long it takes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.policy.file.rejection import Rejection

OLDEST_OPSET: Final = 7
"""Of the operator sets that onnxruntime promises to run."""

_REPEATS: Final = 9
_SPENT_MS: Final = 100.0
"""Of processor time after which a figure is good enough."""

_BFLOAT16: Final = 16
_SHOWN: Final = 12


def check_opset(model: Any) -> int:
    """The version of the standard operators that a model is written in.

    Raises:
        Rejection: check "graph": it tells none, or one that is too old or too new.
    """
    from onnx.defs import onnx_opset_version

    newest = onnx_opset_version()
    told = [one.version for one in model.opset_import if one.domain in ("", "ai.onnx")]
    if not told:
        raise Rejection("graph", "it tells no operator set; expected opset_import of ai.onnx")
    for version in told:
        if not OLDEST_OPSET <= version <= newest:
            raise Rejection(
                "graph",
                f"its operator set is {version}; expected {OLDEST_OPSET}..{newest}",
                float(version),
            )
    return int(max(told))


def check_external(model: Any) -> None:
    """Refuses numbers that lie in another file.

    Raises:
        Rejection: check "graph": names the first of them.
    """
    outside = [one for one in _tensors(model) if one.data_location or len(one.external_data)]
    if outside:
        raise Rejection(
            "graph",
            f"tensor {outside[0].name[:80]!r} lies in another file; all must be in one",
            float(len(outside)),
        )


def operators(model: Any) -> str:
    """Operators of the main graph and of functions, in words, the most frequent first."""
    found = Counter(node.op_type for node in model.graph.node)
    for function in model.functions:
        found.update(node.op_type for node in function.node)
    shown = [
        f"{name} x{count}" if count > 1 else name
        for name, count in sorted(found.items(), key=lambda one: (-one[1], one[0]))[:_SHOWN]
    ]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{', '.join(shown)}{more}"[:400]


def scan(model: Any) -> tuple[int, int]:
    """Looks for NaN and infinity among all numbers that a model holds.

    Minus infinity may stand where there is nothing else but zeros, as in a mask that is added.

    Returns:
        How many numbers were looked at, and how many of them are minus infinity.

    Raises:
        Rejection: check "finite": there is one; names the tensor.
    """
    looked = masked = 0
    for tensor in _tensors(model):
        values = _floats(tensor)
        if values is None or not values.size:
            continue
        looked += values.size
        finite = np.isfinite(values)
        if finite.all():
            continue
        wrong = values[~finite]
        plain_mask = bool((np.isneginf(wrong)).all() and not values[finite].any())
        if not plain_mask:
            raise Rejection(
                "finite",
                f"{wrong.size} of {values.size} numbers of tensor {tensor.name[:80]!r} are not "
                f"finite, the first one is {float(wrong[0])}",
                float(wrong.size),
            )
        masked += wrong.size
    return looked, masked


def milliseconds(run: Callable[[], object]) -> float:
    """Median processor time of a call, of this thread: a busy machine does not make it longer."""
    found: list[float] = []
    while len(found) < _REPEATS and sum(found) < _SPENT_MS:
        began = time.thread_time()
        run()
        found.append(1e3 * (time.thread_time() - began))
    return float(np.median(found))


def _tensors(model: Any) -> Iterator[Any]:
    """Initializers and constants, also those of branches and functions."""
    graphs, nodes = [model.graph], []
    nodes += [node for function in model.functions for node in function.node]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            yield from graph.initializer
            nodes += graph.node
            continue
        for attribute in nodes.pop().attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            graphs += [attribute.g] if attribute.HasField("g") else []
            graphs += attribute.graphs


def _floats(tensor: Any) -> npt.NDArray[Any] | None:
    """A tensor's numbers, flat, without a copy where they are raw; None of whole numbers."""
    from onnx import TensorProto

    raw = {
        TensorProto.FLOAT: "<f4",
        TensorProto.DOUBLE: "<f8",
        TensorProto.FLOAT16: "<f2",
    }
    kind = tensor.data_type
    if kind == _BFLOAT16:
        if tensor.HasField("raw_data"):
            halves = np.frombuffer(tensor.raw_data, "<u2")
        else:
            halves = _halves(tensor)
        return (halves.astype(np.uint32) << 16).view(np.float32)
    if kind not in raw:
        return None
    if tensor.HasField("raw_data"):
        return np.frombuffer(tensor.raw_data, raw[kind])
    if kind == TensorProto.FLOAT16:
        return _halves(tensor).view(np.float16)
    typed = tensor.float_data if kind == TensorProto.FLOAT else tensor.double_data
    return np.asarray(typed, raw[kind])


def _halves(tensor: Any) -> npt.NDArray[np.uint16]:
    return np.asarray(tensor.int32_data, np.int64).astype(np.uint16)
