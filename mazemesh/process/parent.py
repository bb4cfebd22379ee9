"""A process does not outlive its supervisor, even when that is killed; nor a mesh who began it."""

import ctypes
import os
import signal
import sys
from typing import Final

PARENT_VARIABLE: Final = "MAZEMESH_EXIT_WITH_PARENT"
"""Environment variable: `1`, or the supervisor's process id (covers its death during our start)."""

_PR_SET_PDEATHSIG: Final = 1


def stop_with_parent() -> None:
    """Drains when the parent process ends, if `MAZEMESH_EXIT_WITH_PARENT` says so; Linux only.

    The kernel watches the thread that started us: a supervisor must spawn from a thread that stays,
    such as its main thread.
    """
    wanted = os.environ.get(PARENT_VARIABLE, "")
    if wanted in ("", "0") or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if wanted not in ("1", str(os.getppid())):
        os.kill(os.getpid(), signal.SIGTERM)
