"""Recording files in a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mazemesh.errors import FailedPrecondition, NotFound
from services._harness.hashed_folder import HashedFolder


class FolderRecordingFiles:
    """`RecordingFiles` in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._files = HashedFolder(folder)

    def put(self, content: bytes) -> str:
        """See `RecordingFiles`."""
        name = hashlib.sha256(content).hexdigest()
        self._files.put(content, name)
        return name

    def get(self, name: str) -> bytes:
        """See `RecordingFiles`."""
        path = self._files.path(name)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"there is no recording file {name}") from error
        if hashlib.sha256(content).hexdigest() != name:
            raise FailedPrecondition(
                f"recording file {path} is damaged: its content does not hash to its name"
            )
        return content

    def delete(self, name: str) -> None:
        """See `RecordingFiles`."""
        self._files.delete(name)

    def names(self) -> list[str]:
        """See `RecordingFiles`."""
        return list(self._files.names())

    def clean(self) -> None:
        """See `RecordingFiles`."""
        self._files.clean()
