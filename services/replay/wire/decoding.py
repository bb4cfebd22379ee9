"""The bytes of a RecordExperienceRequest -> its fields, without copying the columns.

Through the generated class every column is copied twice. Here a message in the usual form (each
field at most once, nothing unknown) is read in place; any other goes through the generated class,
so that both understand the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.protobuf import Buffer, read_varint
from services.replay.limits import MOST_FIELDS

# Tags: field number * 8 + wire type (0 varint, 1 eight bytes, 2 length and bytes).
_TABLE, _WRITER_ID, _SEQUENCE, _COLUMNS, _PRIORITIES, _VERSIONS, _MORE_TABLES = (
    0x0A, 0x12, 0x18, 0x22, 0x2A, 0x32, 0x3A,
)  # fmt: skip
_SIGNATURE_HASH, _ROWS, _DATA = 0x09, 0x10, 0x1A
_LARGEST_INT32 = 2**31 - 1
# What the generated class decodes in no time, whatever it is.
_SMALL_BYTES = 64 * 1024


@dataclass(slots=True)
class RecordRequest:
    """The fields of a RecordExperienceRequest; bytes are views of the message."""

    table: str = ""
    writer_id: str = ""
    sequence: int = 0
    signature_hash: int = 0
    rows: int = 0
    data: list[Buffer] = field(default_factory=list)
    priorities: Buffer = b""
    policy_versions: Buffer = b""
    more_tables: Sequence[pb.TablePriorities] = ()
    packed: Buffer | None = None
    """All fields of `data` one after the other, where they stand like that in the message."""


class _UnusualError(Exception):
    """Not in the form that is read in place."""


def decode_record(message: bytes) -> RecordRequest:
    """Reads a request.

    Raises:
        InvalidArgument: it is no RecordExperienceRequest.
    """
    try:
        return _read(message)
    except InvalidArgument:
        raise
    except (_UnusualError, IndexError, ValueError):
        return _read_generated(message)


def _read(message: bytes) -> RecordRequest:
    view = memoryview(message)
    request = RecordRequest()
    more: list[pb.TablePriorities] = []
    at, end = 0, len(message)
    has_columns = False
    fields = 0
    while at < end:
        fields += 1
        if fields > MOST_FIELDS:
            raise _too_many()
        tag = message[at]
        value, at = read_varint(message, at + 1)
        if tag == _SEQUENCE:
            request.sequence = value
            continue
        start, at = at, at + value
        if at > end:
            raise _UnusualError
        if tag == _COLUMNS and not has_columns:
            _read_columns(message, view, start, at, request)
            has_columns = True
        elif tag == _TABLE:
            request.table = str(view[start:at], "utf-8")
        elif tag == _WRITER_ID:
            request.writer_id = str(view[start:at], "utf-8")
        elif tag == _PRIORITIES:
            request.priorities = view[start:at]
        elif tag == _VERSIONS:
            request.policy_versions = view[start:at]
        elif tag == _MORE_TABLES:
            more.append(_more_table(message[start:at]))
        else:
            raise _UnusualError
    request.more_tables = more
    return request


def _read_columns(
    message: bytes, view: memoryview, at: int, end: int, request: RecordRequest
) -> None:
    start = end
    fields = 0
    while at < end:
        fields += 1
        if fields > MOST_FIELDS:
            raise _too_many()
        tag = message[at]
        if request.data and tag != _DATA:
            raise _UnusualError  # the data come last, one after the other
        if tag == _SIGNATURE_HASH:
            at += 9
            request.signature_hash = int.from_bytes(view[at - 8 : at], "little")
        elif tag == _ROWS:
            request.rows, at = read_varint(message, at + 1)
            if request.rows > _LARGEST_INT32:
                raise _UnusualError
        elif tag == _DATA:
            start = min(start, at)
            size, begin = read_varint(message, at + 1)
            at = begin + size
            request.data.append(view[begin:at])
        else:
            raise _UnusualError
    if at != end:
        raise _UnusualError
    request.packed = view[start:end]


def _more_table(content: bytes) -> pb.TablePriorities:
    try:
        return pb.TablePriorities.FromString(content)
    except DecodeError:
        raise _UnusualError from None


def _read_generated(message: bytes) -> RecordRequest:
    if len(message) > _SMALL_BYTES and _num_fields(message, 0, len(message), (4, 7)) > MOST_FIELDS:
        raise _too_many()
    try:
        request = pb.RecordExperienceRequest.FromString(message)
    except DecodeError as error:
        raise InvalidArgument(f"the request is no RecordExperienceRequest: {error}") from None
    return RecordRequest(
        request.table,
        request.writer_id,
        request.sequence,
        request.columns.signature_hash,
        request.columns.rows,
        list(request.columns.data),
        request.priorities,
        request.policy_versions,
        list(request.more_tables),
    )


def _num_fields(message: bytes, at: int, end: int, nested: Sequence[int] = ()) -> int:
    """Fields of a message and of those `nested` in it; above MOST_FIELDS it is not counted on.

    A form that no encoder writes counts as too many: who knows how long it takes to read.
    """
    count = 0
    try:
        while at < end and count <= MOST_FIELDS:
            count += 1
            key, at = read_varint(message, at)
            number, wire_type = key >> 3, key & 7
            if wire_type in (1, 5):
                at += 8 if wire_type == 1 else 4
                continue
            value, start = read_varint(message, at)
            at = start + value if wire_type == 2 else start
            if wire_type not in (0, 2) or at > end:
                return MOST_FIELDS + 1
            if number in nested and wire_type == 2:
                count += _num_fields(message, start, at)
    except (IndexError, ValueError):
        return MOST_FIELDS + 1
    return count


def _too_many() -> InvalidArgument:
    return InvalidArgument(
        f"the request has more than {MOST_FIELDS} fields, or is encoded as no one does; "
        "expected a RecordExperienceRequest with one entry of columns.data for each column"
    )
