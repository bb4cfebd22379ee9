"""One table over several Replay services: rows are spread, draws are as from a single table."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.client.credentials import Credentials
from mazemesh.client.replay.compression import Compression
from mazemesh.client.replay.experience_writer import ExperienceWriter
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.client.replay.shard_presence import ShardPresence
from mazemesh.episode_totals import EpisodeTotals
from mazemesh.errors import (
    DeadlineExceeded,
    InvalidArgument,
    MazemeshError,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.experience_batch import ExperienceBatch, Keys, Reals
from mazemesh.wire.stored_columns import concatenate
from mazemesh.wire.tensors import Signature

_PAIR = np.dtype([("shard", np.int64), ("key", np.uint64)])
_GIVE_UP = 300.0
# For a shard, where there are others: one that answers calls by errors, and one that hangs.
_AWAY_SECONDS = 1.0
_PATIENCE = 5.0

_log = logging.getLogger("mazemesh.replay")

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


@dataclass(frozen=True)
class _Part:
    """Rows that a shard gave; its share of all draws scales their probabilities."""

    shard: int
    share: float
    batch: ExperienceBatch


@dataclass
class _Plan:
    """A batch that is being fetched. What came stays here when a later shard has to wait."""

    batch_size: int
    counts: npt.NDArray[np.int64]
    """int64 [shards]: rows that each has yet to give."""
    shares: Reals
    parts: list[_Part] = field(default_factory=list)


@dataclass(frozen=True)
class _Rows:
    """What `append` was given."""

    columns: Mapping[str, npt.ArrayLike]
    priorities: npt.ArrayLike | None
    policy_versions: npt.ArrayLike | None
    episodes: EpisodeTotals | None

    def append_by(self, writer: ExperienceWriter) -> pb.RecordExperienceResponse:
        """Sends them to the writer's shard."""
        return writer.append(
            self.columns, self.priorities, self.policy_versions, episodes=self.episodes
        )


