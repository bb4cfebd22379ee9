"""Ends processes that were started with pipes."""

from __future__ import annotations

import contextlib
from asyncio.subprocess import Process
from typing import Final

_PIECE_BYTES: Final = 64 * 1024


async def killed(process: Process) -> None:
    """Kills a process, if it still runs, and returns when it has ended.

    `wait()` alone may never return: asyncio tells of an end when all pipes are closed, and does not
    see that of a pipe which it has stopped reading, as nobody takes what has come already.
    """
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            # Where somebody else waits for what comes, it is being read.
            with contextlib.suppress(RuntimeError):
                while await pipe.read(_PIECE_BYTES):
                    pass
    await process.wait()
