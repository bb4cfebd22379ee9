"""Some priorities at one moment, as bytes: 12 a row.

A head (format, inserts and samples of the table so far, rows), the keys as uint64 and the
priorities as float32, little-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.replay.selectors.selector import Reals
from services.replay.table.storage import Keys

_HEAD = struct.Struct("<BqqI")
_FORMAT = 1

_TINIEST = float(np.finfo(np.float32).tiny)
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Moment:
    """How far a table had got: rows inserted and rows sampled, ever."""

    inserts: int
    samples: int

    def is_after(self, other: Moment) -> bool:
        """Whether something happened since."""
        return self.inserts > other.inserts or self.samples > other.samples


@dataclass(frozen=True)
class Entry:
    """Priorities (float64 [n]) of rows by key (uint64 [n]), and when they were so."""

    moment: Moment
    keys: Keys
    priorities: Reals


def to_bytes(entry: Entry) -> bytes:
    """Rounded to float32: 6e-8 of itself; one that is not 0 does not become 0, nor infinite."""
    near: npt.NDArray[np.float64] = np.where(
        entry.priorities > 0, np.clip(entry.priorities, _TINIEST, _LARGEST), 0.0
    )
    head = _HEAD.pack(_FORMAT, entry.moment.inserts, entry.moment.samples, len(entry.keys))
    return head + entry.keys.astype("<u8").tobytes() + near.astype("<f4").tobytes()


def from_bytes(data: bytes) -> Entry:
    """The entry in `data`.

    Raises:
        ValueError: there is none.
    """
    if len(data) < _HEAD.size:
        raise ValueError(f"priorities of {len(data)} bytes have no head")
    version, inserts, samples, rows = _HEAD.unpack_from(data)
    if version != _FORMAT or len(data) != _HEAD.size + 12 * rows:
        raise ValueError(f"priorities of format {version} with {rows} rows have {len(data)} bytes")
    keys = np.frombuffer(data, "<u8", rows, _HEAD.size).astype(np.uint64)
    priorities = np.frombuffer(data, "<f4", rows, _HEAD.size + 8 * rows).astype(np.float64)
    if not (np.isfinite(priorities).all() and (priorities >= 0).all()):
        raise ValueError("priorities hold one that is negative or not finite")
    return Entry(Moment(inserts, samples), keys, priorities)
