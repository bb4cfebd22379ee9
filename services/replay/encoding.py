"""Drawn rows -> the bytes of a GetExperienceBatchResponse, copying the columns only once.

Through the generated class a column is copied three times: to `bytes`, into the message and out of
it, which at a megabyte takes ten times as long. Here the small fields go through the class, and the
columns are put in front of them by hand: encodings that are concatenated are merged (protobuf.dev,
"Encoding", "Last One Wins").
"""

from __future__ import annotations

from mazemesh.v1 import replay_pb2 as pb
from services.replay.table import Sample, Updated

# Tags: field number * 8 + wire type (0 varint, 1 eight bytes, 2 length and bytes).
_RESPONSE_COLUMNS = b"\x0a"
_COLUMNS_SIGNATURE_HASH = b"\x09"
_COLUMNS_ROWS = b"\x10"
_COLUMNS_DATA = b"\x1a"


def encode_sample(sample: Sample, signature_hash: int, updated: Updated) -> bytes:
    """The wire form of drawn rows and of what became of the priorities that came before."""
    columns: list[bytes | memoryview] = [
        _COLUMNS_SIGNATURE_HASH,
        signature_hash.to_bytes(8, "little"),
        _COLUMNS_ROWS,
        _varint(len(sample.keys)),
    ]
    for column in sample.columns:
        columns += (_COLUMNS_DATA, _varint(column.nbytes), column.data)
    size = sum(map(_size, columns))
    rest = pb.GetExperienceBatchResponse(
        keys=sample.keys.tobytes(),
        probabilities=sample.probabilities.tobytes(),
        priorities=sample.priorities.tobytes(),
        policy_versions=sample.policy_versions.tobytes(),
        times_sampled=sample.times_sampled.tobytes(),
        table_size=sample.table_size,
        updated=updated.updated,
        stale=updated.stale,
    )
    return b"".join((_RESPONSE_COLUMNS, _varint(size), *columns, rest.SerializeToString()))


def _size(part: bytes | memoryview) -> int:
    return part.nbytes if isinstance(part, memoryview) else len(part)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the high bit tells that more follow."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
