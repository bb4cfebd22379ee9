"""Reads the segments of a log after a restart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog

from mazemesh.process.errors import StartError
from mazemesh.wire.tensors import Signature
from services.replay.journal.files import Files
from services.replay.journal.frames import FrameReader
from services.replay.journal.records import decode
from services.replay.journal.segment_writer import segment_name
from services.replay.table.operations import Operation

_log = structlog.get_logger("services.replay.log")


class LogReader:
    """The operations in segments `numbers`, oldest first.

    The last segment may end in the middle of a write, when the process or the machine stopped
    there. That part was never promised to anybody: it is cut off, and the log says so. Anything
    else that is not whole was safely on disk once, and is refused.
    """

    def __init__(
        self, files: Files, folder: Path, numbers: Sequence[int], signature: Signature
    ) -> None:
        self._files = files
        self._folder = folder
        self._numbers = numbers
        self._signature = signature
        self.read_bytes = 0

    def __iter__(self) -> Iterator[Operation]:
        for number in self._numbers:
            path = self._folder / segment_name(number)
            with self._files.open(path) as file:
                data = file.read()
            reader = FrameReader(data)
            for body in reader:
                yield self._decode(body, path, reader)
            if reader.problem:
                self._handle_problem(path, data, reader, is_last=number == self._numbers[-1])
            self.read_bytes += reader.offset

    def _decode(self, body: memoryview, path: Path, reader: FrameReader) -> Operation:
        try:
            return decode(body, self._signature)
        except ValueError as error:
            raise StartError(
                f"{path}: the record that ends at byte {reader.offset} cannot be read: {error}"
            ) from error

    def _handle_problem(self, path: Path, data: bytes, reader: FrameReader, is_last: bool) -> None:
        offset = reader.offset
        if not is_last or reader.is_damaged:
            raise StartError(
                f"{path} is damaged: the record at byte {offset} {reader.problem}, though it was "
                "safely on disk. To go on with what stands before it, move the later log-* files "
                f"away and cut this one off: truncate -s {offset} {path}"
            )
        rest = data[offset:]
        _log.warning(
            "the log ends in an unfinished record, which is cut off",
            file=str(path),
            offset=offset,
            bytes=len(rest),
            problem=reader.problem,
        )
        if rest.strip(b"\0") and "cut off" not in reader.problem:
            # Should it be damage after all, then nothing was thrown away.
            self._set_aside(path.with_name(f"{path.name}.cut-{offset}"), rest)
        self._files.truncate(path, offset)

    def _set_aside(self, path: Path, rest: bytes) -> None:
        aside = self._files.create(path)
        aside.write([rest])
        aside.sync()
        aside.close()
