"""What one call, and all calls together, may ask of the service; replay.proto tells callers.

Each bound keeps the event loop free: nothing that one message asks for holds it longer than 100 ms
at a stretch. tests/servers/replay/test_largest_messages.py measures it.
"""

from __future__ import annotations

from typing import Final

MIB: Final = 2**20

MOST_ROWS: Final = 65_536
"""Rows that one call draws."""

MOST_ROWS_ONE_BY_ONE: Final = 16_384
"""Rows that one call inserts, over all its tables, or draws where each draw may change the next:
from a table with max_times_sampled whose rows are not simply drawn by age."""

MOST_DROPPED_AT_ONCE: Final = 16_384
"""Rows that are dropped for their old policy in one go."""

LARGE_MESSAGE_BYTES: Final = MIB
"""Above it, receiving, checking, copying and sending are steps between which others are served."""

MOST_INSERTED_BYTES: Final = 64 * MIB
"""Columns that one call inserts, over all its tables."""

UNPACKED_AT_ONCE_BYTES: Final = 256 * 1024
"""Content of a Zstandard frame that is unpacked between two calls; a larger one in a thread."""

UNPACKED_TOGETHER: Final = 2
"""Frames that are unpacked in threads at one time."""

MOST_DRAWN_BYTES: Final = 56 * MIB
"""Columns that one call draws: a message has 64 MiB, and there is more in it than columns."""

ROW_MESSAGE_BYTES: Final = 48
"""What a drawn row takes beside its columns: key, probability, priority and the like."""

MOST_MORE_TABLES: Final = 16

MOST_UPDATES: Final = 2**20
"""Priorities that one call sets."""

UPDATES_AT_ONCE: Final = 16_384
"""Priorities that are set in one go; between the parts of a larger call others are served."""

SMALL_REQUEST_BYTES: Final = 4096
TABLE_REQUEST_BYTES: Final = 64 * 1024
UPDATES_REQUEST_BYTES: Final = 16 * MOST_UPDATES + SMALL_REQUEST_BYTES
"""Largest encoded requests: those that name a table, that define one, that set priorities."""

MOST_TABLES: Final = 128
"""Each has a thread of its own for its log. A setting; this is its default."""

MOST_WAITING_CALLS: Final = 8192
MOST_WAITING_BYTES: Final = 512 * MIB
"""Calls that wait at all tables together, and the bytes of messages that they hold (a setting)."""

LINES_SHARE: Final = 4
"""One line, inserts or samples of one table, may have a fourth of both."""

MOST_REMEMBERED_KEYS: Final = 4 * MIB
"""Keys of its writers' last batches that a table remembers: 32 MiB of them."""
