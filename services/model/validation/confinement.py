"""What a process gives up before it runs somebody else's file.

| given up | by | where |
|---|---|---|
| opening files, sockets, pipes | RLIMIT_NOFILE 0: what is open stays open | POSIX |
| writing to files | RLIMIT_FSIZE 0 | POSIX |
| new processes | RLIMIT_NPROC 0 | POSIX, but for root |
| paths: execute, rename, delete, make | Landlock, no_new_privs | Linux 5.13 on, if enabled |
| processor time | RLIMIT_CPU: the kernel ends the process | POSIX |
| memory | RLIMIT_AS: allocations fail | Linux; macOS does not keep it |
| core files with what it read | RLIMIT_CORE 0 | POSIX |

Time that passes is not a process's own to limit: who started it kills it.
"""

from __future__ import annotations

import ctypes
import math
import os
import platform
import resource
import sys
import time
from typing import Final

_PR_SET_NO_NEW_PRIVS: Final = 38
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_VERSION: Final = 1
# From linux/landlock.h: which rights each version of the interface knows.
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK_RIGHTS: Final = {4: 2, 5: 2}
_PAGE: Final = resource.getpagesize()


class Budget:
    """Time and memory of one piece of work after the other, of this process.

    It remembers how much memory the process had when it was made: what work leaves behind counts
    for the next.
    """

    def __init__(self) -> None:
        # Kept open, since nothing can be opened later.
        self._statm = os.open("/proc/self/statm", os.O_RDONLY) if _linux() else -1
        self._before = self._size()

    def grant(self, cpu_seconds: float, memory_bytes: int) -> None:
        """Sets the limits of the next piece of work."""
        until = math.ceil(time.process_time() + cpu_seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
        if self._before:
            limit = self._before + memory_bytes
            resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))

    def left_behind(self) -> int:
        """Bytes of address space more than at the beginning; 0 where nothing tells it."""
        return max(0, self._size() - self._before)

    def _size(self) -> int:
        return int(os.pread(self._statm, 64, 0).split()[0]) * _PAGE if self._statm >= 0 else 0


def confine() -> None:
    """Gives up for ever what the table above says, but for the limits of a `Budget`."""
    _deny_paths()
    for what in ("CORE", "FSIZE", "NPROC", "NOFILE"):
        resource.setrlimit(getattr(resource, f"RLIMIT_{what}"), (0, 0))


def _deny_paths() -> bool:
    """Whether Landlock now denies every path, and TCP where the kernel can."""
    if not _linux() or platform.machine() not in ("x86_64", "aarch64"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_VERSION)
    if version < 1:  # not in this kernel, or not enabled
        return False
    known = min(version, max(_FILE_RIGHTS))
    rights = [(1 << _FILE_RIGHTS[known]) - 1]
    if known in _NETWORK_RIGHTS:
        rights.append((1 << _NETWORK_RIGHTS[known]) - 1)
    handled = (ctypes.c_uint64 * len(rights))(*rights)
    rules = libc.syscall(_LANDLOCK_CREATE_RULESET, handled, ctypes.sizeof(handled), 0)
    if rules < 0:
        return False
    try:
        # No rule is added: all that is handled is denied.
        return bool(
            libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            and libc.syscall(_LANDLOCK_RESTRICT_SELF, rules, 0) == 0
        )
    finally:
        os.close(rules)


def _linux() -> bool:
    return sys.platform.startswith("linux")
