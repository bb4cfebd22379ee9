"""Whether a file is a policy: a sound ONNX graph of the right form that computes what it should.

To be called in a process that can do no harm (`confined`). Importing onnx and onnxruntime takes
half a second from a cold disk, so it waits for the first use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.policy.file.graph import MAX_NODES, check_graph
from mazemesh.policy.file.rejection import Rejection
from services.model.validation.measuring import (
    check_external,
    check_opset,
    milliseconds,
    operators,
    scan,
)
from services.model.validation.parity import TOLERANCE, Parity
from services.model.validation.report import Report, Standards, Verdict

BATCH: Final = 64
"""Rows of a batch that is tried whatever the number of parity rows: they are repeated for it."""

SINGLE_ROWS: Final = 8
"""Rows that are tried one by one; more would cost time and tell little."""

_QUIET: Final = 4  # onnxruntime: fatal only; its reasons are in the exceptions

Rows = npt.NDArray[np.intp]


def preload() -> None:
    """Loads all that `validate` needs, so that it opens no file later."""
    import onnx.checker
    import onnx.numpy_helper  # noqa: F401  # for what is looked at later
    import onnxruntime
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch"])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch"])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "warm", [value], [answer])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    _check_form(model.SerializeToString(), Report())
    for optimized in (True, False):
        session = load(model.SerializeToString(), optimized=optimized)
        milliseconds(partial(session.run, ["y"], {"x": np.zeros(2, np.float32)}))
    onnxruntime.get_available_providers()


def validate(
    data: bytes,
    parity: Parity,
    standards: Standards = Standards(),  # noqa: B008  # it never changes
    report: Report | None = None,
) -> Verdict:
    """Checks an ONNX file against the parity rows, whose shapes are those of its game.

    What was found is noted in the report as it is found, so that it tells of a file that is
    rejected, too.

    Raises:
        Rejection: the first check that fails, in the order: onnx (it can be read), graph (only what
            policies are made of, in one file, in a known operator set), finite (its numbers), onnx
            (a sound graph), load (onnxruntime takes it), signature (names, types and shapes), run,
            shape, masking, finite, parity (all rows at once, 64 rows, rows one by one; 64 rows
            again without any optimization of the graph), latency.
    """
    report = report or Report()
    report.passed("size", len(data), limit=standards.max_bytes, unit="bytes")
    _check_form(data, report)
    with report.failing("load"):
        session = load(data, optimized=True)
    report.passed("load", detail="by onnxruntime")
    with report.failing("signature"):
        try:
            _check_signature("input", session.get_inputs(), _expected_inputs(parity))
            _check_signature("output", session.get_outputs(), _expected_outputs(parity))
        except UnicodeDecodeError as error:  # onnxruntime's, of names that it reads as bytes
            raise Rejection("signature", f"a name is not UTF-8: {error.object!r}") from error
    report.passed("signature", detail=_described(parity))
    rows = np.arange(len(parity))
    batch = np.resize(rows, BATCH)
    singles = rows[:: max(1, len(rows) // SINGLE_ROWS)]
    names = [output.name for output in session.get_outputs()]
    _compare(report, "parity", session, names, parity, [rows])
    _compare(report, "parity-1", session, names, parity, [np.array([row]) for row in singles])
    _compare(report, f"parity-{BATCH}", session, names, parity, [batch])
    plain = load(data, optimized=False)
    how = "without optimization of the graph"
    _compare(report, "parity-plain", plain, names, parity, [batch], how)
    del plain
    _time(report, session, names, parity, standards)
    words = (
        f"the publisher's answers to {len(rows)} observations: all at once, {len(singles)} one by "
        f"one and in a batch of {BATCH}, with the graph optimized by onnxruntime and, the batch of "
        f"{BATCH}, as it is"
    )
    return Verdict(words, tuple(report.checks))


def _check_form(data: bytes, report: Report) -> None:
    import onnx.checker

    with _noted(report, "onnx"):
        model = onnx.load_model_from_string(data)
    with _noted(report, "external-data", limit=0, unit="tensors"):
        check_external(model)
    report.passed("external-data", 0, limit=0, unit="tensors")
    with _noted(report, "operators", limit=MAX_NODES, unit="nodes"):
        nodes = check_graph(model)
    report.passed("operators", nodes, limit=MAX_NODES, unit="nodes", detail=operators(model))
    with _noted(report, "opset"):
        opset = check_opset(model)
    report.passed("opset", opset, detail=f"IR version {model.ir_version}")
    with _noted(report, "finite", limit=0, unit="numbers"):
        looked, masked = scan(model)
    detail = f"{looked} numbers" + (f", {masked} of them -inf in masks" if masked else "")
    report.passed("finite", 0, limit=0, unit="numbers", detail=detail)
    del model
    with _noted(report, "onnx"):
        onnx.checker.check_model(data)
    report.passed("onnx", detail=f"onnx.checker {onnx.__version__}")


@contextmanager
def _noted(
    report: Report, name: str, *, limit: float | None = None, unit: str = ""
) -> Iterator[None]:
    """What onnx raises of a file is a rejection, too, and is noted as this check's."""
    import onnx.checker
    from google.protobuf.message import DecodeError

    with report.failing(name, limit=limit, unit=unit):
        try:
            yield
        except (onnx.checker.ValidationError, DecodeError, ValueError) as error:
            raise Rejection("onnx", _first_line(error)) from error


