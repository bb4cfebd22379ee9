"""Operations on a table <-> the bodies of frames in its log.

A body is one byte that names the kind, and then numbers of fixed width, little-endian. An insert
has a head (key of its first row, sequence, rows, what follows, length of the writer's name), the
name, priorities and policy versions where the batch had any, and the columns one after the other:
how long each is follows from the table's signature. Other kinds stand in segments of format 1; see
`format_1`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.wire.tensors import Signature, little_endian
from services.replay.journal import format_1
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

_INSERT_1, _PRIORITIES, _SERVE, _DROP, _LIMITER, _RESTART, _DROP_SOME, _INSERT = range(1, 9)
_INSERT_HEAD = struct.Struct("<BQQIBH")
_HAS_PRIORITIES, _HAS_VERSIONS = 1, 2
_KIND_AND_NUMBER = struct.Struct("<Bq")
_KIND_AND_NUMBERS = struct.Struct("<Bqq")
_KIND_AND_LIMITER = struct.Struct("<Bqddd")


def encode(operation: Operation, signature: Signature) -> Sequence[Buffer]:
    """The parts of a body; large ones are the operation's own memory."""
    match operation:
        case Insert(batch, first_key):
            return [_insert_head(batch, first_key), *batch.columns]
        case SetPriorities(keys, priorities):
            return [bytes([_PRIORITIES]), _bytes(keys), _bytes(priorities)]
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


def _insert_head(batch: Batch, first_key: int) -> bytes:
    """All but the columns."""
    writer, priorities, versions = batch.writer_id.encode(), batch.priorities, batch.policy_versions
    has = _HAS_PRIORITIES * (priorities is not None) | _HAS_VERSIONS * (versions is not None)
    head = _INSERT_HEAD.pack(_INSERT, first_key, batch.sequence, batch.rows, has, len(writer))
    beside = [_bytes(each) for each in (priorities, versions) if each is not None]
    return b"".join([head, writer, *beside])


def _bytes(array: npt.NDArray[Any]) -> bytes:
    return little_endian(array).tobytes()


def _read_insert(body: memoryview, signature: Signature) -> Operation:
    _, first_key, sequence, rows, has, writer_bytes = _INSERT_HEAD.unpack_from(body)
    at = _INSERT_HEAD.size + writer_bytes
    beside = 8 * rows * ((has & _HAS_PRIORITIES != 0) + (has & _HAS_VERSIONS != 0))
    if len(body) != at + beside + rows * signature.row_bytes:
        raise ValueError(f"an insert of {rows} rows has {len(body)} bytes")
    writer = str(body[_INSERT_HEAD.size : at], "utf-8")
    priorities = versions = None
    if has & _HAS_PRIORITIES:
        priorities, at = np.frombuffer(body, "<f8", rows, at).astype(np.float64), at + 8 * rows
    if has & _HAS_VERSIONS:
        versions, at = np.frombuffer(body, "<i8", rows, at).astype(np.int64), at + 8 * rows
    columns = []
    for spec in signature.columns:
        columns.append(bytes(body[at : at + rows * spec.row_bytes]))
        at += rows * spec.row_bytes
    return Insert(Batch(writer, sequence, rows, columns, priorities, versions), first_key)


def _read_priorities(body: memoryview, signature: Signature) -> Operation:
    count = (len(body) - 1) // 16
    content = bytes(body[1:])
    return SetPriorities(
        np.frombuffer(content, "<u8", count).astype(np.uint64, copy=False),
        np.frombuffer(content, "<f8", count, 8 * count).astype(np.float64, copy=False),
    )


def _read_limiter(body: memoryview, signature: Signature) -> Operation:
    return SetLimiter(LimiterSpec(*_KIND_AND_LIMITER.unpack(body)[1:]))


def _read_drop(body: memoryview, signature: Signature) -> Operation:
    return DropOlder(*_KIND_AND_NUMBERS.unpack(body)[1:])


def _read_number(make: Callable[[int], Operation]) -> Callable[[memoryview, Signature], Operation]:
    return lambda body, signature: make(_KIND_AND_NUMBER.unpack(body)[1])


_READERS: dict[int, Callable[[memoryview, Signature], Operation]] = {
    _INSERT: _read_insert,
    _INSERT_1: format_1.read_insert,
    _PRIORITIES: _read_priorities,
    _SERVE: _read_number(Serve),
    _DROP: _read_number(DropOlder),
    _LIMITER: _read_limiter,
    _RESTART: _read_number(Restart),
    _DROP_SOME: _read_drop,
}
