"""The thread that draws mazes ahead; see `mazemesh.games.kernels.drawing`."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

from mazemesh.games.kernels.by_reference import ByReference
from mazemesh.games.kernels.compiling import ready
from mazemesh.games.kernels.drawing import STOPS, Ahead, draw_ahead
from mazemesh.games.kernels.state import Parameters


def start_drawing(owner: object, p: Parameters, slots: Ahead) -> Callable[[], Any]:
    """Start a thread that fills the slots while `owner` lives; return what ends it before that.

    The thread never holds the GIL, and sleeps when all slots are filled.
    """
    slots.pipe[:] = os.pipe()
    os.set_blocking(slots.pipe[1], False)
    arguments = p, ByReference(slots)
    draw = ready(draw_ahead, *arguments)
    thread = threading.Thread(target=draw, args=arguments, name="mazes", daemon=True)
    thread.start()
    return weakref.finalize(owner, partial(_stop, slots, thread))


def _stop(slots: Ahead, thread: threading.Thread) -> None:
    slots.flags[STOPS] = 1
    # A full pipe wakes the thread as well.
    with contextlib.suppress(BlockingIOError):
        os.write(slots.pipe[1], b"\0")
    thread.join()
    for end in slots.pipe.tolist():
        os.close(end)
