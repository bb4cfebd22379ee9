"""Tables for Replay services that were away when these were to be made."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from mazemesh.client.replay.replay import ReplayClient
from mazemesh.client.replay.shard_presence import ASK_SECONDS, ShardPresence
from mazemesh.errors import DeadlineExceeded, MazemeshError, Unavailable
from mazemesh.v1 import replay_pb2 as pb

_log = logging.getLogger("mazemesh.replay")


class Shards:
    """Services by index, asked one by one which of them are there; any thread may do so."""

    def __init__(self, clients: Sequence[ReplayClient]) -> None:
        self._clients = clients
        self._presence = ShardPresence(clients)
        self._lock = threading.Lock()
        self._away: frozenset[int] = frozenset()
        self._late: dict[tuple[int, str], pb.Table] = {}
        self._closed = threading.Event()
        self._making: threading.Thread | None = None

    def there(self, what: str) -> list[int]:
        """Those that answer within a second each; the log tells of others, and `what` is without.

        Raises:
            Unavailable: none does.
        """
        away = frozenset(
            shard for shard in range(len(self._clients)) if not self._presence.answers(shard)
        )
        with self._lock:
            new, self._away = away - self._away, away
        if len(away) == len(self._clients):
            raise Unavailable(f"none of Replay at {self._names(away)} answers")
        if new:
            _log.warning("Replay at %s is away: %s", self._names(new), what)
        return [shard for shard in range(len(self._clients)) if shard not in away]

    def make(self, table: pb.Table) -> bool:
        """Makes a table on all that are there now, and on the others once they are.

        Returns:
            Whether one of those that are there did not have it.
        """
        there = self.there(f"table {table.name} is made there when it is back")
        created = [self._clients[shard].create_table(table) for shard in there]
        with self._lock:
            for shard in set(range(len(self._clients))).difference(there):
                self._late[shard, table.name] = table
            if self._late and self._making is None:
                self._making = threading.Thread(target=self._make_late, daemon=True)
                self._making.start()
        return any(created)

    def forget(self, table: str) -> None:
        """A table is not to be made any more."""
        with self._lock:
            for key in [key for key in self._late if key[1] == table]:
                del self._late[key]

    def close(self) -> None:
        """Makes nothing any more; before the clients are closed."""
        self._closed.set()
        self._presence.close()
        if self._making is not None:
            self._making.join(ASK_SECONDS)

    def _make_late(self) -> None:
        while not self._closed.wait(ASK_SECONDS):
            with self._lock:
                late = dict(self._late)
                if not late:
                    self._making = None
                    return
            for (shard, name), table in late.items():
                if self._closed.is_set() or not self._presence.answers(shard):
                    continue
                if self._made(shard, table):
                    with self._lock:
                        self._late.pop((shard, name), None)

    def _made(self, shard: int, table: pb.Table) -> bool:
        """Whether nothing is left to do; what can never be done is told and given up."""
        client = self._clients[shard]
        try:
            client.create_table(table)
        except (DeadlineExceeded, Unavailable):
            return False
        except MazemeshError as error:
            _log.warning("Replay at %s refuses table %s: %s", client.address, table.name, error)
        return True

    def _names(self, shards: frozenset[int]) -> str:
        return ", ".join(self._clients[shard].address for shard in sorted(shards))
