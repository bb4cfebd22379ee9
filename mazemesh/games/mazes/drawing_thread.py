"""The thread that draws mazes ahead; see `mazemesh.games.mazes.kernels.making.drawing`."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Callable
from functools import partial

from mazemesh.games.mazes.kernels.compiling import ready
from mazemesh.games.mazes.kernels.making.drawing import STOPS, Ahead, draw_ahead
from mazemesh.games.mazes.kernels.state import Parameters


def start_drawing(owner: object, p: Parameters, slots: Ahead) -> Callable[[], None]:
    """Start a thread that fills the slots while `owner` lives; return what tells it to end before.

    The thread never holds the GIL, and sleeps when all slots are filled.
    """
    slots.pipe[:] = os.pipe()
    os.set_blocking(slots.pipe[1], False)
    arguments = p, slots
    draw = ready(draw_ahead, *arguments)
    thread = threading.Thread(target=draw, args=arguments, name="mazes", daemon=True)
    thread.start()
    weakref.finalize(owner, _clear_up, slots, thread)
    return partial(_tell_to_end, slots)


def _tell_to_end(slots: Ahead) -> None:
    slots.flags[STOPS] = 1
    # A full pipe wakes the thread as well.
    with contextlib.suppress(BlockingIOError):
        os.write(slots.pipe[1], b"\0")


def _clear_up(slots: Ahead, thread: threading.Thread) -> None:
    """Once nobody can step the games any more, and so write to the pipe, it may be closed."""
    _tell_to_end(slots)
    thread.join()
    for end in slots.pipe.tolist():
        os.close(end)
