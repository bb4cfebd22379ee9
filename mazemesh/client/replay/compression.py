"""Whether experience is worth packing: by what the way to the server was measured to carry."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from time import perf_counter
from typing import Final

from mazemesh.client.calling.targets import is_local
from mazemesh.wire.compressed_columns import CompressedColumns, compress_columns
from mazemesh.wire.protobuf import Buffer


class Compression(StrEnum):
    """How columns travel to Replay."""

    AUTO = "auto"
    """Packed where that is faster: never to a server on this machine."""

    ZSTD = "zstd"
    NONE = "none"


_KEPT: Final = 8
_FIRST: Final = 2
_AGAIN: Final = 64
_BETTER: Final = 0.9
_SMALL_BYTES: Final = 4096


class FasterWay:
    """Which of two ways to send takes less time a byte: plain, or packed first.

    A call may be held up by the table's limiter as well, so a way is as fast as its fastest of the
    last eight calls. Both are tried twice, and the slower one again now and then, since links
    change. Packing is chosen where it saves a tenth at least.
    """

    def __init__(self) -> None:
        self._seconds: dict[bool, deque[float]] = {
            packed: deque(maxlen=_KEPT) for packed in (False, True)
        }
        self._calls = 0

    @property
    def packed(self) -> bool:
        """Whether the next one should be packed."""
        plain, packed = self._seconds[False], self._seconds[True]
        if min(len(plain), len(packed)) < _FIRST:
            return len(packed) < len(plain)
        faster = min(packed) < _BETTER * min(plain)
        return faster != (self._calls % _AGAIN == 0)

    def took(self, packed: bool, size: int, seconds: float) -> None:
        """Notes a call with columns of `size` bytes, and the seconds to pack and send them."""
        self._calls += 1
        self._seconds[packed].append(seconds / size)


class Packer:
    """Packs the batches of one writer, or leaves them as they are."""

    def __init__(self, compression: Compression, address: str) -> None:
        self._compression = Compression(compression)
        if self._compression is Compression.AUTO and is_local(address):
            self._compression = Compression.NONE
        self._way = FasterWay()
        self._began = 0.0
        self._size = 0
        self._packed = False

    def pack(self, columns: Sequence[Buffer]) -> Sequence[Buffer] | CompressedColumns:
        """Columns as they should travel now; `columns` are those of `encode_columns`."""
        self._began = perf_counter()
        self._size = sum(map(len, columns))
        self._packed = self._size >= _SMALL_BYTES and (
            self._compression is Compression.ZSTD
            or (self._compression is Compression.AUTO and self._way.packed)
        )
        return compress_columns(columns) if self._packed else columns

    def sent(self) -> None:
        """What was packed last has been answered."""
        if self._compression is Compression.AUTO and self._size >= _SMALL_BYTES:
            self._way.took(self._packed, self._size, perf_counter() - self._began)
