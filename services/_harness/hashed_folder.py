"""Files that never change in a folder, by the SHA-256 of their content.

`<first two digits>/<all digits>`, so that no folder gets too large to list.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from mazemesh.process.disk import sync_file, sync_path

_NAME: Final = re.compile(r"[0-9a-f]{64}")


class HashedFolder:
    """What is put survives a power cut, and is seen whole or not at all. Calls block.

    The folder is made by the first file, or by `make`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: set[Path] = set()

    def make(self) -> None:
        """Makes the folder, which is then there before the first file."""
        self._make(self._folder)

    def path(self, name: str) -> Path:
        """Where a file of that name is, if there is one."""
        return self._folder / name[:2] / name

    def take(self, file: Path, name: str) -> None:
        """Moves a file in, which is on the same file system; one of that name is replaced."""
        target = self.path(name)
        self._make(target.parent)
        sync_path(file)
        file.replace(target)
        sync_path(target.parent)

    def put(self, content: bytes, name: str) -> None:
        """Writes a file, unless there is one of that name."""
        target = self.path(name)
        if target.exists():
            return
        self._make(target.parent)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            try:
                file.write(content)
                file.flush()
                sync_file(file.fileno())
                Path(file.name).replace(target)
            except BaseException:  # as a full disk: what was written of it is in the way
                with suppress(OSError):
                    Path(file.name).unlink()
                raise
        sync_path(target.parent)

    def delete(self, name: str) -> None:
        """Deletes a file; one that is not there is ignored."""
        self.path(name).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """Names of all files, in no order."""
        return (path.name for path in self._folder.glob("??/*") if _NAME.fullmatch(path.name))

    def clean(self) -> None:
        """Deletes what a crash in the middle of `put` left behind; before the first `put`."""
        for path in self._folder.glob("??/*"):
            if not _NAME.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        """Makes a folder that survives a power cut: its name stands in the folder above."""
        if folder in self._made:
            return
        if self._folder in folder.parents or not folder.parent.is_dir():
            self._make(folder.parent)
        folder.mkdir(exist_ok=True)
        # Also where it is there: whoever made it may have died before this.
        sync_path(folder.parent)
        self._made.add(folder)
