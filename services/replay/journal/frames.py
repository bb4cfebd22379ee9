"""Frames: bodies of bytes behind a header with their length and checksums, one after the other.

| offset | bytes | |
|---|---|---|
| 0 | 4 | `mzR` and the format of the bodies, now 2 |
| 4 | 4 | length of the body |
| 8 | 4 | CRC-32 of the body |
| 12 | 8 | how much of the file was safely on disk when the frame was written |
| 20 | 4 | CRC-32 of the 20 bytes before |

All numbers are little-endian. The header has a checksum of its own, so that a wrong length is told
from a file that was cut off.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import TypeAlias

FORMAT = 2
"""Of what is in the bodies: format 1 had messages of replay.proto (see `format_1`)."""

_NAME = b"mzR"
MAGIC = _NAME + bytes([FORMAT])
_KNOWN = (_NAME + b"\x01", MAGIC)
_HEADER = struct.Struct("<4sIIQ")
_CHECKSUM = struct.Struct("<I")
HEADER_BYTES = _HEADER.size + _CHECKSUM.size

Buffer: TypeAlias = bytes | memoryview


def make_frame(parts: Sequence[Buffer], safe_bytes: int = 0) -> list[Buffer]:
    """Header and body, not joined; `parts` are contiguous and of single bytes."""
    length, checksum = 0, 0
    for part in parts:
        length += len(part)
        checksum = zlib.crc32(part, checksum)
    header = _HEADER.pack(MAGIC, length, checksum, safe_bytes)
    return [header + _CHECKSUM.pack(zlib.crc32(header)), *parts]


def frame_bytes(header: bytes) -> int:
    """Length of the body behind a header; 0 where the header is not whole or not right."""
    if len(header) < HEADER_BYTES or _CHECKSUM.unpack_from(header, _HEADER.size) != (
        zlib.crc32(header[: _HEADER.size]),
    ):
        return 0
    length: int = _HEADER.unpack_from(header)[1]
    return length


class FrameReader:
    """Iterates over the bodies in `data` up to its end or to the first frame that is not whole."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.offset = 0
        """Where the frames read so far end."""
        self.problem = ""
        """What is wrong with the frame at `offset`; empty where there is none."""

    def __iter__(self) -> Iterator[memoryview]:
        view = memoryview(self._data)
        while self.offset < len(view) and not self.problem:
            stop, _, self.problem = self._read(self.offset)
            if not self.problem:
                start, self.offset = self.offset + HEADER_BYTES, stop
                yield view[start:stop]

    @property
    def is_damaged(self) -> bool:
        """Whether the bad frame was once safely on disk, as its header or a later frame tells.

        Otherwise it is what remains when a process or a machine stops in the middle of a write.
        """
        if self.problem.startswith("has format"):
            return True
        at = self._data.find(_NAME, self.offset + 1) if self.problem else -1
        while at >= 0:
            _, safe_bytes, problem = self._read(at)
            if not problem and safe_bytes > self.offset:
                return True
            at = self._data.find(_NAME, at + 1)
        return False

    def _read(self, start: int) -> tuple[int, int, str]:
        """Where the frame at `start` ends, what it says was safe, and what is wrong with it."""
        body = start + HEADER_BYTES
        if body > len(self._data):
            return 0, 0, f"is cut off after {len(self._data) - start} bytes of a header"
        magic, length, checksum, safe_bytes = _HEADER.unpack_from(self._data, start)
        header = self._data[start : start + _HEADER.size]
        if not magic.startswith(_NAME) or (zlib.crc32(header),) != _CHECKSUM.unpack_from(
            self._data, start + _HEADER.size
        ):
            return 0, 0, "has a header with a wrong checksum"
        if magic not in _KNOWN:
            return 0, 0, f"has format {magic[-1]} of another version; this one reads 1..{FORMAT}"
        if body + length > len(self._data):
            return 0, 0, f"is cut off after {len(self._data) - body} of {length} bytes"
        if zlib.crc32(memoryview(self._data)[body : body + length]) != checksum:
            return 0, 0, "has a wrong checksum"
        return body + length, safe_bytes, ""
