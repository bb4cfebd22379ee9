"""Messages of the Replay service <-> numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.tensors import to_bytes

_YEAR_SECONDS = 365 * 86400.0


def sample_request(
    table: str,
    batch_size: int,
    min_policy_version: int,
    priority_updates: tuple[npt.ArrayLike, npt.ArrayLike] | None,
    *,
    packed: bool,
) -> pb.GetExperienceBatchRequest:
    """A request for rows; see `ReplayClient.sample`. `packed`: they may come so."""
    request = pb.GetExperienceBatchRequest(
        table=table, batch_size=batch_size, min_policy_version=min_policy_version, packed=packed
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
