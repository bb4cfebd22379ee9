"""Everything that changes a table. Done again in the same order, it makes the same table.

Draws take their random numbers from the table's own generator, so a table that starts from the same
state serves, evicts and names the same rows again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mazemesh.wire.protobuf import Buffer
from services.replay.selectors.selector import Reals
from services.replay.table.fingerprint import rows_checksum
from services.replay.table.spec import LimiterSpec
from services.replay.table.storage import Keys


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
    encoded: tuple[bytes, ...] | None = None
    """The batch as the parts of an encoded RecordExperienceRequest, when it came as one."""
    packed: Buffer | None = None
    """The columns as they stand in it one after the other, with what stands before each."""

    @property
    def held_bytes(self) -> int:
        """What it holds in memory."""
        return sum(map(len, self.encoded or self.columns))

    @cached_property
    def fingerprint(self) -> int:
        """Checksum of the rows and their policy versions: a batch that comes again has the same.

        Priorities are not in it: they are each table's own, and change.
        """
        versions = b"" if self.policy_versions is None else self.policy_versions.view(np.uint8).data
        return rows_checksum(self.rows, self.columns, self.packed, versions)


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
