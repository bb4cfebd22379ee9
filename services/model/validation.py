"""Whether a file is a policy: a sound ONNX graph of the right form that computes what it should.

Importing onnx and onnxruntime takes half a second from a cold disk, so it waits for the first use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from services.model.parity import Parity
from services.model.rejection import Rejection

if TYPE_CHECKING:
    from onnx import GraphProto, TensorProto

SINGLE_ROWS: Final = 8
"""Rows that are tried one by one; more would cost time and tell little."""

_QUIET: Final = 4  # onnxruntime: fatal only; its reasons are in the exceptions


def preload() -> None:
    """Imports what `validate` needs."""
    import onnxruntime  # noqa: F401


def validate(data: bytes, parity: Parity) -> None:
    """Checks an ONNX file against the parity rows, whose shapes are those of its game.

    Raises:
        Rejection: the first check that fails, in the order: onnx (a sound graph in one file), load
            (onnxruntime takes it), signature (names, types and shapes), run, shape, masking,
            finite, parity (all rows at once, then one by one).
    """
    _check_graph(data)
    session = _load(data)
    try:
        _check_signature("input", session.get_inputs(), _expected_inputs(parity))
        _check_signature("output", session.get_outputs(), _expected_outputs(parity))
    except UnicodeDecodeError as error:  # onnxruntime's, of names that it reads as bytes
        raise Rejection("signature", f"a name is not UTF-8: {error.object!r}") from error
    _compare(session, parity, slice(0, len(parity)))
    step = max(1, len(parity) // SINGLE_ROWS)
    for row in range(0, len(parity), step):
        _compare(session, parity, slice(row, row + 1))


def _check_graph(data: bytes) -> None:
    import onnx.checker
    from google.protobuf.message import DecodeError

    try:
        onnx.checker.check_model(data)
        model = onnx.load_model_from_string(data)
    except (onnx.checker.ValidationError, DecodeError, ValueError) as error:
        raise Rejection("onnx", _first_line(error)) from error
    for tensor in _tensors(model.graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise Rejection(
                "onnx", f"tensor {tensor.name!r} lies in another file; all must be in one"
            )


def _tensors(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)


def _load(data: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own exception classes share no base but Exception
        raise Rejection("load", _first_line(error)) from error


_ONNX_TYPES: Final = {"uint8": "tensor(uint8)", "float32": "tensor(float)"}


def _expected_inputs(parity: Parity) -> dict[str, tuple[str, int | None]]:
    """ONNX type and width (None: the batch axis alone) by name."""
    inputs: dict[str, tuple[str, int | None]] = {
        "observation": (_ONNX_TYPES[parity.observation.dtype.name], parity.observation.shape[1]),
        "action_mask": ("tensor(uint8)", parity.action_mask.shape[1]),
    }
    if parity.state is not None:
        inputs["state"] = ("tensor(float)", parity.state.shape[1])
    return inputs


def _expected_outputs(parity: Parity) -> dict[str, tuple[str, int | None]]:
    outputs: dict[str, tuple[str, int | None]] = {
        "logits": ("tensor(float)", parity.action_mask.shape[1]),
        "value": ("tensor(float)", None),
    }
    if parity.next_state is not None:
        outputs["next_state"] = ("tensor(float)", parity.next_state.shape[1])
    return outputs


def _check_signature(
    kind: str, found: Sequence[Any], expected: Mapping[str, tuple[str, int | None]]
) -> None:
    if {one.name for one in found} != set(expected):
        raise Rejection(
            "signature",
            f"{kind}s are {sorted(one.name for one in found)}; expected {sorted(expected)}",
        )
    for one in found:
        element, width = expected[one.name]
        batch, *rest = one.shape or [0]
        # Where the width of an output is not inferred, the run tells it.
        fits = rest == ([] if width is None else [width]) or (
            kind == "output" and width is not None and len(rest) == 1 and not _fixed(rest[0])
        )
        if one.type != element or _fixed(batch) or not fits:
            shape = ["batch"] if width is None else ["batch", width]
            raise Rejection(
                "signature",
                f"{kind} {one.name!r} is {one.type} {one.shape}; expected {element} {shape} with "
                "a free batch axis",
            )


def _fixed(size: object) -> bool:
    return isinstance(size, int)


def _compare(session: Any, parity: Parity, rows: slice) -> None:
    names = [output.name for output in session.get_outputs()]
    try:
        arrays = session.run(names, parity.inputs(rows))
    except Exception as error:  # as above
        raise Rejection("run", _first_line(error)) from error
    outputs = {name: np.asarray(array) for name, array in zip(names, arrays, strict=True)}
    parity.compare(outputs, rows)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
