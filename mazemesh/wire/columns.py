"""The message Columns, in parts: what stands before the columns, and the columns themselves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mazemesh.v1 import tensor_pb2 as pb
from mazemesh.wire.protobuf import Buffer, tag_of, varint

HASH_TAG = tag_of(pb.Columns, "signature_hash")
ROWS_TAG = tag_of(pb.Columns, "rows")
DATA_TAG = tag_of(pb.Columns, "data")


def encode_columns(signature_hash: int, rows: int, data: Sequence[Buffer]) -> list[Buffer]:
    """Columns in parts, not joined."""
    first, *heads = column_heads(signature_hash, rows, tuple(map(len, data)))
    parts: list[Buffer] = [first]
    for head, column in zip(heads, data, strict=True):
        parts += (head, column)
    return parts


@lru_cache(maxsize=256)
def column_heads(signature_hash: int, rows: int, sizes: tuple[int, ...]) -> list[bytes]:
    """What stands before all columns, and before each: the same for all batches of so many rows."""
    first = HASH_TAG + signature_hash.to_bytes(8, "little") + ROWS_TAG + varint(rows)
    return [first, *(DATA_TAG + varint(size) for size in sizes)]
