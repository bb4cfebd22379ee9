"""Everything that changes a table. Done again in the same order, it makes the same table.

Draws take their random numbers from the table's own generator, so a table that starts from the same
state serves, evicts and names the same rows again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mazemesh.protobuf_wire import Buffer
from services.replay.selector import Reals
from services.replay.storage import Keys
from services.replay.table_spec import LimiterSpec


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
    """Rows of lower policy versions were deleted."""

    policy_version: int


@dataclass(frozen=True)
class SetLimiter:
    """The limiter got other thresholds."""

    limiter: LimiterSpec


@dataclass(frozen=True)
class Restart:
    """The service came back; rows are numbered from `row_number` on."""

    row_number: int


Operation: TypeAlias = Insert | SetPriorities | Serve | DropOlder | SetLimiter | Restart
