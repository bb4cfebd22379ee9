"""Rows to be recorded <-> the bytes of a RecordExperienceRequest, without copying the columns.

Through the generated class every column is copied twice each way. Here a message in the usual form
(each field at most once, nothing unknown) is read in place; any other goes through the generated
class, so that both understand the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from mazemesh.episode_totals import EpisodeTotals
from mazemesh.errors import InvalidArgument
from mazemesh.v1.replay_pb2 import EpisodeTotals as EpisodeMessage
from mazemesh.v1.replay_pb2 import RecordExperienceRequest as Request
from mazemesh.v1.replay_pb2 import TablePriorities
from mazemesh.v1.tensor_pb2 import Columns
from mazemesh.wire import columns as of_columns
from mazemesh.wire.compressed_columns import CompressedColumns, decompress_columns
from mazemesh.wire.protobuf import (
    FIXED64,
    LENGTH_DELIMITED,
    VARINT,
    Buffer,
    bytes_field,
    message_field,
    read_varint,
    tag_of,
    varint,
)
from mazemesh.wire.tensors import Array, to_bytes

MOST_FIELDS: Final = 4096
"""Fields of a request, those of its columns included; more are refused before they are read."""

_TAGS = {name: tag_of(Request, name) for name in Request.DESCRIPTOR.fields_by_name}
# As the first byte of a field tells them; each is the whole tag.
[_TABLE] = _TAGS["table"]
[_WRITER_ID] = _TAGS["writer_id"]
[_SEQUENCE] = _TAGS["sequence"]
[_COLUMNS] = _TAGS["columns"]
[_PRIORITIES] = _TAGS["priorities"]
[_VERSIONS] = _TAGS["policy_versions"]
[_MORE_TABLES] = _TAGS["more_tables"]
[_COLUMNS_ZSTD] = _TAGS["columns_zstd"]
[_EPISODES] = _TAGS["episodes"]
[_SIGNATURE_HASH] = of_columns.HASH_TAG
[_ROWS] = of_columns.ROWS_TAG
[_DATA] = of_columns.DATA_TAG
_NESTED = tuple(
    Request.DESCRIPTOR.fields_by_name[n].number for n in ("columns", "more_tables", "episodes")
)
_FIXED32 = 5
_LARGEST_INT32 = 2**31 - 1
# What the generated class decodes in no time, whatever it is.
_SMALL_BYTES = 64 * 1024


class MoreTable(NamedTuple):
    """Another table for the same rows, and their priorities in it."""

    table: str
    priorities: bytes


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
    more_tables: Sequence[MoreTable] = ()
    columns_zstd: Buffer = b""
    """A frame instead of columns; see `unpack`."""
    episodes: EpisodeTotals | None = None
    """As they came, not checked."""


def encode_record(
    table: str,
    writer_id: str,
    sequence: int,
    columns: Sequence[Buffer] | CompressedColumns,
    priorities: npt.ArrayLike | None = None,
    policy_versions: npt.ArrayLike | None = None,
    more_tables: Mapping[str, npt.ArrayLike | None] | None = None,
    episodes: EpisodeTotals | None = None,
) -> bytes:
    """An encoded request; see `ReplayClient.record`. `columns` are those of `encode_columns`."""
    parts: list[Buffer] = [_names(table, writer_id), _TAGS["sequence"] + varint(sequence)]
    if isinstance(columns, CompressedColumns):
        parts += bytes_field(_TAGS["columns_zstd"], columns.frame)
    else:
        parts += message_field(_TAGS["columns"], columns)
    if priorities is not None:
        parts += bytes_field(_TAGS["priorities"], to_bytes(priorities, np.float64))
    if policy_versions is not None:
        parts += bytes_field(_TAGS["policy_versions"], to_bytes(policy_versions, np.int64))
    for name, own in (more_tables or {}).items():
        more = TablePriorities(
            table=name, priorities=b"" if own is None else to_bytes(own, np.float64)
        )
        parts += bytes_field(_TAGS["more_tables"], more.SerializeToString())
    if episodes is not None:
        parts += bytes_field(_TAGS["episodes"], totals_to_proto(episodes).SerializeToString())
    return b"".join(parts)


@lru_cache(maxsize=256)
def _names(table: str, writer_id: str) -> bytes:
    names = (_TAGS["table"], table), (_TAGS["writer_id"], writer_id)
    return b"".join(part for tag, name in names for part in bytes_field(tag, name.encode()))


def totals_to_proto(totals: EpisodeTotals) -> EpisodeMessage:
    """The wire form of totals."""
    return EpisodeMessage(
        ended=totals.ended,
        reward=totals.reward,
        steps=totals.steps,
        successes=totals.successes,
    )


def totals_from_proto(message: EpisodeMessage) -> EpisodeTotals:
    """Totals as they came."""
    return EpisodeTotals(message.ended, message.reward, message.steps, message.successes)


def array_bytes(array: Array) -> memoryview:
    """The bytes of a contiguous array, not copied."""
    return array.reshape(-1).view(np.uint8).data


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
    more: list[MoreTable] = []
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
        elif tag == _COLUMNS_ZSTD:
            request.columns_zstd = view[start:at]
        elif tag == _MORE_TABLES:
            more.append(_more_table(message[start:at]))
        elif tag == _EPISODES and request.episodes is None:
            request.episodes = _episodes(message[start:at])
        else:
            raise _UnusualError
    request.more_tables = more
    return request


def unpack(request: RecordRequest) -> None:
    """Puts the columns of a frame in the place of the frame; takes long for a large one.

    Raises:
        InvalidArgument: there are columns besides, or it is no frame of Columns of a legal size.
    """
    if request.data or request.rows or request.signature_hash:
        raise InvalidArgument("columns_zstd is set, and columns too; expected one of them")
    content = decompress_columns(request.columns_zstd, "columns_zstd")
    try:
        _read_columns(content, memoryview(content), 0, len(content), request)
    except InvalidArgument:
        raise
    except (_UnusualError, IndexError, ValueError):
        _read_generated_columns(content, request)
    request.columns_zstd = b""


def _read_generated_columns(content: bytes, request: RecordRequest) -> None:
    if len(content) > _SMALL_BYTES and _num_fields(content, 0, len(content)) > MOST_FIELDS:
        raise _too_many()
    try:
        columns = Columns.FromString(content)
    except DecodeError as error:
        raise InvalidArgument(f"columns_zstd is a frame of no Columns: {error}") from None
    request.signature_hash, request.rows = columns.signature_hash, columns.rows
    request.data = list(columns.data)


def _read_columns(
    message: bytes, view: memoryview, at: int, end: int, request: RecordRequest
) -> None:
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
            size, begin = read_varint(message, at + 1)
            at = begin + size
            request.data.append(view[begin:at])
        else:
            raise _UnusualError
    if at != end:
        raise _UnusualError


def _more_table(content: bytes) -> MoreTable:
    try:
        more = TablePriorities.FromString(content)
    except DecodeError:
        raise _UnusualError from None
    return MoreTable(more.table, more.priorities)


def _episodes(content: bytes) -> EpisodeTotals:
    if len(content) > _SMALL_BYTES:
        raise _UnusualError
    try:
        return totals_from_proto(EpisodeMessage.FromString(content))
    except DecodeError:
        raise _UnusualError from None


def _read_generated(message: bytes) -> RecordRequest:
    if len(message) > _SMALL_BYTES and _num_fields(message, 0, len(message), _NESTED) > MOST_FIELDS:
        raise _too_many()
    try:
        request = Request.FromString(message)
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
        [MoreTable(more.table, more.priorities) for more in request.more_tables],
        request.columns_zstd,
        totals_from_proto(request.episodes) if request.HasField("episodes") else None,
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
            if wire_type in (FIXED64, _FIXED32):
                at += 8 if wire_type == FIXED64 else 4
                continue
            value, start = read_varint(message, at)
            at = start + value if wire_type == LENGTH_DELIMITED else start
            if wire_type not in (VARINT, LENGTH_DELIMITED) or at > end:
                return MOST_FIELDS + 1
            if number in nested and wire_type == LENGTH_DELIMITED:
                count += _num_fields(message, start, at)
    except (IndexError, ValueError):
        return MOST_FIELDS + 1
    return count


def _too_many() -> InvalidArgument:
    return InvalidArgument(
        f"the request has more than {MOST_FIELDS} fields, or is encoded as no one does; "
        "expected a RecordExperienceRequest with one entry of columns.data for each column"
    )
