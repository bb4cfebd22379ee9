"""Which of several Replay services answer; those that do not are asked now and then."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt

from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import MazemeshError
from mazemesh.v1 import replay_pb2 as pb

ASK_SECONDS = 1.0
"""How often a service that is away is asked, and how long it may take to answer."""

_log = logging.getLogger("mazemesh.replay")


class ShardPresence:
    """Shards by index, all there at first; may be used by several threads."""

    def __init__(self, clients: Sequence[ReplayClient]) -> None:
        self._clients = clients
        self._lock = threading.Lock()
        # By shard that is away: when it was asked last, and the answer to come.
        self._asked: dict[int, tuple[float, Any]] = {}

    def lost(self, shard: int, error: MazemeshError) -> None:
        """A shard did not answer."""
        with self._lock:
            if shard in self._asked:
                return
            self._asked[shard] = time.monotonic(), None
        _log.warning(
            "Replay at %s is away, going on with %d of %d: %s",
            self._clients[shard].address,
            len(self._clients) - len(self._asked),
            len(self._clients),
            error,
        )

    def there(self) -> npt.NDArray[np.bool_]:
        """Which shards answer: bool [shards]. Takes no time."""
        with self._lock:
            for shard in list(self._asked):
                self._look(shard)
            here = np.ones(len(self._clients), bool)
            here[list(self._asked)] = False
            return here

    def answers(self, shard: int) -> bool:
        """Whether a shard answers now, within `ASK_SECONDS`: a call may also wait for a limiter."""
        try:
            self._ask(shard).result()
        except (grpc.RpcError, grpc.FutureCancelledError):
            return False
        return True

    def close(self) -> None:
        """Ends questions that are under way."""
        with self._lock:
            for _, answer in self._asked.values():
                if answer is not None:
                    answer.cancel()

    def _look(self, shard: int) -> None:
        asked, answer = self._asked[shard]
        if answer is not None and answer.done():
            if not answer.cancelled() and answer.exception() is None:
                del self._asked[shard]
                _log.warning("Replay at %s is back", self._clients[shard].address)
                return
            self._asked[shard] = asked, None
        if self._asked[shard][1] is None and time.monotonic() - asked >= ASK_SECONDS:
            self._asked[shard] = time.monotonic(), self._ask(shard)

    def _ask(self, shard: int) -> Any:
        request = pb.ListTablesRequest(page_size=1)
        return self._clients[shard].list_tables_later(request, ASK_SECONDS)
