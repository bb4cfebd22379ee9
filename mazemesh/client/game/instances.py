"""Several instances of one service, asked in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from mazemesh.errors import Unavailable

Client = TypeVar("Client")
T = TypeVar("T")

_REST = 5.0
"""Seconds for which an instance that was away is asked after the others."""


class Instances(Generic[Client]):
    """Clients of the instances of a service, at least one. Thread-safe."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = tuple(clients)
        self._lock = threading.Lock()
        self._turn = 0
        self._away: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._clients)

    def __iter__(self) -> Iterator[Client]:
        return iter(self._clients)

    def anyone(self, ask: Callable[[Client], T]) -> T:
        """What one of the instances answers: each in turn, and the next one where it is away.

        `ask` must be such that it may be done twice, since an instance may go away in the middle.

        Raises:
            Unavailable: all are away.
        """
        order = self._order()
        for index in order:
            try:
                return ask(self._clients[index])
            except Unavailable:
                with self._lock:
                    self._away[index] = time.monotonic()
                if index == order[-1]:
                    raise
        raise AssertionError("the last instance answers or raises")

    def _order(self) -> list[int]:
        count = len(self._clients)
        with self._lock:
            first, self._turn = self._turn, (self._turn + 1) % count
            latest = time.monotonic() - _REST
            resting = {index for index, since in self._away.items() if since > latest}
        order = [(first + offset) % count for offset in range(count)]
        return sorted(order, key=lambda index: index in resting)
