"""Free ports for servers that are about to be started."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection

from mazemesh.errors import ResourceExhausted

# Below what kernels give to outgoing connections (Linux 32768-60999, macOS and Windows from
# 49152): a client that dials a port of that range while nobody listens there may be given that
# very port for its own end, and then holds it.
_RANGE = range(10_000, 32_000)
_ATTEMPTS = 200


def ports_in_use(ports: Collection[int], host: str = "127.0.0.1") -> list[int]:
    """Those ports that somebody holds at this moment."""
    return [port for port in ports if not _free(port, host)]


def free_block(count: int, taken: Collection[int] = (), host: str = "127.0.0.1") -> range:
    """Consecutive ports that nobody holds at this moment, at a random place, none of `taken`.

    Raises:
        ResourceExhausted: no block was found.
    """
    for _ in range(_ATTEMPTS):
        first = random.randrange(_RANGE.start, _RANGE.stop - count)  # noqa: S311
        block = range(first, first + count)
        if set(block).isdisjoint(taken) and not ports_in_use(block, host):
            return block
    raise ResourceExhausted(f"no {count} consecutive ports of {host} are free")


def _free(port: int, host: str) -> bool:
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
