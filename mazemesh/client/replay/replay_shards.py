"""Several Replay services, used as one by whoever uses one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy.typing as npt

from mazemesh.client.channel import DEADLINE
from mazemesh.client.credentials import Credentials
from mazemesh.client.replay.compression import Compression
from mazemesh.client.replay.experience_tables import ExperienceTables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.client.replay.sharded_replay import ShardedReplay, by_shard
from mazemesh.client.replay.sharded_sampler import ShardedSampler
from mazemesh.client.replay.shards_there import Shards
from mazemesh.episode_totals import EpisodeTotals
from mazemesh.errors import DeadlineExceeded, Unavailable
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.experience_batch import ExperienceBatch
from mazemesh.wire.tensors import Signature


def connect_replay(
    addresses: str,
    credentials: Credentials | None = None,
    compression: Compression = Compression.AUTO,
) -> ExperienceTables:
    """The service at an address, or several at addresses that are separated by commas."""
    several = [address.strip() for address in addresses.split(",") if address.strip()]
    if len(several) > 1:
        return ReplayShards(several, credentials, compression)
    return ReplayClient(addresses.strip(), credentials, compression)


class ReplayShards:
    """Tables of which each of `addresses` has a part; see `ShardedReplay` for how rows are spread.

    `ExperienceTables`, whose keys are pairs of shard and key. One thread may sample a table, others
    may write.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        credentials: Credentials | None = None,
        compression: Compression = Compression.AUTO,
    ) -> None:
        self.addresses = tuple(addresses)
        self._credentials, self._compression = credentials, compression
        self._clients = [ReplayClient(address, credentials) for address in addresses]
        self._shards = Shards(self._clients)
        self._sampled: dict[tuple[str, Signature], ShardedReplay] = {}
        self._written: list[ShardedReplay] = []
        self._samplers: list[ShardedSampler] = []

    def create_table(self, table: pb.Table) -> bool:
        """Makes the table on every shard; False when all that are there have it already.

        A shard that is away gets it once it is back, as long as this object is open.

        Raises:
            Unavailable: no shard is there.
        """
        return self._shards.make(table)

    def list_tables(self, timeout: float = DEADLINE) -> list[pb.TableInfo]:
        """The tables of all shards that are there: one entry for each part of a table.

        The log tells which ones are away. `timeout` is in seconds, of each shard.

        Raises:
            Unavailable: no shard is there.
        """
        there = self._shards.there("its parts of tables are not listed")
        return [info for shard in there for info in self._clients[shard].list_tables(timeout)]

    def delete_table(self, table: str) -> None:
        """Deletes a table on every shard.

        Raises:
            NotFound: a shard has none.
        """
        # What was drawn ahead of it, and how much it held, is of no use for the next of that name.
        for name in [name for name in self._sampled if name[0] == table]:
            self._sampled.pop(name).close()
        self._shards.forget(table)
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
        name = table, signature
        if name not in self._sampled:
            self._sampled[name] = self._sharded(table, signature)
        drawn = self._sampled[name].sample(
            batch_size,
            timeout=timeout,
            updates=None if priority_updates is None else by_shard(*priority_updates),
            min_policy_version=min_policy_version,
        )
        return drawn.with_pairs()

    def update_priorities(
        self, table: str, keys: npt.NDArray[Any], priorities: npt.ArrayLike
    ) -> tuple[int, int]:
        """Sets priorities by key; returns how many were set, and how many rows were gone.

        Rows of a shard that is away are among these.
        """
        done, error = [], None
        for shard, (its_keys, its_priorities) in by_shard(keys, priorities).items():
            try:
                done.append(self._clients[shard].update_priorities(table, its_keys, its_priorities))
            except (DeadlineExceeded, Unavailable) as away:
                # Meanwhile its priorities stay as they were.
                done.append((0, len(its_keys)))
                error = away
        if error is not None and not any(updated for updated, _ in done):
            raise error
        return sum(updated for updated, _ in done), sum(stale for _, stale in done)

    def writer(self, table: str, signature: Signature) -> ShardedWriter:
        """A writer that gives its batches to the shards in turn; a context manager."""
        written = self._sharded(table, signature)
        self._written.append(written)
        return ShardedWriter(written)

    def sampler(
        self,
        table: str,
        signature: Signature,
        batch_size: int,
        in_flight: int = 2,
        *,
        min_policy_version: int = 0,
    ) -> ShardedSampler:
        """An endless iterator of batches over all shards that draws `in_flight` of them ahead."""
        drawn_from = self._sharded(table, signature)
        sampler = ShardedSampler(drawn_from, batch_size, in_flight, min_policy_version)
        self._samplers.append(sampler)
        return sampler

    def _sharded(self, table: str, signature: Signature) -> ShardedReplay:
        return ShardedReplay(
            self.addresses,
            table,
            signature,
            credentials=self._credentials,
            compression=self._compression,
        )

    def close(self) -> None:
        """Ends samplers and closes all channels; calls in flight end with `Unavailable`."""
        self._shards.close()
        for sampler in self._samplers:
            sampler.close()
        for table in (*self._sampled.values(), *self._written):
            table.close()
        for client in self._clients:
            client.close()


class ShardedWriter:
    """See `ExperienceWriter`: `append` is for one thread; `close` ends an append that waits."""

    def __init__(self, table: ShardedReplay) -> None:
        self._table = table

    @property
    def trouble(self) -> str:
        """Why an append that waits was not taken so far, of each shard that has not."""
        return self._table.trouble

    def append(
        self,
        columns: Mapping[str, npt.ArrayLike],
        priorities: npt.ArrayLike | None = None,
        policy_versions: npt.ArrayLike | None = None,
        *,
        episodes: EpisodeTotals | None = None,
    ) -> None:
        """Sends rows to the next shard; returns when that has them."""
        self._table.append(columns, priorities, policy_versions, episodes=episodes)

    def close(self) -> None:
        """Ends an append that waits; later ones are refused."""
        self._table.end_appends()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
