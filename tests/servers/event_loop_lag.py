"""How long one callback holds up an event loop, in its thread's processor time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

LONGEST_SECONDS = 0.1
"""What services promise."""


class EventLoopLag:
    """The longest callback so far, or step of a task between two awaits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.callback = ""

    def take(self) -> float:
        """Seconds of the longest since the last call."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds


@contextmanager
def event_loop_lag() -> Iterator[EventLoopLag]:
    """Measures the callbacks that the calling thread's event loop runs inside the block."""
    lag, thread, run = EventLoopLag(), threading.get_ident(), asyncio.Handle._run

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
