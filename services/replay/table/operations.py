"""Everything that changes a table. Done again in the same order, it makes the same table.

Draws take their random numbers from the table's own generator, so a table that starts from the same
state serves, evicts and names the same rows again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from services.replay.selectors.selector import Reals
from services.replay.table.fingerprint import Fingerprint
from services.replay.table.spec import LimiterSpec
from services.replay.table.storage import Buffer, Keys


@dataclass(frozen=True)
class Batch:
    """Rows on their way into a table."""

    writer_id: str
    sequence: int
    rows: int
    columns: Sequence[Buffer]
    """rows * row_bytes bytes for each column of the signature."""
    priorities: Reals | None = None
    """float64 [rows]; None takes the highest priority in the table."""
    policy_versions: npt.NDArray[np.int64] | None = None
    """int64 [rows]; None is unknown."""
    fingerprint: Fingerprint = field(init=False, repr=False, compare=False)
    """Of the rows and their policy versions; priorities are each table's own, and change."""

    def __post_init__(self) -> None:
        fingerprint = Fingerprint(self.rows, self.columns, self.policy_versions)
        object.__setattr__(self, "fingerprint", fingerprint)

    @property
    def held_bytes(self) -> int:
        """What it holds in memory, roughly."""
        return sum(map(len, self.columns))


@dataclass(frozen=True)
class Insert:
    """A batch was inserted."""

    batch: Batch
    first_key: int
    """Key of its first row: redone on the same state it comes out again."""


@dataclass(frozen=True)
class SetPriorities:
    """Priorities (float64 [n]) were set by key (uint64 [n]); some rows may have been gone."""

    keys: Keys
    priorities: Reals


@dataclass(frozen=True)
class Serve:
    """So many rows were drawn."""

    count: int


@dataclass(frozen=True)
class DropOlder:
    """Rows of lower policy versions were deleted, `most` of them at most (0: all)."""

    policy_version: int
    most: int = 0


@dataclass(frozen=True)
class SetLimiter:
    """The limiter got other thresholds."""

    limiter: LimiterSpec


@dataclass(frozen=True)
class Restart:
    """The service came back; rows are numbered from `row_number` on."""

    row_number: int


Operation: TypeAlias = Insert | SetPriorities | Serve | DropOlder | SetLimiter | Restart
