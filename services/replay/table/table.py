"""A table: rows, how they are chosen and removed, and when that is allowed. Nothing here waits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from services.replay.selectors.kinds import make_selector
from services.replay.selectors.selector import REMOVE, Draw, Reals, Slots
from services.replay.table.image import Diverged, TableImage
from services.replay.table.operations import (
    Batch,
    DropOlder,
    Insert,
    Operation,
    Restart,
    Serve,
    SetLimiter,
    SetPriorities,
)
from services.replay.table.rate_limiter import RateLimiter
from services.replay.table.row_copy import RowCopy, RowSlice
from services.replay.table.spec import LimiterSpec, TableSpec
from services.replay.table.storage import Bytes, Keys, RowStorage
from services.replay.table.writers import Writers

UNKNOWN_POLICY_VERSION = -1


class Inserted(NamedTuple):
    """Answer to an insert."""

    keys: Keys | None
    """uint64 [rows]; None for a duplicate whose keys are no longer remembered."""
    duplicate: bool
    table_size: int
    priority_mass: float


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
    priority_mass: float


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
        self.original_spec = spec
        """As the table was made; the limiter may have been changed since."""
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

    @property
    def priority_mass(self) -> float:
        """What the rows are drawn by, in sum; their number where that is no priority."""
        return self._sampler.mass()

    def insert(self, batch: Batch) -> Inserted | None:
        """Inserts all rows of a batch, or answers a duplicate; None while the limiter forbids it.

        A full table first removes as many rows as come in, so a batch never pushes out itself.

        Raises:
            FailedPrecondition: the writer left out a sequence, or is past it (OutOfRange).
            AlreadyExists: the writer inserted other rows under the sequence.
            InvalidArgument: the batch can never be inserted at once, or a priority is too high.
        """
        if self.has(batch):
            keys = self.writers.answer(batch.writer_id)
            return Inserted(keys, True, self.size, self.priority_mass)
        if not self.admits(batch):
            return None
        return Inserted(self._append(batch), False, self.size, self.priority_mass)

    def fresh_bytes(self, rows: int) -> int:
        """Memory that `rows` new rows will be the first to use."""
        return self._rows.fresh_among(rows) * self.spec.signature.row_bytes

    def populate(self, rows: int) -> None:
        """Makes ready the memory of `rows` new rows; from any thread."""
        self._rows.populate(rows)

    def has(self, batch: Batch) -> bool:
        """Whether a batch is the one that its writer inserted last.

        Raises:
            AlreadyExists, OutOfRange: see `insert`.
        """
        return self.writers.is_duplicate(batch.writer_id, batch.sequence, batch.fingerprint)

    def admits(self, batch: Batch) -> bool:
        """Whether the limiter allows a new batch now.

        Raises:
            FailedPrecondition, InvalidArgument: it can never be inserted; see `insert`.
        """
        self.writers.check_next(batch.writer_id, batch.sequence)
        if batch.priorities is not None:
            self.check_priorities(batch.priorities)
        if batch.rows <= self.spec.capacity and self.limiter.may_insert(batch.rows):
            return True
        self._check_insertable(batch.rows)
        return False

    def check_priorities(self, priorities: Reals) -> None:
        """Raises InvalidArgument for a priority that is too high for the exponent."""
        if len(priorities) and np.maximum.reduce(priorities) > self._priority_limit:
            raise InvalidArgument(
                f"priorities has {priorities.max():g}; expected at most {self._priority_limit:g} "
                "so that the sum of priority ** exponent stays finite"
            )

    def redo(self, operation: Operation) -> None:
        """Does again what was done before a restart; the limiter counts but is not asked.

        Raises:
            Diverged: the state is not the one on which it was done.
        """
        match operation:
            case Insert(batch, first_key):
                key = int(self._append(batch)[0])
                if key != first_key:
                    raise Diverged(
                        f"batch {batch.sequence} of writer {batch.writer_id!r} began with key "
                        f"{first_key:#x} and would now begin with {key:#x}"
                    )
            case SetPriorities(keys, priorities):
                self.update_priorities(keys, priorities)
            case Serve(count):
                self._count_draw(self._choose(count))
            case DropOlder(policy_version, most):
                self.drop_older(policy_version, most)
            case SetLimiter(limiter):
                self.set_limiter(limiter)
            case Restart(row_number):
                self._rows.number_from(row_number)

    def set_limiter(self, limiter: LimiterSpec) -> None:
        """Changes the limiter's thresholds; its counters stay.

        Raises:
            InvalidArgument: see `LimiterSpec.check`; nothing was changed.
        """
        limiter.check(self.spec.capacity)
        self.spec = replace(self.spec, limiter=limiter)
        self.limiter.spec = limiter

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
        size, mass = self.size, self.priority_mass
        draw = self._choose(count)
        sample = Sample(
            columns=self._rows.gather(draw.slots),
            keys=self._rows.keys(draw.slots),
            probabilities=draw.probabilities,
            priorities=self._rows.priorities[draw.slots],
            policy_versions=self._rows.policy_versions[draw.slots],
            times_sampled=draw.counts,
            table_size=size,
            priority_mass=mass,
        )
        self._count_draw(draw)
        return sample

    def drop_older(self, policy_version: int, most: int = 0) -> int:
        """Deletes rows of lower (or unknown) policy versions; returns how many.

        Where there are `most` > 0 or more, it deletes so many and leaves others.

        What they could still have been sampled counts in the limiter as sampled, or else a queue
        would stay closed for rows that nobody will ever take out.
        """
        if policy_version <= self._lowest_version:
            return 0
        slots = self._rows.taken_below(policy_version)
        is_last = not most or len(slots) < most
        slots = slots if is_last else slots[:most]
        servings = self._servings_of(slots)
        self._sampler.remove(slots)
        self._remover.remove(slots)
        self._servings -= servings
        self._release(slots)
        self.limiter.samples += servings
        self.dropped += len(slots)
        if is_last:
            self._lowest_version = self._find_lowest_version()
        return len(slots)

    def update_priorities(self, keys: Keys, priorities: Reals) -> Updated:
        """Sets priorities (finite, >= 0) by key; keys of rows that are gone count as stale.

        Raises:
            InvalidArgument: a priority is too high for the exponent; nothing was changed.
        """
        self.check_priorities(priorities)
        slots, valid = self._rows.find(keys)
        fresh = priorities[valid]
        self._rows.priorities[slots] = fresh
        self._sampler.update(slots, fresh)
        self._remover.update(slots, fresh)
        stale = len(keys) - len(slots)
        self.stale_updates += stale
        return Updated(len(slots), stale)

    def priorities_of(self, keys: Keys) -> tuple[Keys, Reals]:
        """Those of `keys` whose rows are there, and their priorities."""
        slots, valid = self._rows.find(keys)
        return keys[valid], self._rows.priorities[slots]

    def priorities_between(self, start: int, stop: int) -> tuple[Keys, Reals]:
        """Keys and priorities of the rows in slots from `start` to before `stop`."""
        slots = self._rows.taken_between(start, stop)
        return self._rows.keys(slots), self._rows.priorities[slots]

    def image(self) -> tuple[TableImage, RowCopy]:
        """The table as it is now; its rows can be read slice by slice until `end_image`."""
        scalars, arrays = self._rows.image()
        writers, writer_keys = self.writers.image()
        scalars |= {
            "inserts": self.limiter.inserts,
            "samples": self.limiter.samples,
            "deletes": self.limiter.deletes,
            "stale_updates": self.stale_updates,
            "dropped": self.dropped,
            "servings": self._servings,
            "random": self._rng.bit_generator.state,
            "writers": writers,
        }
        arrays |= {
            "sampler": self._sampler.members(),
            "remover": self._remover.members(),
            "writer_keys": writer_keys,
        }
        for selector, name in ((self._sampler, "sampler"), (self._remover, "remover")):
            if (tickets := selector.tickets()) is not None:
                arrays[f"{name}_tickets"] = tickets
        image = TableImage(self.spec, self.original_spec, scalars, arrays)
        return image, self._rows.begin_copy()

    def end_image(self) -> None:
        """The rows of the image were read."""
        self._rows.end_copy()

    @classmethod
    def from_image(
        cls, image: TableImage, rows: Iterable[RowSlice], max_writers: int = 10_000
    ) -> Table:
        """The table as it was when the image was taken, down to the random state."""
        scalars, arrays = image.scalars, image.arrays
        rng = np.random.Generator(np.random.PCG64())
        table = cls(image.spec, rng, max_writers)
        table.original_spec = image.original_spec
        table._rows.restore(scalars, arrays, rows)
        for selector, name in ((table._sampler, "sampler"), (table._remover, "remover")):
            members = arrays[name].astype(np.int64)
            if (tickets := arrays.get(f"{name}_tickets")) is not None:
                members = members[np.argsort(tickets)]
            selector.add(members, table._rows.priorities[members])
        table.writers.restore(scalars["writers"], arrays["writer_keys"])
        table.limiter.inserts = scalars["inserts"]
        table.limiter.samples = scalars["samples"]
        table.limiter.deletes = scalars["deletes"]
        table.stale_updates = scalars["stale_updates"]
        table.dropped = scalars["dropped"]
        table._servings = scalars["servings"]
        table._lowest_version = table._find_lowest_version()
        rng.bit_generator.state = scalars["random"]
        return table

    def _choose(self, count: int) -> Draw:
        limit = self.spec.max_times_sampled
        return self._sampler.draw(count, self._rng, self._rows.times_sampled, limit)

    def _count_draw(self, draw: Draw) -> None:
        """Counts what was drawn; rows that were drawn for the last time leave."""
        self.limiter.samples += len(draw.slots)
        if self.spec.max_times_sampled:
            self._servings -= len(draw.slots)
            self._remover.remove(draw.spent)
            self._release(draw.spent)

    def _append(self, batch: Batch) -> Keys:
        priorities, versions = self._priorities_of(batch), batch.policy_versions
        if self._rows.num_free:
            self._make_room(batch.rows)
            slots = self._rows.allocate(batch.rows)
            self._sampler.add(slots, priorities)
            self._remover.add(slots, priorities)
        else:
            # The usual case: the table is full, and new rows take the places of old ones.
            slots = self._remover.exchange(self._rng, self._rows.times_sampled, priorities)
            self._sampler.replace(slots, priorities)
            self._count_removed(slots)
        lowest = UNKNOWN_POLICY_VERSION if versions is None else int(versions.min())
        self._lowest_version = min(self._lowest_version, lowest)
        self._servings += batch.rows * self.spec.max_times_sampled
        self.limiter.inserts += batch.rows
        keys = self._rows.put(
            slots, batch.columns, priorities, lowest if versions is None else versions
        )
        self.writers.remember(batch.writer_id, batch.sequence, batch.fingerprint, keys)
        return keys

    def _priorities_of(self, batch: Batch) -> Reals:
        if batch.priorities is None:
            highest = [
                priority
                for priority in (self._sampler.highest_priority(), self._remover.highest_priority())
                if priority is not None
            ]
            return np.full(batch.rows, max(highest, default=1.0))
        return batch.priorities

    def _find_lowest_version(self) -> int:
        lowest = self._rows.lowest_policy_version()
        return np.iinfo(np.int64).max if lowest is None else lowest

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
        if missing > 0:
            slots = self._remover.draw(missing, self._rng, self._rows.times_sampled, REMOVE).slots
            self._count_removed(slots)
            self._sampler.remove(slots)
            self._rows.free(slots)

    def _count_removed(self, slots: Slots) -> None:
        """Counts rows that the remover chose."""
        self._servings -= self._servings_of(slots)
        self.limiter.deletes += len(slots)

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
