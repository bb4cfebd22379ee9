"""The message Columns in one Zstandard frame (RFC 8878), for links slower than a core packs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from mazemesh.errors import InvalidArgument
from mazemesh.wire.protobuf import Buffer

if TYPE_CHECKING:
    import zstandard

MOST_BYTES: Final = 64 * 1024 * 1024 + 64 * 1024
"""Of the message in a frame: its columns, and what stands before each."""

LEVEL: Final = 1
"""Of compression: the fastest. Observations are planes of few values, which higher ones pack little
tighter (`python -m bench slow-link`)."""

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_local = threading.local()


class CompressedColumns(NamedTuple):
    """Columns as they travel in `columns_zstd`."""

    frame: bytes


def compress_columns(columns: Sequence[Buffer]) -> CompressedColumns:
    """Packs the parts that `encode_columns` made."""
    return CompressedColumns(_compressor().compress(b"".join(columns)))


def content_bytes(frame: Buffer, field: str) -> int:
    """The size that a frame's header tells of its content, which is memory to be taken for it.

    Raises:
        InvalidArgument: it is no frame, tells no size, or more than `MOST_BYTES`; names `field`.
    """
    import zstandard

    if bytes(frame[:4]) != _MAGIC:
        raise InvalidArgument(f"{field} has {len(frame)} bytes that are no Zstandard frame")
    try:
        size = zstandard.frame_content_size(bytes(frame[:32]))
    except zstandard.ZstdError as error:
        raise InvalidArgument(f"{field} is no Zstandard frame: {error}") from None
    if not 1 <= size <= MOST_BYTES:
        told = "no size of its content" if size < 0 else f"a content of {size} bytes"
        raise InvalidArgument(f"{field} has a header with {told}; expected 1..{MOST_BYTES} bytes")
    return size


def decompress_columns(frame: Buffer, field: str) -> bytes:
    """The message in a frame; never more memory is taken than `MOST_BYTES` and what the frame has.

    Raises:
        InvalidArgument: see `content_bytes`, or the content is damaged or has another size.
    """
    import zstandard

    size = content_bytes(frame, field)
    try:
        content: bytes = _decompressor().decompress(
            frame, max_output_size=size, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise InvalidArgument(f"{field} cannot be unpacked: {error}") from None
    if len(content) != size:
        raise InvalidArgument(f"{field} has {len(content)} bytes; its header says {size}")
    return content


def _compressor() -> zstandard.ZstdCompressor:
    """Of this thread: they are not to be shared, and cost some memory to make."""
    if not hasattr(_local, "compressor"):
        import zstandard

        _local.compressor = zstandard.ZstdCompressor(level=LEVEL, write_content_size=True)
    compressor: zstandard.ZstdCompressor = _local.compressor
    return compressor


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_local, "decompressor"):
        import zstandard

        _local.decompressor = zstandard.ZstdDecompressor(max_window_size=MOST_BYTES)
    decompressor: zstandard.ZstdDecompressor = _local.decompressor
    return decompressor
