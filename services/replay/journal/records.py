"""Operations on a table <-> the bodies of frames in its log.

A body is one byte that names the kind, and then: an insert has the key of its first row and the
encoded RecordExperienceRequest just as it came, the others small numbers of fixed width.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import numpy as np

from mazemesh.wire.experience_batch import encode_columns, encode_record
from mazemesh.wire.tensors import Signature
from services.replay.journal.frames import Buffer
from services.replay.table.operations import (
    Batch,
    DropOlder,
    Insert,
    Operation,
    Restart,
    Serve,
    SetLimiter,
    SetPriorities,
)
from services.replay.table.spec import LimiterSpec
from services.replay.wire.convert import to_batch
from services.replay.wire.decoding import decode_record

_INSERT, _PRIORITIES, _SERVE, _DROP, _LIMITER, _RESTART, _DROP_SOME = range(1, 8)
_KIND_AND_KEY = struct.Struct("<BQ")
_KIND_AND_NUMBER = struct.Struct("<Bq")
_KIND_AND_NUMBERS = struct.Struct("<Bqq")
_KIND_AND_LIMITER = struct.Struct("<Bqddd")


def encode(operation: Operation, signature: Signature) -> Sequence[Buffer]:
    """The parts of a body."""
    match operation:
        case Insert(batch, first_key):
            head = _KIND_AND_KEY.pack(_INSERT, first_key)
            return [head, *(batch.encoded or encode_batch(batch, signature))]
        case SetPriorities(keys, priorities):
            return [bytes([_PRIORITIES]), keys.tobytes(), priorities.tobytes()]
        case Serve(count):
            return [_KIND_AND_NUMBER.pack(_SERVE, count)]
        case DropOlder(policy_version, 0):
            return [_KIND_AND_NUMBER.pack(_DROP, policy_version)]
        case DropOlder(policy_version, most):
            return [_KIND_AND_NUMBERS.pack(_DROP_SOME, policy_version, most)]
        case SetLimiter(limiter):
            return [
                _KIND_AND_LIMITER.pack(
                    _LIMITER,
                    limiter.min_size_to_sample,
                    limiter.samples_per_insert,
                    limiter.min_diff,
                    limiter.max_diff,
                )
            ]
        case Restart(row_number):
            return [_KIND_AND_NUMBER.pack(_RESTART, row_number)]


def decode(body: memoryview, signature: Signature) -> Operation:
    """The operation in a body.

    Raises:
        ValueError: there is none; the checksum was right, so another version wrote it.
    """
    try:
        read = _READERS[body[0]]
    except (IndexError, KeyError):
        raise ValueError(f"a record of unknown kind {bytes(body[:1])!r}") from None
    return read(body, signature)


def encode_batch(batch: Batch, signature: Signature) -> list[bytes]:
    """A batch as the parts of an encoded RecordExperienceRequest without a table."""
    columns = encode_columns(signature.hash, batch.rows, batch.columns)
    return [
        encode_record(
            "", batch.writer_id, batch.sequence, columns, batch.priorities, batch.policy_versions
        )
    ]


def _read_insert(body: memoryview, signature: Signature) -> Operation:
    _, first_key = _KIND_AND_KEY.unpack_from(body)
    encoded = bytes(body[_KIND_AND_KEY.size :])
    return Insert(to_batch(decode_record(encoded), signature, encoded), first_key)


def _read_priorities(body: memoryview, signature: Signature) -> Operation:
    count = (len(body) - 1) // 16
    content = bytes(body[1:])
    return SetPriorities(
        np.frombuffer(content, "<u8", count), np.frombuffer(content, "<f8", count, 8 * count)
    )


def _read_limiter(body: memoryview, signature: Signature) -> Operation:
    return SetLimiter(LimiterSpec(*_KIND_AND_LIMITER.unpack(body)[1:]))


def _read_drop(body: memoryview, signature: Signature) -> Operation:
    return DropOlder(*_KIND_AND_NUMBERS.unpack(body)[1:])


def _read_number(make: Callable[[int], Operation]) -> Callable[[memoryview, Signature], Operation]:
    return lambda body, signature: make(_KIND_AND_NUMBER.unpack(body)[1])


_READERS: dict[int, Callable[[memoryview, Signature], Operation]] = {
    _INSERT: _read_insert,
    _PRIORITIES: _read_priorities,
    _SERVE: _read_number(Serve),
    _DROP: _read_number(DropOlder),
    _LIMITER: _read_limiter,
    _RESTART: _read_number(Restart),
    _DROP_SOME: _read_drop,
}
