"""How the process holds memory: messages of megabytes come and go thousands of times a second."""

from __future__ import annotations

import ctypes
import gc

# From glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_TOP_PAD = -2
_M_MMAP_THRESHOLD = -3

_KEPT_BYTES = 256 * 2**20
_GROWTH_BYTES = 16 * 2**20
# Above the messages, which are best reused, and below the columns of a large table, which should
# come from the system so that they take no memory before they are written.
_LARGEST_REUSED_BYTES = 3 * 2**20
_OBJECTS_BETWEEN_COLLECTIONS = 20_000


def keep_freed_memory() -> bool:
    """Tells glibc to keep freed memory for the next message; False where there is no glibc.

    By default it gives memory of this size back at once and gets it anew for each message, page by
    page: that alone took three quarters of the time of a call that moves a megabyte.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_REUSED_BYTES)
        and mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        and mallopt(_M_TOP_PAD, _GROWTH_BYTES)
    )


def freeze_startup_objects() -> None:
    """Spares the collector the modules: they live as long as the process.

    What calls leave behind is collected as soon as nobody refers to it, save the rare cycle; so
    cycles are looked for less often than the default of every 700 objects.
    """
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
