"""A file that grows by whole lines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self


class Lines:
    """Appends lines; what a kill has left of one stays by itself. Also a context manager."""

    def __init__(self, path: Path) -> None:
        torn = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
        self._file = path.open("ab", buffering=0)
        if torn:
            self.append("")

    def append(self, line: str) -> None:
        """Writes a line and its end, or nothing of it.

        Raises:
            OSError: it cannot be written.
        """
        end = os.fstat(self._file.fileno()).st_size
        left = memoryview(f"{line}\n".encode())
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._file.truncate(end)
            raise

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
