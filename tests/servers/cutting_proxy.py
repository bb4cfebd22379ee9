"""A TCP proxy that cuts connections, after a number of bytes from the server or when told."""

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType


class CuttingProxy:
    """Forwards to `target`; the i-th cut comes when a connection has brought `budgets[i]` bytes.

    A connection that ends earlier uses no budget. `before_cut` is called first. Between `cut` and
    `mend` nothing passes.
    """

    def __init__(
        self, target: str, budgets: Iterable[int] = (), before_cut: Callable[[], object] = int
    ) -> None:
        self._before_cut = before_cut
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._budgets = list(budgets)
        self.cuts = 0
        self.refused = 0
        """Connections that came while all was cut."""
        self._is_cut = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> "CuttingProxy":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def cut(self) -> None:
        """Ends all connections and refuses further ones."""
        with self._lock:
            self._is_cut = True
            self.refused = 0
            ends = list(self._open)
        for end in ends:
            _shut(end)

    def mend(self) -> None:
        """Lets connections through again."""
        self._is_cut = False

    def _accept(self) -> None:
        pumps: list[threading.Thread] = []
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                break
            if self._is_cut:
                self.refused += 1
                near.close()
                continue
            far = socket.create_connection(self._target)
            with self._lock:
                self._open |= {near, far}
            budget = self._budgets[0] if self._budgets else None
            for arguments in ((near, far, None), (far, near, budget)):
                pump = threading.Thread(target=self._pump, args=arguments)
                pump.start()
                pumps.append(pump)
        for pump in pumps:
            pump.join()

    def _pump(self, source: socket.socket, sink: socket.socket, budget: int | None) -> None:
        left = budget
        while left is None or left > 0:
            try:
                data = source.recv(65536 if left is None else min(left, 65536))
                sink.sendall(data)
            except OSError:
                break
            if not data:
                break
            left = None if left is None else left - len(data)
        if left == 0:
            self.cuts += 1
            self._budgets.pop(0)
            self._before_cut()
        for end in (source, sink):
            _shut(end)
        with self._lock:
            self._open -= {source, sink}


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
