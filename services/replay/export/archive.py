"""Old experience: what a checkpoint made superfluous goes into Parquet files before it is deleted.

Nothing but this module's user decides that it is wanted; without it segments are just deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import structlog

from mazemesh.errors import MazemeshError
from mazemesh.wire.tensors import Signature
from services._harness.blobs.digest import digest_of
from services._harness.blobs.store import Blobs, every
from services.replay.export import parquet
from services.replay.journal.files import Files
from services.replay.journal.frames import FrameReader
from services.replay.journal.records import decode
from services.replay.table.operations import Insert

_log = structlog.get_logger("services.replay.archive")


class ParquetArchive:
    """Parquet files in a blob store, one for each sealed segment; see `Retire`.

    Rows stand as they were inserted: under their first priority, 1 where they had none. Beyond
    `most_bytes` over all tables the oldest files are deleted.
    """

    def __init__(self, blobs: Blobs, unfinished: Path, files: Files, most_bytes: int) -> None:
        """`unfinished`: a folder of this process, in which files are written."""
        self._blobs = blobs
        self._unfinished = unfinished
        self._files = files
        self._most_bytes = most_bytes

    def __call__(self, segment: Path, signature: Signature) -> None:
        """Writes the rows that a segment inserted. Blocks."""
        table = segment.parent.name
        target = self._unfinished / f"{table}-{segment.name}.parquet"
        try:
            if parquet.write(target, signature, self._rows(segment, signature)):
                # Tables that had one name, one after the other, have segments of one name.
                name = f"{segment.name}-{digest_of(target)[:16]}.parquet"
                self._blobs.put(f"{table}/{name}", target, take=True)
                self._keep_within_limit()
        except (MazemeshError, OSError) as error:
            # An archive that is full must not stop the service.
            _log.warning("segment not archived", segment=str(segment), reason=str(error))
        finally:
            target.unlink(missing_ok=True)

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
        found = sorted(every(self._blobs), key=lambda blob: (blob.put_time, blob.key))
        total = sum(blob.size for blob in found)
        for blob in found:
            if total <= self._most_bytes:
                return
            total -= blob.size
            self._blobs.delete(blob.key)