def _compare(
    report: Report,
    name: str,
    session: Any,
    outputs: Sequence[str],
    parity: Parity,
    batches: Sequence[Rows],
    how: str = "",
) -> None:
    with report.failing(name, limit=TOLERANCE):
        worst = max(compare(session, outputs, parity, rows, how) for rows in batches)
    told = f"{len(batches)} of one row" if len(batches) > 1 else f"{len(batches[0])} rows"
    report.passed(name, worst, limit=TOLERANCE, detail=f"{told}{f', {how}' if how else ''}")


def _time(
    report: Report, session: Any, outputs: Sequence[str], parity: Parity, standards: Standards
) -> None:
    limits = ((1, standards.latency_ms), (BATCH, standards.batch_latency_ms))
    for size, limit in limits:
        name = f"latency-{size}"
        given = parity.inputs(np.resize(np.arange(len(parity)), size))

        def answer(given: Mapping[str, npt.NDArray[Any]] = given) -> object:
            return run(session, outputs, given)

        with report.failing(name, limit=limit, unit="ms"):
            took = milliseconds(answer)
            if took > limit:
                raise Rejection(
                    "latency",
                    f"a batch of {size} takes {took:.4g} ms of processor time; at most "
                    f"{limit:g} ms are allowed",
                    took,
                )
        report.passed(name, took, limit=limit, unit="ms", detail="of processor time, one thread")


def _described(parity: Parity) -> str:
    both = (_expected_inputs(parity), _expected_outputs(parity))
    told = (
        ", ".join(f"{name} {kind} {['batch', *row]}" for name, (kind, row) in one.items())
        for one in both
    )
    return " -> ".join(told).replace("'batch'", "batch")


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
) -> float:
    """Runs a session on the rows of these numbers, with further inputs, and compares its answers.

    Returns:
        The largest difference, as `Parity.compare`.

    Raises:
        Rejection: it does not run, or answers otherwise than the publisher's own network.
    """
    arrays = run(session, names, {**parity.inputs(rows), **given})
    outputs = {name: np.asarray(array) for name, array in zip(names, arrays, strict=True)}
    return parity.compare(outputs, rows, how)


def run(session: Any, names: Sequence[str], given: Mapping[str, npt.NDArray[Any]]) -> list[Any]:
    """The outputs of these names.

    Raises:
        Rejection: check "run": it does not run.
    """
    try:
        arrays: list[Any] = session.run(names, given)
    except MemoryError:
        raise
    except Exception as error:  # as above
        raise Rejection("run", _first_line(error)) from error
    return arrays


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
