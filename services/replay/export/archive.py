"""Old experience: what a checkpoint made superfluous goes into Parquet files before it is deleted.

Nothing but this module's user decides that it is wanted; without it segments are just deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import structlog

from mazemesh.wire.tensors import Signature
from services.replay.export import parquet
from services.replay.journal.files import Files
from services.replay.journal.frames import FrameReader
from services.replay.journal.records import decode
from services.replay.table.operations import Insert

_log = structlog.get_logger("services.replay.archive")


class ParquetArchive:
    """A folder of Parquet files, one for each sealed segment; see `Retire`.

    Rows stand as they were inserted: under their first priority, 1 where they had none. Beyond
    `most_bytes` over all tables the oldest files are deleted.
    """

    def __init__(self, folder: Path, files: Files, most_bytes: int) -> None:
        self._folder = folder
        self._files = files
        self._most_bytes = most_bytes

    def __call__(self, segment: Path, signature: Signature) -> None:
        """Writes the rows that a segment inserted. Blocks."""
        folder = self._folder / segment.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{segment.name}.parquet"
        try:
            rows = parquet.write(target, signature, self._rows(segment, signature))
        except OSError as error:
            # An archive that is full must not stop the service.
            _log.warning("segment not archived", segment=str(segment), reason=str(error))
            return
        if not rows:
            target.unlink()
        self._keep_within_limit()

    def _rows(self, segment: Path, signature: Signature) -> Iterator[parquet.Rows]:
        with self._files.open(segment) as file:
            data = file.read()
        for body in FrameReader(data):
            operation = decode(body, signature)
            if isinstance(operation, Insert):
                batch = operation.batch
                priorities, versions = batch.priorities, batch.policy_versions
                yield parquet.Rows(
                    [np.frombuffer(c, np.uint8).reshape(batch.rows, -1) for c in batch.columns],
                    np.ones(batch.rows) if priorities is None else priorities,
                    np.full(batch.rows, -1) if versions is None else versions,
                )

    def _keep_within_limit(self) -> None:
        found = sorted(self._folder.glob("*/*.parquet"), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in found)
        for path in found:
            if total <= self._most_bytes:
                return
            total -= path.stat().st_size
            path.unlink()
