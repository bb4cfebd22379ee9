"""What a table is made of: its definition, checked when it is made."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from enum import Enum

from mazemesh.errors import InvalidArgument
from mazemesh.names import TABLE
from mazemesh.wire.tensors import Signature
from services.replay.limits import MOST_DRAWN_BYTES, ROW_MESSAGE_BYTES

MAX_CAPACITY = 2**31 - 1
MAX_EXPONENT = 4.0
_LONGEST_VALUE = 500


class SelectorKind(Enum):
    """How rows are chosen, for sampling and for removal."""

    UNIFORM = "uniform"
    PRIORITIZED = "prioritized"
    FIFO = "fifo"
    LIFO = "lifo"
    MAX_HEAP = "max heap"
    MIN_HEAP = "min heap"


@dataclass(frozen=True)
class SelectorSpec:
    """A selector; `exponent` is the alpha of a prioritized one, otherwise 0."""

    kind: SelectorKind
    exponent: float = 0.0

    def check(self, field: str) -> None:
        """Raises InvalidArgument for an exponent that does not fit the kind."""
        highest = MAX_EXPONENT if self.kind is SelectorKind.PRIORITIZED else 0.0
        if not 0.0 <= self.exponent <= highest:
            raise InvalidArgument(
                f"{field}.exponent is {self.exponent}; "
                f"expected 0..{highest:g} for {self.kind.value}"
            )


@dataclass(frozen=True)
class LimiterSpec:
    """Thresholds of a `RateLimiter`; rows and, for the range, rows times samples per insert."""

    min_size_to_sample: int
    samples_per_insert: float
    min_diff: float
    max_diff: float

    @property
    def width(self) -> float:
        """How far inserts and samples may drift apart."""
        return self.max_diff - self.min_diff

    @property
    def is_queue(self) -> bool:
        """Every row is meant for one sample, and the range counts rows in the queue."""
        return self.samples_per_insert == 1 and self.min_diff == 0 and self.max_diff >= 1

    def check(self, capacity: int) -> None:
        """Raises InvalidArgument for a limiter that cannot work with `capacity` rows."""
        field = "rate_limiter"
        if not 1 <= self.min_size_to_sample <= capacity:
            raise InvalidArgument(
                f"{field}.min_size_to_sample is {self.min_size_to_sample}; "
                f"expected 1..{capacity} (the capacity)"
            )
        ratio = self.samples_per_insert
        if not (math.isfinite(ratio) and ratio > 0):
            raise InvalidArgument(
                f"{field}.samples_per_insert is {ratio}; expected a finite number > 0"
            )
        if math.isnan(self.min_diff) or math.isnan(self.max_diff):
            raise InvalidArgument(
                f"{field} range is [{self.min_diff}, {self.max_diff}]; expected numbers"
            )
        target = self.min_size_to_sample * ratio
        if self.min_diff > target:
            raise InvalidArgument(
                f"{field}.min_diff is {self.min_diff}; expected at most min_size_to_sample * "
                f"samples_per_insert = {target:g}, or sampling could never begin"
            )
        needed = 2 * max(1.0, ratio)
        if not self.is_queue and not self.width >= needed:
            raise InvalidArgument(
                f"{field} range [{self.min_diff:g}, {self.max_diff:g}] is {self.width:g} wide; "
                f"expected at least 2 * max(1, samples_per_insert) = {needed:g}"
            )


@dataclass(frozen=True)
class TableSpec:
    """A table's definition; see `Table` in replay.proto."""

    name: str
    signature: Signature
    capacity: int
    sampler: SelectorSpec
    remover: SelectorSpec
    limiter: LimiterSpec
    max_times_sampled: int = 0

    def check(self) -> None:
        """Raises InvalidArgument that names the field, its value and what would be right."""
        TABLE.check("table.name", self.name)
        if not 1 <= self.capacity <= MAX_CAPACITY:
            raise InvalidArgument(f"table.capacity is {self.capacity}; expected 1..{MAX_CAPACITY}")
        if self.max_times_sampled < 0:
            raise InvalidArgument(
                f"table.max_times_sampled is {self.max_times_sampled}; expected >= 0"
            )
        self.sampler.check("table.sampler")
        self.remover.check("table.remover")
        self.limiter.check(self.capacity)

    def check_new(self) -> None:
        """As `check`, and what is only asked of tables that are made now, not of older ones.

        Raises:
            InvalidArgument: also for a column without bytes, or a row that fits no message.
        """
        self.check()
        for index, column in enumerate(self.signature.columns):
            if not column.row_bytes:
                raise InvalidArgument(
                    f"table.signature.columns[{index}] ({column.name!r}) has the shape "
                    f"{list(column.shape)} and no bytes; expected at least one element a row"
                )
        # Plain, as whoever asks may have them.
        row_bytes = self.signature.plain.row_bytes
        if row_bytes + ROW_MESSAGE_BYTES > MOST_DRAWN_BYTES:
            raise InvalidArgument(
                f"table.signature has rows of {row_bytes} bytes; expected at most "
                f"{MOST_DRAWN_BYTES - ROW_MESSAGE_BYTES}, so that one fits into a message"
            )

    def differences(self, other: TableSpec) -> list[str]:
        """`field: this value != other value` for each field that differs; packing is none."""
        one = replace(self, signature=self.signature.plain)
        two = replace(other, signature=other.signature.plain)
        return [
            f"{field.name}: {_cut(getattr(one, field.name))} != {_cut(getattr(two, field.name))}"
            for field in fields(one)
            if getattr(one, field.name) != getattr(two, field.name)
        ]


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
