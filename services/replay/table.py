"""A table: rows, how they are chosen and removed, and when that is allowed. Nothing here waits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from services.replay.rate_limiter import RateLimiter
from services.replay.selectors import REMOVE, Reals, Slots, make_selector
from services.replay.storage import Bytes, Keys, RowStorage
from services.replay.table_spec import TableSpec
from services.replay.writers import Writers

UNKNOWN_POLICY_VERSION = -1


@dataclass(frozen=True)
class Batch:
    """Rows on their way into a table."""

    writer_id: str
    sequence: int
    rows: int
    columns: Sequence[Bytes]
    """uint8 [rows, row_bytes] for each column of the signature."""
    priorities: Reals | None = None
    """float64 [rows]; None takes the highest priority in the table."""
    policy_versions: npt.NDArray[np.int64] | None = None
    """int64 [rows]; None is unknown."""


class Inserted(NamedTuple):
    """Answer to an insert."""

    keys: Keys | None
    """uint64 [rows]; None for a duplicate that is too old to remember."""
    duplicate: bool
    table_size: int


@dataclass(frozen=True)
class Sample:
    """Rows that were drawn; all arrays have one entry a row."""

    columns: Sequence[Bytes]
    keys: Keys
    probabilities: Reals
    priorities: Reals
    policy_versions: npt.NDArray[np.int64]
    times_sampled: npt.NDArray[np.int32]
    table_size: int


class Updated(NamedTuple):
    """How many priorities were set, and how many belonged to rows that are gone."""

    updated: int
    stale: int


class Table:
    """Rows with a selector to sample, another to remove, and a rate limiter."""

    def __init__(
        self, spec: TableSpec, rng: np.random.Generator, max_writers: int = 10_000
    ) -> None:
        spec.check()
        self.spec = spec
        self.limiter = RateLimiter(spec.limiter)
        self.writers = Writers(max_writers)
        self.stale_updates = 0
        self.dropped = 0
        self._rng = rng
        self._rows = RowStorage(spec.signature, spec.capacity, rng)
        self._sampler = make_selector(spec.sampler, spec.capacity)
        self._remover = make_selector(spec.remover, spec.capacity)
        self._priority_limit = _priority_limit(spec)
        # Draws that the present rows may still serve, where max_times_sampled bounds them.
        self._servings = 0
        # No row has a lower policy version; exact after a drop.
        self._lowest_version = np.iinfo(np.int64).max

    @property
    def size(self) -> int:
        """Rows in the table."""
        return self.limiter.size

    @property
    def bytes(self) -> int:
        """Bytes of the rows in the table, columns only."""
        return self.size * self.spec.signature.row_bytes

    def insert(self, batch: Batch) -> Inserted | None:
        """Inserts all rows of a batch, or answers a duplicate; None while the limiter forbids it.

        A full table first removes as many rows as come in, so a batch never pushes out itself.

        Raises:
            FailedPrecondition: the writer left out a sequence.
            InvalidArgument: the batch can never be inserted at once, or a priority is too high.
        """
        if self.writers.is_duplicate(batch.writer_id, batch.sequence):
            return Inserted(self.writers.answer(batch.writer_id, batch.sequence), True, self.size)
        self.writers.check_next(batch.writer_id, batch.sequence)
        self._check_insertable(batch.rows)
        if not self.limiter.may_insert(batch.rows):
            return None
        return Inserted(self._append(batch), False, self.size)

    def restore(self, batch: Batch) -> None:
        """Inserts a batch that was acknowledged before; the limiter counts it but is not asked."""
        self._append(batch)

    def sample(self, count: int) -> Sample | None:
        """Draws `count` rows; None while the limiter, or what the rows may still serve, forbids it.

        Rows that reach max_times_sampled leave the table.

        Raises:
            InvalidArgument: so many rows can never be drawn at once.
        """
        limit = self.spec.max_times_sampled
        if not self.limiter.may_sample(count) or (limit > 0 and self._servings < count):
            self._check_sampleable(count)
            return None
        size = self.size
        draw = self._sampler.draw(count, self._rng, self._rows.times_sampled, limit)
        sample = Sample(
            columns=self._rows.gather(draw.slots),
            keys=self._rows.keys(draw.slots),
            probabilities=draw.probabilities,
            priorities=self._rows.priorities[draw.slots],
            policy_versions=self._rows.policy_versions[draw.slots],
            times_sampled=draw.counts,
            table_size=size,
        )
        self.limiter.samples += count
        if limit:
            self._servings -= count
            self._remover.remove(draw.spent)
            self._release(draw.spent)
        return sample

    def drop_older(self, policy_version: int) -> int:
        """Deletes rows of lower (or unknown) policy versions; returns how many.

        What they could still have been sampled counts in the limiter as sampled, or else a queue
        would stay closed for rows that nobody will ever take out.
        """
        if policy_version <= self._lowest_version:
            return 0
        slots = self._rows.taken_below(policy_version)
        servings = self._servings_of(slots)
        self._sampler.remove(slots)
        self._remover.remove(slots)
        self._servings -= servings
        self._release(slots)
        self.limiter.samples += servings
        self.dropped += len(slots)
        lowest = self._rows.lowest_policy_version()
        self._lowest_version = np.iinfo(np.int64).max if lowest is None else lowest
        return len(slots)

    def update_priorities(self, keys: Keys, priorities: Reals) -> Updated:
        """Sets priorities (finite, >= 0) by key; keys of rows that are gone count as stale.

        Raises:
            InvalidArgument: a priority is too high for the exponent; nothing was changed.
        """
        self._check_priorities(priorities)
        slots, valid = self._rows.find(keys)
        fresh = priorities[valid]
        self._rows.priorities[slots] = fresh
        self._sampler.update(slots, fresh)
        self._remover.update(slots, fresh)
        stale = len(keys) - len(slots)
        self.stale_updates += stale
        return Updated(len(slots), stale)

    def _append(self, batch: Batch) -> Keys:
        priorities = self._priorities_of(batch)
        self._make_room(batch.rows)
        slots = self._rows.put(batch.columns, batch.rows)
        self._rows.priorities[slots] = priorities
        self._set_policy_versions(slots, batch.policy_versions)
        self._sampler.add(slots, priorities)
        self._remover.add(slots, priorities)
        self._servings += batch.rows * self.spec.max_times_sampled
        self.limiter.inserts += batch.rows
        keys = self._rows.keys(slots)
        self.writers.remember(batch.writer_id, batch.sequence, keys)
        return keys

    def _priorities_of(self, batch: Batch) -> Reals:
        if batch.priorities is None:
            highest = [
                priority
                for priority in (self._sampler.highest_priority(), self._remover.highest_priority())
                if priority is not None
            ]
            return np.full(batch.rows, max(highest, default=1.0))
        self._check_priorities(batch.priorities)
        return batch.priorities

    def _check_priorities(self, priorities: Reals) -> None:
        if len(priorities) and priorities.max() > self._priority_limit:
            raise InvalidArgument(
                f"priorities has {priorities.max():g}; expected at most {self._priority_limit:g} "
                "so that the sum of priority ** exponent stays finite"
            )

    def _set_policy_versions(self, slots: Slots, versions: npt.NDArray[np.int64] | None) -> None:
        stored = UNKNOWN_POLICY_VERSION if versions is None else versions
        self._rows.policy_versions[slots] = stored
        self._lowest_version = min(self._lowest_version, int(np.min(stored)))

    def _check_insertable(self, rows: int) -> None:
        if rows > self.spec.capacity:
            raise InvalidArgument(
                f"columns.rows is {rows}; the table holds at most {self.spec.capacity} rows"
            )
        if not self.limiter.could_ever_insert(rows):
            limiter = self.spec.limiter
            raise InvalidArgument(
                f"columns.rows is {rows}; the limiter's range [{limiter.min_diff:g}, "
                f"{limiter.max_diff:g}] admits at most "
                f"{int(limiter.width / limiter.samples_per_insert)} rows at once"
            )

    def _check_sampleable(self, count: int) -> None:
        if not self.limiter.could_ever_sample(count):
            limiter = self.spec.limiter
            raise InvalidArgument(
                f"batch_size is {count}; the limiter's range [{limiter.min_diff:g}, "
                f"{limiter.max_diff:g}] never admits so many samples at once"
            )

    def _make_room(self, rows: int) -> None:
        missing = rows - self._rows.num_free
        if missing <= 0:
            return
        slots = self._remover.draw(missing, self._rng, self._rows.times_sampled, REMOVE).slots
        self._sampler.remove(slots)
        self._servings -= self._servings_of(slots)
        self._release(slots)

    def _servings_of(self, slots: Slots) -> int:
        limit = self.spec.max_times_sampled
        return limit * len(slots) - int(self._rows.times_sampled[slots].sum()) if limit else 0

    def _release(self, slots: Slots) -> None:
        self._rows.free(slots)
        self.limiter.deletes += len(slots)


def _priority_limit(spec: TableSpec) -> float:
    """The highest priority whose weights can be summed over a full table."""
    largest_weight = float(np.finfo(np.float64).max) / 2**32
    return math.pow(largest_weight, 1 / max(1.0, spec.sampler.exponent, spec.remover.exponent))
