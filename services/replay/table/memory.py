"""Memory that is there before it is written to."""

from __future__ import annotations

import ctypes
import mmap

import numpy as np

_POPULATE_WRITE = 23
"""MADV_POPULATE_WRITE of Linux 5.14, which the mmap module does not name."""


def populate(memory: memoryview) -> None:
    """Has the system give the pages of `memory`, without a change to what is in them.

    Other threads run meanwhile, and may write there. Where the system knows no such call, nothing
    happens: the first to write waits for the pages.
    """
    if not memory.nbytes or _madvise is None:
        return
    address = np.frombuffer(memory, np.uint8).ctypes.data
    start = address - address % mmap.PAGESIZE
    _madvise(ctypes.c_void_p(start), ctypes.c_size_t(address + memory.nbytes - start), _ADVICE)


_ADVICE = ctypes.c_int(_POPULATE_WRITE)
_madvise = getattr(ctypes.CDLL(None), "madvise", None)
