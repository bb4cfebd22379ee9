"""A checkpoint: a table's definition, its state, its arrays and its rows in one file of frames."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from mazemesh.process.errors import StartError
from mazemesh.wire.tensors import little_endian
from services.replay.journal import format_1
from services.replay.journal.definition import decode_definition, encode_definition
from services.replay.journal.files import AppendFile, Files
from services.replay.journal.frames import (
    HEADER_BYTES,
    Buffer,
    FrameReader,
    frame_bytes,
    make_frame,
)
from services.replay.table.image import TableImage
from services.replay.table.row_copy import RowCopy, RowSlice

InThread: TypeAlias = Callable[..., Awaitable[Any]]
"""Runs `work(*arguments)` beside the event loop and gives its result; see `threads.in_thread`."""

# The kinds of parts. Those of the definition are other ones in format 1.
_TABLE_1, _ORIGINAL_1, _SCALARS, _ARRAY, _ROWS, _END, _TABLE, _ORIGINAL = (
    bytes([kind]) for kind in range(1, 9)
)
_SYNC_BYTES = 64 * 2**20


def checkpoint_name(number: int) -> str:
    """File name of the checkpoint before which segment `number` begins."""
    return f"checkpoint-{number:010}"


async def write_checkpoint(
    files: Files, path: Path, image: TableImage, rows: RowCopy, in_thread: InThread
) -> int:
    """Writes a table to `path`, which appears at once when it is whole; returns its bytes.

    Raises:
        OSError: there is nothing at `path`, or what was there before.
    """
    target = _Writer(files, path.with_name("checkpoint.unfinished"))
    try:
        await in_thread(target.write_image, image)
        while (part := rows.next()) is not None:
            await in_thread(target.write_rows, part)
        await in_thread(target.finish)
        await in_thread(target.publish, path)
    finally:
        # Where it was not published, also when this is cancelled; the thread is out of it by then.
        await in_thread(target.discard)
    return target.size


class CheckpointReader:
    """Reads a checkpoint from front to back: first the image, then the rows."""

    def __init__(self, files: Files, path: Path) -> None:
        self._path = path
        self._file = files.open(path)
        self._offset = 0

    def image(self) -> TableImage:
        """Everything but the rows.

        Raises:
            StartError: the file is damaged; names file and offset.
        """
        kind, body = self._next()
        is_format_1 = kind == _TABLE_1
        if is_format_1:
            spec = format_1.read_definition(body)
            original = format_1.read_definition(self._expect(_ORIGINAL_1))
        else:
            spec = decode_definition(self._checked(_TABLE, kind, body))
            original = decode_definition(self._expect(_ORIGINAL))
        scalars: dict[str, Any] = json.loads(bytes(self._expect(_SCALARS)))
        if is_format_1:
            format_1.without_fingerprints(scalars)
        arrays = {
            name: np.frombuffer(self._expect(_ARRAY), dtype).astype(
                np.dtype(dtype).newbyteorder("="), copy=False
            )
            for name, dtype in scalars.pop("arrays")
        }
        return TableImage(spec, original, scalars, arrays)

    def rows(self, widths: Sequence[int]) -> Iterator[RowSlice]:
        """The rows; `widths` are the bytes of each column in one row."""
        while True:
            kind, body = self._next()
            if kind == _END:
                self._file.close()
                return
            yield _slice(body, widths)

    def close(self) -> None:
        """Closes the file, of which not all may have been read."""
        self._file.close()

    def _expect(self, wanted: bytes) -> memoryview:
        return self._checked(wanted, *self._next())

    def _checked(self, wanted: bytes, kind: bytes, body: memoryview) -> memoryview:
        if kind != wanted:
            raise self._damaged(f"is of kind {kind!r} instead of {wanted!r}")
        return body

    def _next(self) -> tuple[bytes, memoryview]:
        data = _read_frame(self._file)
        reader = FrameReader(data)
        body = next(iter(reader), None)
        if body is None:
            raise self._damaged(reader.problem or "is missing")
        self._offset += len(data)
        return bytes(body[:1]), body[1:]

    def _damaged(self, problem: str) -> StartError:
        return StartError(
            f"{self._path} is damaged: the part at byte {self._offset} {problem}. "
            f"To do without the table, move the folder {self._path.parent} away"
        )


class _Writer:
    """Writes a file that has its name once it is whole.

    Syncs now and then, so that the last sync does not hold up the log's.
    """

    def __init__(self, files: Files, unfinished: Path) -> None:
        self.size = 0
        self._files = files
        self._unfinished = unfinished
        self._file: AppendFile | None = None
        self._synced = 0

    def write_image(self, image: TableImage) -> None:
        self._file = self._files.create(self._unfinished)
        self._write(_frames_of(image))

    def write_rows(self, part: RowSlice) -> None:
        self._write(make_frame([_ROWS, _bytes(part.slots), *map(_bytes, part.columns)]))
        if self.size - self._synced >= _SYNC_BYTES:
            self._sync()

    def finish(self) -> None:
        self._write(make_frame([_END]))
        self._sync()

    def publish(self, path: Path) -> None:
        self._close()
        self._files.rename(self._unfinished, path)
        self._files.sync_folder(path.parent)

    def discard(self) -> None:
        """Leaves nothing unfinished."""
        self._close()
        self._files.remove(self._unfinished)

    def _write(self, buffers: list[Buffer]) -> None:
        assert self._file is not None
        self._file.write(buffers)
        self.size = self._file.size

    def _sync(self) -> None:
        assert self._file is not None
        self._file.sync()
        self._synced = self.size

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _frames_of(image: TableImage) -> list[Buffer]:
    scalars = dict(image.scalars)
    scalars["arrays"] = [
        (name, array.dtype.newbyteorder("<").str) for name, array in image.arrays.items()
    ]
    arrays: list[list[Buffer]] = [[_ARRAY, _bytes(array)] for array in image.arrays.values()]
    bodies: list[list[Buffer]] = [
        [_TABLE, encode_definition(image.spec)],
        [_ORIGINAL, encode_definition(image.original_spec)],
        [_SCALARS, json.dumps(scalars).encode()],
        *arrays,
    ]
    return [buffer for body in bodies for buffer in make_frame(body)]


def _bytes(array: np.ndarray[Any, Any]) -> memoryview:
    return little_endian(array).reshape(-1).view(np.uint8).data


def _slice(body: memoryview, widths: Sequence[int]) -> RowSlice:
    count = len(body) // (8 + sum(widths))
    slots = np.frombuffer(body, "<i8", count).astype(np.int64, copy=False)
    columns, start = [], 8 * count
    for width in widths:
        column = np.frombuffer(body, np.uint8, count * width, start)
        columns.append(column.reshape(count, width))
        start += count * width
    return RowSlice(slots, columns)


def _read_frame(file: BinaryIO) -> bytes:
    header = file.read(HEADER_BYTES)
    return header + file.read(frame_bytes(header))
