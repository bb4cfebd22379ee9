"""How busy the connections of a database are, in plain numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from time import perf_counter
from typing import Any, TypeVar

T = TypeVar("T")


class DatabaseUsage:
    """Counts of one pool. It is written by its threads and read at a scrape.

    Attributes:
        connections: Transactions that may run at once.
        waiting: Transactions that wait for a connection now.
        busy: Transactions that run now.
        transactions: How many have run, also those that failed.
        waited_seconds: How long all of them waited, in sum.
        busy_seconds: How long all of them ran, in sum.
    """

    def __init__(self, connections: int) -> None:
        self.connections = connections
        self.waiting = self.busy = self.transactions = 0
        self.waited_seconds = self.busy_seconds = 0.0
        self._lock = threading.Lock()

    def counted(self, call: Callable[[], T]) -> Callable[[], T]:
        """`call`, which begins to wait now, counted."""
        asked = perf_counter()
        with self._lock:
            self.waiting += 1

        def run() -> T:
            began = perf_counter()
            with self._lock:
                self.waiting -= 1
                self.busy += 1
                self.waited_seconds += began - asked
            try:
                return call()
            finally:
                ended = perf_counter()
                with self._lock:
                    self.busy -= 1
                    self.transactions += 1
                    self.busy_seconds += ended - began

        return run

    def ended(self, call: Future[Any]) -> None:
        """A call is over: one that was cancelled while it waited will never run."""
        if call.cancelled():
            with self._lock:
                self.waiting -= 1
