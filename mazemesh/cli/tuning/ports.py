"""Ports for meshes that run side by side."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mazemesh.cli.supervisor.layout import SERVICES, free_ports
from mazemesh.errors import ResourceExhausted

_HIGHEST = 65535
_ATTEMPTS = 200


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
            for _ in range(_ATTEMPTS):
                (base,) = free_ports(1)
                wanted = range(base, base + len(SERVICES))
                if wanted[-1] <= _HIGHEST and not self._taken & set(wanted) and _free(wanted):
                    self._taken |= set(wanted)
                    return base
        raise ResourceExhausted(f"no {len(SERVICES)} consecutive ports of 127.0.0.1 are free")


def _free(ports: range) -> bool:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
