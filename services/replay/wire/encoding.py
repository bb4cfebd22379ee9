"""Drawn rows -> the bytes of a GetExperienceBatchResponse, copying the columns only once.

Through the generated class a column is copied three times: to `bytes`, into the message and out of
it, which at a megabyte takes ten times as long. Here the arrays are joined with the few bytes that
stand before each of them, and the class only writes the numbers at the end.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.experience_batch import encode_columns
from mazemesh.wire.protobuf import LENGTH_DELIMITED, message_field, tag, varint
from services.replay.table.table import Sample, Updated

# Fields 2 to 6 have so many bytes a row: keys, probabilities, priorities, versions, times sampled.
_BYTES_BESIDE = (8, 8, 8, 8, 4)


def encode_sample(sample: Sample, signature_hash: int, updated: Updated) -> bytes:
    """The wire form of drawn rows and of what became of the priorities that came before."""
    heads = _heads(
        signature_hash, len(sample.keys), tuple([column.shape[1] for column in sample.columns])
    )
    numbers = pb.GetExperienceBatchResponse(
        table_size=sample.table_size,
        updated=updated.updated,
        stale=updated.stale,
        priority_mass=sample.priority_mass,
    )
    # To be joined an array is its bytes.
    parts: list[Any] = [b""] * (2 * len(heads))
    parts[::2] = heads
    parts[1::2] = (
        *sample.columns,
        sample.keys,
        sample.probabilities,
        sample.priorities,
        sample.policy_versions,
        sample.times_sampled,
    )
    parts.append(numbers.SerializeToString())
    return b"".join(parts)


@lru_cache(maxsize=256)
def _heads(signature_hash: int, rows: int, widths: tuple[int, ...]) -> list[bytes]:
    """What stands before each column and each array beside them: the same in every message."""
    # Nobody reads these zeros: only their number counts.
    data = [bytes(rows * width) for width in widths]
    opening, hash_and_rows, *fields = message_field(1, encode_columns(signature_hash, rows, data))
    heads = [bytes(head) for head in fields[::2]]
    heads[0] = bytes(opening) + bytes(hash_and_rows) + heads[0]
    for number, size in enumerate(_BYTES_BESIDE, 2):
        heads.append(tag(number, LENGTH_DELIMITED) + varint(rows * size))
    return heads
