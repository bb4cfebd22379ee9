"""A process does not outlive its supervisor, even when that is killed; nor a mesh who began it."""

import ctypes
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

PARENT_VARIABLE: Final = "MAZEMESH_EXIT_WITH_PARENT"
"""Environment variable: `1`, or the supervisor's process id (covers its death during our start)."""

_PR_SET_PDEATHSIG: Final = 1
_LOOK_SECONDS: Final = 0.5


def stop_with_parent() -> None:
    """Drains when the parent process ends, if `MAZEMESH_EXIT_WITH_PARENT` says so.

    On Linux the kernel watches the thread that started us: a supervisor must spawn from a thread
    that stays, such as its main thread. Elsewhere a thread of ours watches the process: by a kqueue
    where there are any (macOS, BSD), else by looking every half a second.
    """
    wanted = os.environ.get(PARENT_VARIABLE, "")
    if wanted in ("", "0"):
        return
    parent = os.getppid()
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    else:
        watch_parent(parent, drain)
    if wanted not in ("1", str(parent)):
        drain()


def drain() -> None:
    """Asks this process to drain, as a supervisor does."""
    os.kill(os.getpid(), signal.SIGTERM)


def watch_parent(parent: int, gone: Callable[[], None]) -> threading.Thread:
    """Calls `gone` once, in a thread, when the process `parent` is our parent no more."""

    def watch() -> None:
        await_exit(parent)
        gone()

    thread = threading.Thread(target=watch, name="parent", daemon=True)
    thread.start()
    return thread


def await_exit(parent: int) -> None:
    """Returns when the process `parent` has ended, or is not our parent any more."""
    # Of systems that the one under the type checker is not.
    system: Any = select
    if hasattr(system, "kqueue"):
        queue = system.kqueue()
        try:
            event = system.kevent(
                parent, system.KQ_FILTER_PROC, system.KQ_EV_ADD, system.KQ_NOTE_EXIT
            )
            # It may have ended before: then the event cannot be had (ESRCH), or never comes.
            while os.getppid() == parent and not queue.control([event], 1, None):
                pass
        except ProcessLookupError:
            pass
        finally:
            queue.close()
        return
    # An adopted process has another parent; nothing else tells.
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(_LOOK_SECONDS)
