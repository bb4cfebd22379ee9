"""What a confined process is started with, and parity rows on their way to it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from services.model.validation.parity import Parity

_PASSED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "HOME", "LANG")
_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def environment() -> dict[str, str]:
    """Of such a process: it finds its libraries, has no secrets, and computes on one thread."""
    found = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**found, **dict.fromkeys(_THREADS, "1")}


def described(parity: Parity) -> dict[str, Any]:
    """Names, types and shapes of parity rows, for a request whose `tensors` follow it."""
    tensors = [(part, name, one.dtype.str, one.shape) for part, name, one in _arrays(parity)]
    return {
        "tensors": tensors,
        "masks": dict(parity.masks),
        "choices": dict(parity.choices),
    }


def tensors(parity: Parity) -> Iterator[bytes]:
    """The rows themselves, in the order in which they are described."""
    return (array.tobytes() for _, _, array in _arrays(parity))


def read_parity(requests: BinaryIO, told: Mapping[str, Any]) -> Parity:
    """Parity rows that were `described`."""
    arrays: dict[str, dict[str, Any]] = {"given": {}, "expected": {}}
    for part, name, dtype, shape in told["tensors"]:
        size = np.dtype(dtype).itemsize * int(np.prod(shape))
        arrays[part][name] = np.frombuffer(requests.read(size), dtype).reshape(shape)
    choices = {name: tuple(counts) for name, counts in told["choices"].items()}
    return Parity(arrays["given"], arrays["expected"], told["masks"], choices)


def _arrays(parity: Parity) -> Iterator[tuple[str, str, npt.NDArray[Any]]]:
    for part, named in (("given", parity.given), ("expected", parity.expected)):
        for name, array in named.items():
            yield part, name, array
