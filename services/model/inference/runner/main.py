"""The process that runs files; `process` starts it.

It loads onnxruntime, makes its threads, gives up all else (`services.model.validation.confinement`)
and then runs batches until the other side is gone. It never opens a file: all it knows comes
through its socket. Files are loaded in a thread, so that batches go on meanwhile.

With a GPU its driver opens files at any time: then only core files are given up.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from typing import Any, Final, cast

import numpy as np

from mazemesh.errors import MazemeshError
from services.model.inference.calls import RunFailed
from services.model.inference.providers import Processor, on_gpu, providers, reason
from services.model.inference.runner import frames
from services.model.inference.runner.model import Model, preload
from services.model.validation.confinement import confine

_PAGE: Final = resource.getpagesize()
_LEAST_BYTES: Final = 256 * 1024
"""What a session takes, whatever is measured."""


def main(fd: str, threads: str, processor: str, memory_bytes: str) -> None:
    """Serves the socket until its other side closes it."""
    _say_nothing()
    # At the top of the file it would be loaded by whoever reads this module.
    import onnxruntime as ort

    ort.set_default_logger_severity(4)
    _quiet_threads(ort, int(threads))
    wanted, available = cast("Processor", processor), ort.get_available_providers()
    found = providers(wanted, available)
    preload(found)
    server = _Server(socket.socket(fileno=int(fd)), found, partial(reason, wanted, available))
    server.start()
    if on_gpu(found):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    else:
        _limit_memory(int(memory_bytes))
        confine()
    server.serve()


def _quiet_threads(ort: Any, threads: int) -> None:
    """Threads for all sessions, made once: later there may be none."""
    ort.set_global_thread_pool_sizes(threads, 1)


class _Server:
    """One socket; batches are run by the thread that serves it."""

    def __init__(
        self,
        link: socket.socket,
        found: Sequence[str],
        explain: Callable[[Sequence[str]], str],
    ) -> None:
        self._link, self._providers, self._explain = link, found, explain
        self._models: dict[int, Model] = {}
        self._loads: SimpleQueue[tuple[int, memoryview]] = SimpleQueue()
        self._sending = threading.Lock()
        self._resident = os.open("/proc/self/statm", os.O_RDONLY) if _linux() else -1
        self._libc = ctypes.CDLL(None) if _linux() else None

    def start(self) -> None:
        """Starts the thread that loads, and says that all is ready."""
        threading.Thread(target=self._load_all, daemon=True).start()
        self._send(0, frames.DONE, [])

    def serve(self) -> None:
        """Answers one frame after the other until there is none."""
        while (frame := self._receive()) is not None:
            number, kind, content = frame
            if kind == frames.LOAD:
                self._loads.put((number, content))
            elif kind == frames.UNLOAD:
                self._models.pop(number, None)
                self._give_back()
            else:
                self._run(number, content)

    def _run(self, number: int, content: memoryview) -> None:
        began = perf_counter()
        try:
            run = frames.read_run(content)
            outputs = self._models[run.model].run(run.segments, run.columns)
        except Exception as error:  # what onnxruntime raises has no kind of its own
            self._send(number, frames.FAILED, [frames.reason(error)])
            return
        seconds = perf_counter() - began
        parts = (memoryview(output.view(np.uint8).reshape(-1)) for output in map(_flat, outputs))
        self._send(number, frames.DONE, [frames.ran_head(seconds), *parts])

    def _load_all(self) -> None:
        while True:
            number, content = self._loads.get()
            before = self._size()
            try:
                load = frames.read_load(content)
                model = Model(load, self._providers, own_threads=False)
                model.warm()
            except MemoryError:
                self._send(number, frames.FAILED, [b"it takes more memory than there is"])
                continue
            except Exception as error:
                told = error if isinstance(error, MazemeshError) else RunFailed(str(error))
                self._send(number, frames.FAILED, [frames.reason(told)])
                continue
            size = max(self._size() - before, 2 * len(load.file), _LEAST_BYTES)
            self._models[load.model] = model
            found = model.providers
            loaded = frames.Loaded(model.layout.told(), size, found, self._explain(found))
            self._send(number, frames.DONE, [frames.loaded(loaded)])

    def _size(self) -> int:
        """Resident bytes; 0 where nothing tells them."""
        return int(os.pread(self._resident, 64, 0).split()[1]) * _PAGE if self._resident > 0 else 0

    def _give_back(self) -> None:
        """What was freed goes back to the system, which glibc leaves for later."""
        gc.collect(0)
        if self._libc is not None and hasattr(self._libc, "malloc_trim"):
            self._libc.malloc_trim(0)

    def _send(self, number: int, kind: int, parts: Sequence[bytes | memoryview]) -> None:
        size = sum(len(part) for part in parts)
        content = b"".join([frames.HEAD.pack(number, kind, size), *parts])
        with self._sending:
            self._link.sendall(content)

    def _receive(self) -> tuple[int, int, memoryview] | None:
        head = bytearray(frames.HEAD.size)
        if not self._fill(memoryview(head)):
            return None
        number, kind, size = frames.HEAD.unpack(head)
        content = memoryview(bytearray(size))
        return (number, kind, content) if self._fill(content) else None

    def _fill(self, room: memoryview) -> bool:
        while room:
            count = self._link.recv_into(room)
            if not count:
                return False
            room = room[count:]
        return True


def _flat(output: Any) -> Any:
    return output.reshape(-1)


def _limit_memory(memory_bytes: int) -> None:
    if _linux():
        present = int(Path("/proc/self/statm").read_bytes().split()[0]) * _PAGE
        limit = present + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _say_nothing() -> None:
    """What a library prints goes nowhere."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)


def _linux() -> bool:
    return sys.platform.startswith("linux")


if __name__ == "__main__":
    main(*sys.argv[1:])
