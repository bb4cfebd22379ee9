"""What the tables rest on: a journal of everything that was acknowledged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from services.replay.table.image import TableImage
from services.replay.table.operations import Operation
from services.replay.table.row_copy import RowCopy, RowSlice


class Checkpoint(NamedTuple):
    """A table on disk, from which it starts again."""

    number: int
    bytes: int


class TableLog(Protocol):
    """The journal of one table. Belongs to one event loop; nothing but awaiting it takes time."""

    @property
    def tail_bytes(self) -> int:
        """What a restart would have to read and do again on top of the last checkpoint."""

    def check(self) -> None:
        """To be asked before rows are added, or the table is changed otherwise for good.

        Raises:
            ResourceExhausted: the disk is full; nothing should be added now.
        """

    def check_backlog(self) -> None:
        """To be asked before any change.

        Raises:
            ResourceExhausted: the disk is full, or slow, and so much waits in memory to be written
                that no more can be kept.
        """

    def append(self, operation: Operation) -> None:
        """Takes what was done to the table, in this order. Arrays must stay unchanged."""

    async def committed(self) -> None:
        """Returns when all that was appended is as safe as the setting `durability` promises.

        Raises:
            ResourceExhausted: it is not yet, because the disk is full. It is kept in memory and
                written as soon as there is room.
        """

    async def seal(self) -> None:
        """Ends the file that the log is being written to, unless it is empty; it changes no more.

        Raises:
            ResourceExhausted: the disk is full.
        """

    async def checkpoint(self, image: TableImage, rows: RowCopy) -> Checkpoint:
        """Stores the table as it is at the moment of the call.

        What was appended before is then no longer needed; what follows is done again on top.

        Raises:
            ResourceExhausted: the disk is full; the checkpoint before is still there.
        """

    async def delete(self) -> None:
        """Forgets the table; a restart no longer knows it."""

    async def close(self) -> None:
        """Makes everything safe and ends."""


class StoredTable(Protocol):
    """A table from before this process. The methods block, and are called in this order."""

    name: str

    def read_checkpoint(self) -> tuple[TableImage, Iterator[RowSlice]]:
        """The last checkpoint.

        Raises:
            StartError: it is damaged; names file and offset.
        """

    def operations(self) -> Iterator[Operation]:
        """What was done since.

        Raises:
            StartError: a part that was safely on disk is damaged; names file and offset.
        """


class Journal(Protocol):
    """Remembers tables and all that was done to them."""

    def stored(self) -> Sequence[StoredTable]:
        """Tables from before this process. Blocks."""

    async def go_on(self, stored: StoredTable) -> TableLog:
        """The log of a table whose operations were all read."""

    async def create(self, image: TableImage, rows: RowCopy) -> TableLog:
        """The log of a new table, which a restart then knows.

        Raises:
            ResourceExhausted: the disk is full.
        """

    async def watch(self) -> None:
        """Runs as long as the journal can keep its promises; raises when it no longer can."""

    async def close(self) -> None:
        """Closes all logs."""


class PriorityStore(Protocol):
    """Entries of priorities by table, in their order; a store that may lose them at any moment.

    Methods raise Unavailable or ResourceExhausted while it is away or full.
    """

    async def append(self, table: str, entries: Sequence[bytes]) -> int:
        """Adds entries; returns how many the table has now."""

    async def replace(self, table: str, entries: Iterable[bytes]) -> int:
        """Puts entries in the place of all that a table has, at once when the last one is there.

        Returns how many they are. Others are served between two of them.
        """

    def read(self, table: str) -> AsyncIterator[bytes]:
        """The table's entries."""

    async def delete(self, table: str) -> None:
        """Forgets the table's entries."""
