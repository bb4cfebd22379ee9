"""Several Replay services, used as one by whoever uses one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from mazemesh.client.experience import ExperienceBatch
from mazemesh.client.replay import ReplayClient
from mazemesh.client.sharded_replay import ShardedBatch, ShardedReplay, Updates
from mazemesh.tensors import Signature
from mazemesh.v1 import replay_pb2 as pb

_KEY = np.dtype([("shard", np.int64), ("key", np.uint64)])


def connect_replay(addresses: str) -> ReplayClient | ReplayShards:
    """The service at an address, or several at addresses that are separated by commas."""
    several = [address.strip() for address in addresses.split(",") if address.strip()]
    return ReplayShards(several) if len(several) > 1 else ReplayClient(addresses.strip())


class ReplayShards:
    """Tables of which each of `addresses` has a part; see `ShardedReplay` for how rows are spread.

    What `ReplayClient` does for actors and learners, except that keys are pairs of shard and key,
    to be given back as they came. One thread may sample a table, others may write.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = tuple(addresses)
        self._clients = [ReplayClient(address) for address in addresses]
        self._tables: dict[str, ShardedReplay] = {}
        self._written: list[ShardedReplay] = []

    def create_table(self, table: pb.Table) -> bool:
        """Makes the table on every shard; False when all have it already."""
        created = [client.create_table(table) for client in self._clients]
        return any(created)

    def list_tables(self) -> list[pb.TableInfo]:
        """The tables of all shards: one entry for each part of a table."""
        return [info for client in self._clients for info in client.list_tables()]

    def delete_table(self, table: str) -> None:
        """Deletes a table on every shard.

        Raises:
            NotFound: a shard has none.
        """
        for client in self._clients:
            client.delete_table(table)

    def update_rate_limiter(self, table: str, limiter: pb.RateLimiter) -> pb.RateLimiter:
        """Changes the limiter of every shard; returns the one that the first had before."""
        before = [client.update_rate_limiter(table, limiter) for client in self._clients]
        return before[0]

    def checkpoint(self, table: str = "") -> list[pb.TableCheckpoint]:
        """Stores a table, or all, on every shard."""
        return [made for client in self._clients for made in client.checkpoint(table)]

    def sample(
        self,
        table: str,
        batch_size: int,
        *,
        signature: Signature,
        timeout: float | None = None,
        priority_updates: tuple[npt.NDArray[Any], npt.ArrayLike] | None = None,
        min_policy_version: int = 0,
    ) -> ExperienceBatch:
        """Draws a batch over all shards; see `ReplayClient.sample`, and the class for keys.

        Raises:
            DeadlineExceeded: a shard's limiter did not allow its part in time; what others gave
                already is part of the next batch.
        """
        if table not in self._tables:
            self._tables[table] = ShardedReplay(self.addresses, table, signature)
        drawn = self._tables[table].sample(
            batch_size,
            timeout=timeout,
            updates=None if priority_updates is None else _by_shard(*priority_updates),
            min_policy_version=min_policy_version,
        )
        keys: npt.NDArray[Any] = _pairs(drawn)
        return replace(drawn.batch, keys=keys)

    def writer(self, table: str, signature: Signature) -> ShardedWriter:
        """A writer that gives its batches to the shards in turn; a context manager."""
        written = ShardedReplay(self.addresses, table, signature)
        self._written.append(written)
        return ShardedWriter(written)

    def close(self) -> None:
        """Closes all channels; calls in flight end with `Unavailable`."""
        for table in (*self._tables.values(), *self._written):
            table.close()
        for client in self._clients:
            client.close()


class ShardedWriter:
    """See `ExperienceWriter`: `append` is for one thread; `close` ends an append that waits."""

    def __init__(self, table: ShardedReplay) -> None:
        self._table = table

    def append(
        self,
        columns: Mapping[str, npt.ArrayLike],
        priorities: npt.ArrayLike | None = None,
        policy_versions: npt.ArrayLike | None = None,
    ) -> None:
        """Sends rows to the next shard; returns when that has them."""
        self._table.append(columns, priorities, policy_versions)

    def close(self) -> None:
        """Ends an append that waits; later ones are refused."""
        self._table.end_appends()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _pairs(drawn: ShardedBatch) -> npt.NDArray[np.void]:
    pairs = np.empty(len(drawn.shards), _KEY)
    pairs["shard"], pairs["key"] = drawn.shards, drawn.batch.keys
    return pairs


def _by_shard(pairs: npt.NDArray[np.void], priorities: npt.ArrayLike) -> Updates:
    shards, values = pairs["shard"], np.asarray(priorities, np.float64)
    return {
        shard: (pairs["key"][shards == shard], values[shards == shard])
        for shard in np.unique(shards).tolist()
    }
