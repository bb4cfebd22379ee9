"""A batch that comes in parts, each small enough for a message."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from learner.ports import Batch, Columns
from mazemesh.wire.stored_columns import concatenate


@dataclass(frozen=True)
class Joined:
    """Several draws as one batch (`learner.ports.Batch`).

    `probabilities` are relative to the `table_size` of the last draw: P(i) N of a row is what it
    was when the row was drawn, so importance weights are those of each draw.
    """

    columns: Columns
    keys: npt.NDArray[np.uint64]
    probabilities: npt.NDArray[np.float64]
    policy_versions: npt.NDArray[np.int64]
    table_size: int

    @classmethod
    def of(cls, parts: list[Batch]) -> Joined:
        """The rows of all parts in order."""
        size = parts[-1].table_size
        return cls(
            columns=concatenate([part.columns for part in parts]),
            keys=np.concatenate([part.keys for part in parts]),
            probabilities=np.concatenate(
                [part.probabilities * (part.table_size / size) for part in parts]
            ),
            policy_versions=np.concatenate([part.policy_versions for part in parts]),
            table_size=size,
        )


class Parts:
    """Collects a batch of `rows` rows from draws of at most `most`, one batch after the other."""

    def __init__(self, rows: int, most: int) -> None:
        self._rows, self._most = rows, most
        self._parts: list[Batch] = []

    @property
    def wanted(self) -> int:
        """Rows of the next draw."""
        return min(self._most, self._rows - sum(len(part.keys) for part in self._parts))

    @property
    def begun(self) -> bool:
        """Whether some of the batch is there."""
        return bool(self._parts)

    def add(self, part: Batch) -> Batch | None:
        """Takes a draw of `wanted` rows; the batch, if that was the last of it."""
        self._parts.append(part)
        if self.wanted:
            return None
        parts, self._parts = self._parts, []
        return parts[0] if len(parts) == 1 else Joined.of(parts)

    def clear(self) -> None:
        """Drops what is there: the table that it came from is gone."""
        self._parts = []
