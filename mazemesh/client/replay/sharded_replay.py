"""One table over several Replay services: rows are spread, draws are as from a single table."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.client.replay.compression import Compression
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import InvalidArgument, NotFound
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.experience_batch import ExperienceBatch, Keys, Reals
from mazemesh.wire.tensors import Signature, concatenate

_PAIR = np.dtype([("shard", np.int64), ("key", np.uint64)])
_ORDERED = (pb.SELECTOR_KIND_FIFO, pb.SELECTOR_KIND_LIFO)

Updates = Mapping[int, tuple[Keys, Reals]]
"""By shard: keys and new priorities."""


@dataclass(frozen=True)
class ShardedBatch:
    """Rows drawn from all shards, in random order; in a queue's own order shard by shard."""

    batch: ExperienceBatch
    """Its keys hold within the row's shard; its probabilities are over all shards."""
    shards: npt.NDArray[np.int64]
    """int64 [rows]: index of the shard of each row."""

    def with_pairs(self) -> ExperienceBatch:
        """The batch with pairs of shard and key for keys, as `by_shard` takes them."""
        pairs: npt.NDArray[Any] = np.empty(len(self.shards), _PAIR)
        pairs["shard"], pairs["key"] = self.shards, self.batch.keys
        return replace(self.batch, keys=pairs)


def by_shard(pairs: npt.NDArray[Any], priorities: npt.ArrayLike) -> dict[int, tuple[Keys, Reals]]:
    """New priorities [n] of the rows that pairs of shard and key name [n], by shard."""
    shards, values = pairs["shard"], np.asarray(priorities, np.float64)
    return {
        shard: (pairs["key"][shards == shard], values[shards == shard])
        for shard in np.unique(shards).tolist()
    }


@dataclass
class _Plan:
    """A batch that is being fetched. What came stays here when a later shard has to wait."""

    batch_size: int
    counts: npt.NDArray[np.int64]
    shares: Reals
    parts: dict[int, ExperienceBatch] = field(default_factory=dict)


