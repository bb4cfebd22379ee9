"""How long one callback holds up an event loop.

In processor time of its thread, so that it does not matter who else runs; and measured against a
copy of memory in the same minute, since processor time grows, too, where others use the caches.
Both are still times, and a test that failed by a tenth would fail for its neighbours: what fails
takes several times as long as services promise, as work does that grows with a hostile message.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

LONGEST_SECONDS = 0.1
"""What services promise."""

_TIMES = 5
"""By which a callback must miss the promise before a test fails."""

_SLICES, _SLICE_BYTES = 2048, 16384
_JOIN_SECONDS = 0.02
"""To join such slices, as gRPC does with a message, on a core that has nothing else to do."""


class EventLoopLag:
    """The longest callback so far, or step of a task between two awaits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.callback = ""
        self._slowness = _slowness()

    def take(self) -> float:
        """Seconds of the longest since the last call."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds

    def check(self) -> None:
        """Fails when a callback took several times as long as services promise."""
        allowed = _TIMES * LONGEST_SECONDS * max(1.0, self._slowness, _slowness())
        assert self.seconds <= allowed, f"{self.seconds:.3f} s > {allowed:.3f} s: {self.callback}"


@contextmanager
def event_loop_lag(thread: int | None = None) -> Iterator[EventLoopLag]:
    """Measures the callbacks that a thread's event loop runs inside the block.

    Args:
        thread: Its ident; the calling thread's by default.
    """
    lag, run = EventLoopLag(), asyncio.Handle._run
    thread = thread or threading.get_ident()

    def timed(handle: asyncio.Handle) -> None:
        if threading.get_ident() != thread:
            run(handle)
            return
        began = time.thread_time()
        run(handle)
        seconds = time.thread_time() - began
        if seconds > lag.seconds:
            lag.seconds, lag.callback = seconds, repr(handle)

    with patch.object(asyncio.Handle, "_run", timed):
        yield lag


def _slowness() -> float:
    """How much slower than a quiet machine this one is now."""
    part, joined = bytes(_SLICE_BYTES), bytearray()
    began = time.thread_time()
    for _ in range(_SLICES):
        joined += part
    bytes(joined)
    return (time.thread_time() - began) / _JOIN_SECONDS
