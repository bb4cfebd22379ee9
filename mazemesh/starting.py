"""How the modules of a process are loaded: cheaply. Eight processes start at once, on few cores."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_blocks = 0


@contextmanager
def loading() -> Iterator[None]:
    """A block in which the entry point of a service or worker loads its modules."""
    with collector_at_rest():
        _load_structlog()
        yield


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


def _load_structlog() -> None:
    """Loads structlog without Rich.

    structlog loads Rich where it is installed, which takes longer than all the rest of it, for
    tracebacks that we write plainly (`mazemesh.process.logging`).
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]  # cannot be imported
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]
