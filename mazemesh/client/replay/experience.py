"""Messages of the Replay service <-> numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.tensors import Array, to_bytes

Keys = npt.NDArray[np.uint64]
Reals = npt.NDArray[np.float64]

_YEAR_SECONDS = 365 * 86400.0


@dataclass(frozen=True)
class ExperienceBatch:
    """Rows drawn from a table; arrays are read-only views of the received bytes."""

    columns: dict[str, Array]
    """By column name: [rows, *shape of a row]."""
    keys: Keys
    """uint64 [rows]; names each row for priority updates until it leaves the table."""
    probabilities: Reals
    """float64 [rows]: P(i), with which each row was drawn."""
    priorities: Reals
    """float64 [rows]."""
    policy_versions: npt.NDArray[np.int64]
    """int64 [rows]; -1 is unknown."""
    times_sampled: npt.NDArray[np.int32]
    """int32 [rows], this draw included."""
    table_size: int
    """Rows in the table when the batch was drawn."""
    updated: int
    """Priorities that came with the request and were set."""
    stale: int
    """Priorities that came with the request for rows that were gone."""
    priority_mass: float
    """What the table is drawn by, in sum: priority^exponent, or the number of rows."""

    def __len__(self) -> int:
        return len(self.keys)

    def importance_weights(self, beta: float) -> npt.NDArray[np.float32]:
        """w_i = (N * P(i))^-beta / max_j w_j (Schaul et al. 2016, section 3.4): float32 [rows].

        They undo (wholly at `beta` 1, not at all at 0) that rows were not drawn uniformly from the
        N rows of the table. The maximum is taken over this batch.

        Raises:
            InvalidArgument: `beta` is not in 0..1.
        """
        if not 0.0 <= beta <= 1.0:
            raise InvalidArgument(f"beta is {beta}; expected 0..1")
        # Relative to the least likely row, N cancels out.
        weights: Reals = (self.probabilities / self.probabilities.min()) ** -beta
        return weights.astype(np.float32)


def sample_request(
    table: str,
    batch_size: int,
    min_policy_version: int,
    priority_updates: tuple[npt.ArrayLike, npt.ArrayLike] | None,
) -> pb.GetExperienceBatchRequest:
    """A request for rows; see `ReplayClient.sample`."""
    request = pb.GetExperienceBatchRequest(
        table=table, batch_size=batch_size, min_policy_version=min_policy_version
    )
    if priority_updates is not None:
        request.priority_updates.CopyFrom(to_priority_updates(*priority_updates))
    return request


def finite_seconds(seconds: float | None, field: str = "timeout") -> float | None:
    """A time to wait; None, without end, for infinity and whatever is longer than a year.

    Raises:
        InvalidArgument: it is negative or no number.
    """
    if seconds is None or seconds > _YEAR_SECONDS:
        return None
    if not seconds >= 0:
        raise InvalidArgument(f"{field} is {seconds} s; expected >= 0 (0: do not wait)")
    return seconds


def to_priority_updates(keys: npt.ArrayLike, priorities: npt.ArrayLike) -> pb.PriorityUpdates:
    """Keys uint64 [n] and priorities float64 [n] for the wire."""
    return pb.PriorityUpdates(
        keys=to_bytes(keys, np.uint64), priorities=to_bytes(priorities, np.float64)
    )
