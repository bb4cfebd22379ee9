"""Messages of the Replay service <-> numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mazemesh.tensors import Array, Signature, from_bytes, from_columns, to_bytes
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.v1 import tensor_pb2

Keys = npt.NDArray[np.uint64]
Reals = npt.NDArray[np.float64]


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

    def __len__(self) -> int:
        return len(self.keys)


def to_experience(signature: Signature, response: pb.GetExperienceBatchResponse) -> ExperienceBatch:
    """Views of a response as arrays.

    Raises:
        InvalidArgument: the table has another signature.
    """
    rows = (response.columns.rows,)

    def view(name: str, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
        return from_bytes(getattr(response, name), dtype, rows, name)

    return ExperienceBatch(
        columns=from_columns(signature, response.columns),
        keys=view("keys", np.uint64),  # type: ignore[arg-type]  # the codec speaks of any dtype
        probabilities=view("probabilities", np.float64),  # type: ignore[arg-type]
        priorities=view("priorities", np.float64),  # type: ignore[arg-type]
        policy_versions=view("policy_versions", np.int64),  # type: ignore[arg-type]
        times_sampled=view("times_sampled", np.int32),  # type: ignore[arg-type]
        table_size=response.table_size,
        updated=response.updated,
        stale=response.stale,
    )


def record_request(
    table: str,
    writer_id: str,
    sequence: int,
    columns: tensor_pb2.Columns,
    priorities: npt.ArrayLike | None,
    policy_versions: npt.ArrayLike | None,
) -> pb.RecordExperienceRequest:
    """A batch on its way to a table; see `ReplayClient.record`."""
    return pb.RecordExperienceRequest(
        table=table,
        writer_id=writer_id,
        sequence=sequence,
        columns=columns,
        priorities=b"" if priorities is None else to_bytes(priorities, np.float64),
        policy_versions=b"" if policy_versions is None else to_bytes(policy_versions, np.int64),
    )


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


def to_priority_updates(keys: npt.ArrayLike, priorities: npt.ArrayLike) -> pb.PriorityUpdates:
    """Keys uint64 [n] and priorities float64 [n] for the wire."""
    return pb.PriorityUpdates(
        keys=to_bytes(keys, np.uint64), priorities=to_bytes(priorities, np.float64)
    )
