"""One table over several Replay services: rows are spread, draws are as from a single table."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.client.experience import ExperienceBatch, Keys, Reals
from mazemesh.client.experience_writer import ExperienceWriter
from mazemesh.client.replay import ReplayClient
from mazemesh.errors import InvalidArgument
from mazemesh.tensors import Signature, concatenate
from mazemesh.v1 import replay_pb2 as pb


@dataclass(frozen=True)
class ShardedBatch:
    """Rows drawn from all shards, in random order."""

    batch: ExperienceBatch
    """Its keys hold within the row's shard; its probabilities are over all shards."""
    shards: npt.NDArray[np.int64]
    """int64 [rows]: index of the shard of each row."""


class ShardedReplay:
    """A table of one definition on each of `addresses`; for one thread.

    A batch of n rows takes a number of rows from each shard that is drawn from the multinomial
    distribution of the shards' priority masses, as n draws from a single table would. The masses
    come with every answer, so they are as old as the last call to that shard; probabilities are
    exact for the masses that the draw was made by. The capacity of the definition is that of each
    shard, and so is its limiter, which asks the rows of a shard to be `min_size` at least.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        table: str,
        signature: Signature,
        rng: np.random.Generator | None = None,
    ) -> None:
        if not addresses:
            raise InvalidArgument("addresses is empty; expected at least one")
        self.table = table
        self.signature = signature
        self._clients = [ReplayClient(address) for address in addresses]
        self._rng = np.random.default_rng() if rng is None else rng
        self._lock = threading.Lock()
        self._masses = np.zeros(len(addresses))
        self._sizes = np.zeros(len(addresses))
        self._writers: list[ExperienceWriter] = []
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
        """Inserts a batch into the next shard, in turn; returns that shard and the rows' keys."""
        if not self._writers:
            self._writers = [client.writer(self.table, self.signature) for client in self._clients]
        shard = self._next
        self._next = (shard + 1) % len(self._clients)
        answer = self._writers[shard].append(columns, priorities, policy_versions)
        self._note(shard, answer.priority_mass, answer.table_size)
        return shard, np.frombuffer(answer.keys, "<u8")

    def sample(self, batch_size: int, *, timeout: float | None = None) -> ShardedBatch:
        """Draws rows over all shards.

        Raises:
            DeadlineExceeded: a shard's limiter did not allow its part in time.
        """
        if not self._sizes.any():
            self.refresh()
        with self._lock:
            weights = self._masses if self._masses.any() else self._sizes
            shares = weights / weights.sum()
        counts = self._rng.multinomial(batch_size, shares)
        parts = []
        for shard in np.flatnonzero(counts).tolist():
            part = self._clients[shard].sample(
                self.table, int(counts[shard]), signature=self.signature, timeout=timeout
            )
            self._note(shard, part.priority_mass, part.table_size)
            parts.append((shard, part))
        return _join(parts, shares, self._rng.permutation(batch_size))

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

    def close(self) -> None:
        """Closes all channels."""
        for writer in self._writers:
            writer.close()
        for client in self._clients:
            client.close()

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
        priority_mass=sum(part.priority_mass for part in batches),
    )
    shards = np.concatenate([np.full(len(part), shard) for shard, part in parts])
    return ShardedBatch(batch, shards[order])