class ShardedReplay:
    """A table of one definition on each of `addresses`; for one thread.

    A batch of n rows takes a number of rows from each shard that is drawn from the multinomial
    distribution of the shards' priority masses, as n draws from a single table would. The masses
    come with every answer, so they are as old as the last call to that shard; probabilities are
    exact for the masses that the draw was made by. From queues and stacks each shard gives an equal
    part. The capacity of the definition is that of each shard, and so is its limiter, which asks
    the rows of a shard to be `min_size` at least.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        table: str,
        signature: Signature,
        rng: np.random.Generator | None = None,
        compression: Compression = Compression.AUTO,
    ) -> None:
        if not addresses:
            raise InvalidArgument("addresses is empty; expected at least one")
        self.table = table
        self.signature = signature
        self._clients = [ReplayClient(address, compression) for address in addresses]
        self._rng = np.random.default_rng() if rng is None else rng
        self._lock = threading.Lock()
        self._masses = np.zeros(len(addresses))
        self._sizes = np.zeros(len(addresses))
        self._is_ordered: bool | None = None
        self._plan: _Plan | None = None
        self._writers = [client.writer(table, signature) for client in self._clients]
        self._next = int(self._rng.integers(len(addresses)))

    def create_table(self, definition: pb.Table) -> bool:
        """Makes the table on every shard; False when all have it already."""
        created = [client.create_table(definition) for client in self._clients]
        return any(created)

    def append(
        self,
        columns: Mapping[str, npt.ArrayLike],
        priorities: npt.ArrayLike | None = None,
        policy_versions: npt.ArrayLike | None = None,
    ) -> tuple[int, Keys]:
        """Inserts a batch into the next shard, in turn; returns that shard and the rows' keys.

        After an exception the same rows may be appended again: they go to the same shard, once.
        """
        shard = self._next
        answer = self._writers[shard].append(columns, priorities, policy_versions)
        self._next = (shard + 1) % len(self._clients)
        self._note(shard, answer.priority_mass, answer.table_size)
        return shard, np.frombuffer(answer.keys, "<u8")

    def sample(
        self,
        batch_size: int,
        *,
        timeout: float | None = None,
        updates: Updates | None = None,
        min_policy_version: int = 0,
    ) -> ShardedBatch:
        """Draws rows over all shards, after the priority updates, which hold even if that fails.

        Raises:
            DeadlineExceeded: a shard's limiter did not allow its part in time. What other shards
                gave already is part of the next batch of this size.
            NotFound: a shard has no such table (any more). What others gave is dropped.
        """
        left = dict(updates or {})
        if self._plan is None or self._plan.batch_size != batch_size:
            self._plan = self._make_plan(batch_size)
        plan = self._plan
        try:
            for shard in np.flatnonzero(plan.counts).tolist():
                if shard not in plan.parts:
                    part = self._clients[shard].sample(
                        self.table,
                        int(plan.counts[shard]),
                        signature=self.signature,
                        timeout=timeout,
                        priority_updates=left.pop(shard, None),
                        min_policy_version=min_policy_version,
                    )
                    self._note(shard, part.priority_mass, part.table_size)
                    plan.parts[shard] = part
        except NotFound:
            # It was deleted: the table that is made next holds none of what is remembered.
            self._forget()
            raise
        finally:
            for shard, (keys, priorities) in left.items():
                self._clients[shard].update_priorities(self.table, keys, priorities)
        self._plan = None
        order = np.arange(batch_size) if self._is_ordered else self._rng.permutation(batch_size)
        return _join(list(plan.parts.items()), plan.shares, order)

    def update_priorities(self, batch: ShardedBatch, priorities: Reals) -> tuple[int, int]:
        """Sets the priorities of a batch's rows; returns how many were set, and were gone."""
        updated = stale = 0
        for shard, client in enumerate(self._clients):
            here = batch.shards == shard
            if here.any():
                done = client.update_priorities(
                    self.table, batch.batch.keys[here], priorities[here]
                )
                updated, stale = updated + done[0], stale + done[1]
        return updated, stale

    def refresh(self) -> None:
        """Asks every shard for its size and mass, as somebody does who has not called yet."""
        for shard, client in enumerate(self._clients):
            for info in client.list_tables():
                if info.table.name == self.table:
                    self._note(shard, info.priority_mass, info.size)
                    self._is_ordered = info.table.sampler.kind in _ORDERED

    def end_appends(self) -> None:
        """Ends an append that waits in another thread; later ones are refused."""
        for writer in self._writers:
            writer.close()

    def close(self) -> None:
        """Closes all channels."""
        self.end_appends()
        for client in self._clients:
            client.close()

    def _make_plan(self, batch_size: int) -> _Plan:
        if self._is_ordered is None or not self._sizes.any():
            self.refresh()
        shards = len(self._clients)
        with self._lock:
            weights = self._masses if self._masses.any() else self._sizes
            if self._is_ordered or not weights.any():
                # Empty shards are waited at, all of them.
                turn = (np.arange(shards) + int(self._rng.integers(shards))) % shards
                counts = batch_size // shards + (turn < batch_size % shards)
                shares = np.ones(shards) if self._is_ordered else counts / batch_size
                return _Plan(batch_size, counts, shares)
            shares = weights / weights.sum()
        return _Plan(batch_size, self._rng.multinomial(batch_size, shares), shares)

    def _forget(self) -> None:
        self._plan, self._is_ordered = None, None
        with self._lock:
            self._masses[:] = self._sizes[:] = 0.0

    def _note(self, shard: int, mass: float, size: int) -> None:
        with self._lock:
            self._masses[shard], self._sizes[shard] = mass, size


def _join(
    parts: Sequence[tuple[int, ExperienceBatch]], shares: Reals, order: npt.NDArray[np.int64]
) -> ShardedBatch:
    batches = [part for _, part in parts]

    def joined(name: str) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = np.concatenate([getattr(part, name) for part in batches])
        return values[order]

    columns = concatenate([part.columns for part in batches])
    scaled = np.concatenate([part.probabilities * shares[shard] for shard, part in parts])
    batch = replace(
        batches[0],
        columns={name: column[order] for name, column in columns.items()},
        keys=joined("keys"),
        probabilities=scaled[order],
        priorities=joined("priorities"),
        policy_versions=joined("policy_versions"),
        times_sampled=joined("times_sampled"),
        table_size=sum(part.table_size for part in batches),
        updated=sum(part.updated for part in batches),
        stale=sum(part.stale for part in batches),
        priority_mass=sum(part.priority_mass for part in batches),
    )
    shards = np.concatenate([np.full(len(part), shard) for shard, part in parts])
    return ShardedBatch(batch, shards[order])
