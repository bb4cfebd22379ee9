"""The process that makes forms of one file; `making` starts it, and it ends when it has answered.

It loads what it needs, gives up all else (`services.model.validation.confinement`), reads one
request (a line of JSON, the parity tensors, the file) and answers a line of JSON, followed by the
files that passed. The forms are made of a file that somebody sent, so it never opens a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.policy.file import variants
from mazemesh.policy.file.rejection import Rejection
from services.model.validation.asking import read_parity
from services.model.validation.confinement import Budget, confine
from services.model.validation.parity import Parity, Rows
from services.model.validation.pipes import own_pipes
from services.model.validation.validation import load, preload, run
from services.model.variants.comparing import compared

_MOST_REASON: Final = 1_000


def main() -> None:
    """Serves one request."""
    requests, answers = own_pipes()
    preload()
    _preload()
    budget = Budget()
    confine()
    request = json.loads(requests.readline())
    budget.grant(request["cpu_seconds"], request["memory_bytes"])
    parity = read_parity(requests, request)
    data = requests.read(request["size_bytes"])
    told, files = [], []
    for kind in request["kinds"]:
        one, file = _made(kind, data, parity)
        told.append(one)
        files.append(file)
    answers.write(json.dumps(told).encode() + b"\n")
    for file in files:
        _write(answers, file)


def _made(kind: str, data: bytes, parity: Parity) -> tuple[dict[str, Any], bytes]:
    """What is told of a form, and its file; empty where it is rejected."""
    told: dict[str, Any] = {"kind": kind, "rows": len(parity)}
    try:
        file = variants.variant(data, kind)
        session = load(file, optimized=True)
        names = list(parity.expected)

        def answers(rows: Rows) -> dict[str, npt.NDArray[Any]]:
            return dict(zip(names, run(session, names, parity.inputs(rows)), strict=True))

        agreement = compared(kind, parity, answers)
    except Rejection as rejection:
        return {**told, "rejection": str(rejection)[:_MOST_REASON]}, b""
    except InvalidArgument as error:
        return {**told, "rejection": str(error)[:_MOST_REASON]}, b""
    except MemoryError:
        return {**told, "rejection": "it takes more memory than a form may"}, b""
    except Exception as error:  # a graph in a way that nobody thought of: the version stays ready
        return {**told, "rejection": f"{type(error).__name__}: {error}"[:_MOST_REASON]}, b""
    told |= {"sha256": hashlib.sha256(file).hexdigest(), "size_bytes": len(file)}
    return {**told, **agreement._asdict()}, file


def _preload() -> None:
    """Makes every form of a small file, so that nothing is opened later."""
    from onnx import TensorProto, helper, numpy_helper

    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 8])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 8])
    weights = numpy_helper.from_array(np.ones((8, 8), np.float32), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    graph = helper.make_graph(nodes, "warm", [value], [answer], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for kind in variants.KINDS:
        session = load(variants.variant(model.SerializeToString(), kind), optimized=True)
        session.run(["y"], {"x": np.zeros((2, 8), np.float32)})


def _write(answers: BinaryIO, content: Sequence[int] | bytes) -> None:
    left = memoryview(bytes(content))
    while left:
        left = left[answers.write(left) :]


if __name__ == "__main__":
    main()