class ShardedReplay:
    """A table of one definition on each of `addresses`; for one thread.

    A batch of n rows takes a number of rows from each shard that is drawn from the multinomial
    distribution of the shards' priority masses, as n draws from a single table would. The masses
    come with every answer, so they are as old as the last call to that shard; probabilities are
    exact for the masses that the draw was made by. From queues and stacks each shard gives an equal
    part. The capacity of the definition is that of each shard, and so is its limiter, which asks
    the rows of a shard to be `min_size` at least.

    While a shard is away the others go on without it, which the log tells; draws are then from
    their rows alone. The batch that it may have got just before is kept, and sent again when it is
    back: it is stored once. So is one batch for each shard at most.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        table: str,
        signature: Signature,
        rng: np.random.Generator | None = None,
        credentials: Credentials | None = None,
        compression: Compression = Compression.AUTO,
    ) -> None:
        if not addresses:
            raise InvalidArgument("addresses is empty; expected at least one")
        self.table = table
        self.signature = signature
        self._clients = [ReplayClient(one, credentials, compression) for one in addresses]
        self._rng = np.random.default_rng() if rng is None else rng
        self._lock = threading.Lock()
        self._masses = np.zeros(len(addresses))
        self._sizes = np.zeros(len(addresses))
        self._is_ordered: bool | None = None
        self._plan: _Plan | None = None
        away = _AWAY_SECONDS if len(addresses) > 1 else None
        self._writers = [
            client.writer(table, signature, away_seconds=away) for client in self._clients
        ]
        self._presence = ShardPresence(self._clients)
        self._parked: dict[int, _Rows] = {}
        self._ended = threading.Event()
        self._next = int(self._rng.integers(len(addresses)))

    @property
    def trouble(self) -> str:
        """Why an append that waits was not taken so far, of each shard that has not."""
        return "; ".join(filter(None, (writer.trouble for writer in self._writers)))

    def create_table(self, definition: pb.Table) -> bool:
        """Makes the table on every shard; False when all have it already."""
        created = [client.create_table(definition) for client in self._clients]
        return any(created)

    def append(
        self,
        columns: Mapping[str, npt.ArrayLike],
        priorities: npt.ArrayLike | None = None,
        policy_versions: npt.ArrayLike | None = None,
        *,
        episodes: EpisodeTotals | None = None,
    ) -> tuple[int, Keys]:
        """Inserts a batch into the next shard, in turn; returns that shard and the rows' keys.

        When the shard goes away meanwhile, the batch is kept for it, and there are no keys. After
        an exception the same rows may be appended again: they go to the same shard, once.
        """
        rows = _Rows(columns, priorities, policy_versions, episodes)
        give_up_at = time.monotonic() + _GIVE_UP
        while True:
            shard = self._in_turn()
            try:
                answer = self._send(shard, rows)
            except (DeadlineExceeded, NotFound, ResourceExhausted, Unavailable) as error:
                over = self._ended.is_set() or time.monotonic() >= give_up_at
                never = isinstance(error, NotFound) and not self._writers[shard].sequence
                if over or never or len(self._clients) == 1:
                    raise
                if self._is_away(shard, error) and self._others(shard):
                    self._presence.lost(shard, error)
                    if self._keep(shard, rows):
                        return shard, np.empty(0, np.uint64)
            else:
                self._next = (shard + 1) % len(self._clients)
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

        A queue's part that a shard does not have in time comes from another one that has enough.

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
            while plan.counts.any():
                shard = int(np.flatnonzero(plan.counts)[0])
                began = time.monotonic()
                try:
                    part = self._clients[shard].sample(
                        self.table,
                        int(plan.counts[shard]),
                        signature=self.signature,
                        timeout=timeout,
                        priority_updates=left.pop(shard, None),
                        min_policy_version=min_policy_version,
                    )
                except (DeadlineExceeded, Unavailable) as error:
                    # A limiter says so in time; who says nothing for longer is away.
                    waited = time.monotonic() - began - (timeout or 0.0)
                    hangs = timeout is not None and waited > _PATIENCE
                    if not (hangs or isinstance(error, Unavailable)) and self._take_over(
                        plan, shard
                    ):
                        continue
                    if not (hangs or isinstance(error, Unavailable)) or not self._others(shard):
                        raise
                    self._presence.lost(shard, error)
                    self._deal(plan, shard)
                else:
                    self._note(shard, part.priority_mass, part.table_size)
                    plan.counts[shard] = 0
                    plan.parts.append(_Part(shard, float(plan.shares[shard]), part))
        except NotFound:
            # It was deleted: the table that is made next holds none of what is remembered.
            self._forget()
            raise
        finally:
            self._update(left)
        self._plan = None
        order = np.arange(batch_size) if self._is_ordered else self._rng.permutation(batch_size)
        return _join(plan.parts, order)

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
        """Asks every shard that is there for its size and mass.

        So does somebody who has not called yet.

        Raises:
            Unavailable: no shard answers.
        """
        there = self._presence.there()
        for shard, client in enumerate(self._clients):
            if not there[shard]:
                continue
            try:
                tables = client.list_tables()
            except (DeadlineExceeded, Unavailable) as error:
                if not self._others(shard):
                    raise
                self._presence.lost(shard, error)
                continue
            for info in tables:
                if info.table.name == self.table:
                    self._note(shard, info.priority_mass, info.size)
                    self._is_ordered = info.table.sampler.kind in _ORDERED

    def end_appends(self) -> None:
        """Ends an append that waits in another thread; later ones are refused.

        What is kept for a shard that was away goes there now, if it is back.
        """
        for shard in list(self._parked):
            if self._presence.answers(shard):
                with contextlib.suppress(MazemeshError):
                    self._unpark(shard)
        if self._parked and not self._ended.is_set():
            _log.warning("%d batches are lost with a Replay that is away", len(self._parked))
        self._ended.set()
        for writer in self._writers:
            writer.close()

    def close(self) -> None:
        """Closes all channels."""
        self.end_appends()
        self._presence.close()
        for client in self._clients:
            client.close()

    def _in_turn(self) -> int:
        """The next shard that is there; where none is, the next."""
        there = self._presence.there()
        order = (np.arange(len(there)) + self._next) % len(there)
        self._next = int(order[there[order].argmax()])
        return self._next

    def _others(self, shard: int) -> bool:
        there = self._presence.there()
        there[shard] = False
        return bool(there.any())

    def _is_away(self, shard: int, error: MazemeshError) -> bool:
        """Whether that is why it failed: a call may wait for a limiter, too, or for a table."""
        if isinstance(error, DeadlineExceeded):
            return not self._presence.answers(shard)
        return isinstance(error, Unavailable)

    def _send(self, shard: int, rows: _Rows) -> pb.RecordExperienceResponse:
        """Inserts a batch into a shard, after what was kept for it."""
        if shard in self._parked:
            self._unpark(shard)
        answer = rows.append_by(self._writers[shard])
        self._note(shard, answer.priority_mass, answer.table_size)
        return answer

    def _unpark(self, shard: int) -> None:
        rows = self._parked[shard]
        rows.append_by(self._writers[shard])
        del self._parked[shard]

    def _keep(self, shard: int, rows: _Rows) -> bool:
        """Keeps a batch that the shard may have; False when it has not, as another came before."""
        if shard in self._parked:
            return False
        self._parked[shard] = rows
        return True

    def _update(self, updates: Updates) -> None:
        """Sets priorities where the rows are; those of a shard that is away stay as they were."""
        there = self._presence.there()
        for shard, (keys, priorities) in updates.items():
            if not there[shard]:
                continue
            try:
                self._clients[shard].update_priorities(self.table, keys, priorities)
            except (DeadlineExceeded, Unavailable) as error:
                if not self._others(shard):
                    raise
                self._presence.lost(shard, error)

    def _make_plan(self, batch_size: int) -> _Plan:
        if self._is_ordered is None or not self._sizes.any():
            self.refresh()
        return _Plan(batch_size, *self._dealt(batch_size))

    def _deal(self, plan: _Plan, lost: int) -> None:
        """Has the others give what a shard that went away has not given."""
        missing = int(plan.counts[lost])
        plan.counts[lost] = 0
        more, plan.shares = self._dealt(missing)
        plan.counts += more

    def _take_over(self, plan: _Plan, shard: int) -> bool:
        """Has one that has enough rows give the part of a queue that has not; whether there is one.

        Queues fill alike, as writers go round. But one that was away may have kept its rows and be
        full, while the others went on and are empty: writers then wait for room in the one, and
        whoever draws for rows in the others.
        """
        if not self._is_ordered:
            return False
        missing = int(plan.counts[shard])
        self.refresh()
        with self._lock:
            spare = np.where(self._presence.there(), self._sizes, 0.0) - plan.counts
        spare[shard] = 0.0
        other = int(spare.argmax())
        if spare[other] < missing:
            return False
        plan.counts[shard] = 0
        plan.counts[other] += missing
        return True

    def _dealt(self, rows: int) -> tuple[npt.NDArray[np.int64], Reals]:
        """How many rows each shard that is there gives, int64 [shards], and its share of draws."""
        there = self._presence.there()
        with self._lock:
            weights = self._masses if (self._masses * there).any() else self._sizes
            weights = weights * there
        if not there.any():
            there = ~there  # one has to answer first: it is waited for
        if self._is_ordered or not weights.any():
            # Empty shards are waited at, all of them.
            here = self._rng.permutation(np.flatnonzero(there))
            counts = np.zeros(len(there), np.int64)
            counts[here] = rows // len(here) + (np.arange(len(here)) < rows % len(here))
            shares = np.ones(len(there)) if self._is_ordered else counts / max(rows, 1)
            return counts, shares
        shares = weights / weights.sum()
        return self._rng.multinomial(rows, shares), shares

    def _forget(self) -> None:
        self._plan, self._is_ordered = None, None
        with self._lock:
            self._masses[:] = self._sizes[:] = 0.0

    def _note(self, shard: int, mass: float, size: int) -> None:
        with self._lock:
            self._masses[shard], self._sizes[shard] = mass, size


def _join(parts: Sequence[_Part], order: npt.NDArray[np.int64]) -> ShardedBatch:
    batches = [part.batch for part in parts]
    # The last answer of each shard tells how it is now.
    latest = list({part.shard: part.batch for part in parts}.values())

    def joined(name: str) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = np.concatenate([getattr(part, name) for part in batches])
        return values[order]

    columns = concatenate([part.columns for part in batches])
    scaled = np.concatenate([part.batch.probabilities * part.share for part in parts])
    batch = replace(
        batches[0],
        columns={name: column[order] for name, column in columns.items()},
        keys=joined("keys"),
        probabilities=scaled[order],
        priorities=joined("priorities"),
        policy_versions=joined("policy_versions"),
        times_sampled=joined("times_sampled"),
        table_size=sum(part.table_size for part in latest),
        updated=sum(part.updated for part in batches),
        stale=sum(part.stale for part in batches),
        priority_mass=sum(part.priority_mass for part in latest),
    )
    shards = np.concatenate([np.full(len(part.batch), part.shard) for part in parts])
    return ShardedBatch(batch, shards[order])
