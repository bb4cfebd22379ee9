"""The rows of a table on disk, for a reader beside or without the service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mazemesh.errors import NotFound
from mazemesh.wire.tensors import Signature
from services.replay.export.parquet import Rows
from services.replay.journal.file_journal import folder_names
from services.replay.journal.files import LocalFiles
from services.replay.journal.table_folder import StoredFolder
from services.replay.table.image import TableImage
from services.replay.table.row_copy import RowSlice
from services.replay.table.table import Table


def checkpointed_rows(folder: Path, table: str) -> tuple[Signature, Iterator[Rows]]:
    """Signature and rows of a table's newest checkpoint; the service may run meanwhile.

    Raises:
        NotFound: there is no such table in the service's `folder`.
    """
    image, rows = _stored(folder, table).read_checkpoint()
    return image.spec.signature, _with_numbers(image, rows)


def all_rows(folder: Path, table: str) -> tuple[Signature, Iterator[Rows]]:
    """Signature and rows of a table with all that its log has; the service must not run.

    Raises:
        NotFound: there is no such table in the service's `folder`.
        StartError: it is damaged.
    """
    stored = _stored(folder, table)
    restored = Table.from_image(*stored.read_checkpoint())
    for operation in stored.operations():
        restored.redo(operation)
    image, copy = restored.image()
    return image.spec.signature, _with_numbers(image, iter(copy.next, None))


def _stored(folder: Path, table: str) -> StoredFolder:
    for name in folder_names(table):
        stored = StoredFolder(LocalFiles(), folder / name)
        if stored.holds(table):
            return stored
    raise NotFound(f"table {table!r} does not exist in {folder}")


def _with_numbers(image: TableImage, parts: Iterator[RowSlice | None]) -> Iterator[Rows]:
    for part in parts:
        if part is not None:
            priorities = image.arrays["priorities"][part.slots]
            yield Rows(part.columns, priorities, image.arrays["policy_versions"][part.slots])
