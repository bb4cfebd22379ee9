"""Ports for meshes that run side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mazemesh.process.ports import free_block
from supervisor.running.layout import SERVICES


class PortBlocks:
    """Gives out blocks of consecutive ports of 127.0.0.1, one for each mesh, free at that time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: set[int] = set()

    @contextmanager
    def block(self) -> Iterator[int]:
        """First port of a block that nobody else gets until the context ends.

        Raises:
            ResourceExhausted: no block was found.
        """
        base = self._take()
        try:
            yield base
        finally:
            with self._lock:
                self._taken -= set(range(base, base + len(SERVICES)))

    def _take(self) -> int:
        with self._lock:
            block = free_block(len(SERVICES), taken=self._taken)
            self._taken |= set(block)
            return block.start
