"""A process that checks files; `validators` starts it.

It loads what it needs, gives up all else (see `confinement`), and then answers one request after
the other until its input ends. A request is a line of JSON, the parity tensors and the file; an
answer is one line of JSON. It never opens a file: all it knows comes through its input.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, BinaryIO, Final

import numpy as np

from mazemesh.policy.rejection import Rejection
from services.model.validation.confinement import Budget, confine
from services.model.validation.known_graphs import KnownGraphs
from services.model.validation.parity import Parity
from services.model.validation.validation import preload

MAX_REASON: Final = 1_000
"""Characters of an answer."""

KEPT_BYTES: Final = 64 * 1024 * 1024
"""What work may leave behind; with more, the process ends and another takes its place."""


def main() -> None:
    """Serves until the input ends."""
    requests, answers = _own_pipes()
    preload()
    budget = Budget()
    confine()
    _answer(answers, ready=True)
    graphs = KnownGraphs()
    while line := requests.readline():
        request = json.loads(line)
        budget.grant(request["cpu_seconds"], request["memory_bytes"])
        try:
            parity = _read_parity(requests, request["tensors"], request["masks"])
            checked = graphs.check(requests.read(request["size_bytes"]), parity)
        except Rejection as rejection:
            _answer(answers, check=rejection.check, reason=rejection.reason)
        except MemoryError:
            allowed = request["memory_bytes"] // 2**20
            _answer(answers, check="limits", reason=f"it takes more than {allowed} MiB of memory")
            return
        else:
            _answer(answers, checked=checked)
        del parity
        if budget.left_behind() > KEPT_BYTES:
            return


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Requests and answers; what a library prints goes nowhere, and not among the answers."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)
    return sys.stdin.buffer, answers


def _read_parity(
    requests: BinaryIO, tensors: list[tuple[str, str, str, list[int]]], masks: dict[str, str]
) -> Parity:
    arrays: dict[str, dict[str, Any]] = {"given": {}, "expected": {}}
    for part, name, dtype, shape in tensors:
        size = np.dtype(dtype).itemsize * int(np.prod(shape))
        arrays[part][name] = np.frombuffer(requests.read(size), dtype).reshape(shape)
    return Parity(arrays["given"], arrays["expected"], masks)


def _answer(answers: BinaryIO, **content: str | bool) -> None:
    short = {
        name: value[:MAX_REASON] if isinstance(value, str) else value
        for name, value in content.items()
    }
    answers.write(json.dumps(short).encode() + b"\n")


if __name__ == "__main__":
    main()
