"""How the modules of a process are loaded: cheaply. Eight processes start at once, on few cores."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Lock
from types import ModuleType

from mazemesh.process.interpreter import forget_current_folder

_SILENCE = {
    "ORT_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}

_lock = Lock()
_blocks = 0


@contextmanager
def loading() -> Iterator[None]:
    """A block in which the entry point of a service or worker loads its modules."""
    forget_current_folder()
    keep_to_ourselves()
    with collector_at_rest():
        load_structlog()
        yield


def keep_to_ourselves() -> None:
    """Turns off what libraries report to their makers (docs/adr/0104), unless it was asked for.

    To be called before they are loaded. onnxruntime since 1.29 sends names and hashes of models;
    MLflow and others heed DO_NOT_TRACK.
    """
    for name, value in _SILENCE.items():
        os.environ.setdefault(name, value)


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """A block that only loads modules or machine code, which live as long as the process.

    The cycle collector would look through all that is being loaded again and again and find next to
    nothing to free, for a fifth of the time of a start. What is there at the end, it never looks
    at. Blocks may be nested, and overlap in several threads.
    """
    global _blocks
    with _lock:
        _blocks += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _blocks -= 1
            if not _blocks:
                gc.freeze()
                gc.enable()


@contextmanager
def loading_kernels() -> Iterator[None]:
    """A block that loads compiled kernels, which multiply no matrices.

    Before its first one numba loads all of scipy.linalg where it is installed, for products of
    matrices alone; it takes as long as all the rest. Not for libraries: afterwards numba has no
    `np.dot` in this process.
    """
    with collector_at_rest(), _hidden("scipy"):
        yield


def load_structlog() -> ModuleType:
    """Loads structlog without Rich.

    structlog loads Rich where it is installed, which takes longer than all the rest of it, for
    tracebacks that we write plainly (`mazemesh.process.logging`).
    """
    if "structlog" in sys.modules:
        return sys.modules["structlog"]
    with _hidden("rich"):
        return import_module("structlog")


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    """A block in which a package that is not loaded yet looks as if it were not installed."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # how Python notes it
    try:
        yield
    finally:
        del sys.modules[package]
