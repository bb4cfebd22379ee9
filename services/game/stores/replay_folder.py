"""Replay files in a folder: `<first two digits of the name>/<name>`."""

from __future__ import annotations

import hashlib
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from mazemesh.errors import FailedPrecondition, NotFound
from mazemesh.process.disk import sync_file, sync_path

_NAME = re.compile(r"[0-9a-f]{64}")


class FolderReplayFiles:
    """`ReplayFiles` in `folder`, which is made when the first file comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: set[Path] = set()

    def put(self, content: bytes) -> str:
        """See `ReplayFiles`; the file survives a power cut."""
        name = hashlib.sha256(content).hexdigest()
        target = self._path(name)
        if target.exists():
            return name
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
        return name

    def get(self, name: str) -> bytes:
        """See `ReplayFiles`."""
        try:
            content = self._path(name).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"there is no replay file {name}") from error
        if hashlib.sha256(content).hexdigest() != name:
            raise FailedPrecondition(
                f"replay file {self._path(name)} is damaged: its content does not hash to its name"
            )
        return content

    def delete(self, name: str) -> None:
        """See `ReplayFiles`."""
        self._path(name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """See `ReplayFiles`."""
        return [path.name for path in self._folder.glob("??/*") if _NAME.fullmatch(path.name)]

    def clean(self) -> None:
        """See `ReplayFiles`."""
        for path in self._folder.glob("??/*"):
            if not _NAME.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        """Makes a folder that survives a power cut: its name stands in the folder above."""
        if folder in self._made:
            return
        if folder != self._folder:
            self._make(folder.parent)
        folder.mkdir(parents=True, exist_ok=True)
        # Also where it is there: whoever made it may have died before this.
        sync_path(folder.parent)
        self._made.add(folder)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name
