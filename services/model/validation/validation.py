"""Whether a file is a policy: a sound ONNX graph of the right form that computes what it should.

To be called in a process that can do no harm (`confined`). Importing onnx and onnxruntime takes
half a second from a cold disk, so it waits for the first use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.policy.graph import check_graph
from mazemesh.policy.rejection import Rejection
from services.model.validation.parity import Parity

BATCH: Final = 64
"""Rows of a batch that is tried whatever the number of parity rows: they are repeated for it."""

SINGLE_ROWS: Final = 8
"""Rows that are tried one by one; more would cost time and tell little."""

_QUIET: Final = 4  # onnxruntime: fatal only; its reasons are in the exceptions

Rows = npt.NDArray[np.intp]


def preload() -> None:
    """Loads all that `validate` needs, so that it opens no file later."""
    import onnx.checker
    import onnx.numpy_helper
    import onnxruntime
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch"])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch"])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "warm", [value], [answer])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    check_graph(model)
    onnx.checker.check_model(model.SerializeToString())
    for optimized in (True, False):
        session = load(model.SerializeToString(), optimized=optimized)
        session.run(["y"], {"x": np.zeros(2, np.float32)})
    onnxruntime.get_available_providers()


def validate(data: bytes, parity: Parity) -> str:
    """Checks an ONNX file against the parity rows, whose shapes are those of its game.

    Returns:
        What was compared, in words.

    Raises:
        Rejection: the first check that fails, in the order: onnx (it can be read), graph (only what
            policies are made of, in one file), onnx (a sound graph), load (onnxruntime takes it),
            signature (names, types and shapes), run, shape, masking, finite, parity (all rows at
            once, 64 rows, rows one by one; 64 rows again without any optimization of the graph).
    """
    _check_form(data)
    session = load(data, optimized=True)
    try:
        _check_signature("input", session.get_inputs(), _expected_inputs(parity))
        _check_signature("output", session.get_outputs(), _expected_outputs(parity))
    except UnicodeDecodeError as error:  # onnxruntime's, of names that it reads as bytes
        raise Rejection("signature", f"a name is not UTF-8: {error.object!r}") from error
    rows = np.arange(len(parity))
    batch = np.resize(rows, BATCH)
    singles = rows[:: max(1, len(rows) // SINGLE_ROWS)]
    names = [output.name for output in session.get_outputs()]
    compare(session, names, parity, rows)
    for row in singles:
        compare(session, names, parity, np.array([row]))
    compare(session, names, parity, batch)
    plain = load(data, optimized=False)
    compare(plain, names, parity, batch, "without optimization of the graph")
    return (
        f"the publisher's answers to {len(rows)} observations: all at once, {len(singles)} one by "
        f"one and in a batch of {BATCH}, with the graph optimized by onnxruntime and, the batch of "
        f"{BATCH}, as it is"
    )


def _check_form(data: bytes) -> None:
    import onnx.checker
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(data)
        check_graph(model)
        del model
        onnx.checker.check_model(data)
    except (onnx.checker.ValidationError, DecodeError, ValueError) as error:
        raise Rejection("onnx", _first_line(error)) from error


def load(data: bytes, *, optimized: bool) -> Any:
    """A session of the model.

    Raises:
        Rejection: check "load": onnxruntime does not take it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    if not optimized:
        level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.graph_optimization_level = level
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except MemoryError:
        raise
    except Exception as error:  # its own exception classes share no base but Exception
        raise Rejection("load", _first_line(error)) from error


def signature(parity: Parity) -> tuple[dict[str, Any], dict[str, Any]]:
    """What inputs and outputs a file must have for these rows."""
    return _expected_inputs(parity), _expected_outputs(parity)


_ONNX_TYPES: Final = {
    "uint8": "tensor(uint8)",
    "int8": "tensor(int8)",
    "uint16": "tensor(uint16)",
    "int16": "tensor(int16)",
    "int32": "tensor(int32)",
    "float32": "tensor(float)",
}

Expected = dict[str, tuple[str, list[int]]]
"""ONNX type and shape of a row, by name."""


def _expected_inputs(parity: Parity) -> Expected:
    return {
        name: (_ONNX_TYPES[array.dtype.name], list(array.shape[1:]))
        for name, array in parity.given.items()
    }


def _expected_outputs(parity: Parity) -> Expected:
    return {
        name: ("tensor(float)", list(array.shape[1:])) for name, array in parity.expected.items()
    }


def _check_signature(kind: str, found: Sequence[Any], expected: Expected) -> None:
    if {one.name for one in found} != set(expected):
        raise Rejection(
            "signature",
            f"{kind}s are {sorted(one.name for one in found)}; expected {sorted(expected)}",
        )
    for one in found:
        element, row = expected[one.name]
        batch, *rest = one.shape or [0]
        # Where the width of an output is not inferred, the run tells it.
        inferred = [
            wanted if kind == "output" and not _fixed(size) else size
            for wanted, size in zip(row, rest, strict=False)
        ]
        if one.type != element or _fixed(batch) or len(rest) != len(row) or inferred != row:
            raise Rejection(
                "signature",
                f"{kind} {one.name!r} is {one.type} {one.shape}; expected {element} "
                f"{['batch', *row]} with a free batch axis",
            )


def _fixed(size: object) -> bool:
    return isinstance(size, int)


def compare(
    session: Any,
    names: Sequence[str],
    parity: Parity,
    rows: Rows,
    how: str = "",
    given: Mapping[str, npt.NDArray[Any]] = MappingProxyType({}),
) -> None:
    """Runs a session on the rows of these numbers, with further inputs, and compares its answers.

    Raises:
        Rejection: it does not run, or answers otherwise than the publisher's own network.
    """
    try:
        arrays = session.run(names, {**parity.inputs(rows), **given})
    except MemoryError:
        raise
    except Exception as error:  # as above
        raise Rejection("run", _first_line(error)) from error
    outputs = {name: np.asarray(array) for name, array in zip(names, arrays, strict=True)}
    parity.compare(outputs, rows, how)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
