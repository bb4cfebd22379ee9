"""A file that is coming in: on disk under a temporary name, hashed as it comes."""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mazemesh.errors import InvalidArgument, ResourceExhausted
from services.model.registry.policy import Submission


class Uploads:
    """The folder of unfinished files. Its calls block, but for `room`.

    Args:
        folder: Where they are.
        most: Files at once.
        most_bytes: Of all of them, as announced.
    """

    def __init__(self, folder: Path, *, most: int = 64, most_bytes: int = 2**30) -> None:
        self._folder = folder
        self._most, self._most_bytes = most, most_bytes
        self._count = self._bytes = 0

    @contextmanager
    def room(self, size_bytes: int) -> Iterator[None]:
        """Reserves room for a file, from before its first byte until it is published.

        A file larger than all the room comes when it is alone.

        Raises:
            ResourceExhausted: there is none.
        """
        if self._count >= self._most or (
            self._count and self._bytes + size_bytes > self._most_bytes
        ):
            raise ResourceExhausted(
                f"{self._count} files of {self._bytes} bytes are coming in; at most {self._most} "
                f"of {self._most_bytes} bytes may at once. Publish again later",
                retry_after=1.0,
            )
        self._count += 1
        self._bytes += size_bytes
        try:
            yield
        finally:
            self._count -= 1
            self._bytes -= size_bytes

    def clear(self) -> None:
        """Deletes what a crash left behind, of whatever process; for the start."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            for path in self._folder.iterdir():
                with path.open("rb") as file:
                    if _lock(file):  # nobody is at it, or that process is gone
                        path.unlink()

    def begin(self, submission: Submission) -> Upload:
        """An empty upload of the file that the submission announces."""
        with self._alone():
            return Upload(self._folder, submission)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While files are made and locked no other process looks whether they are."""
        with self._folder.with_suffix(".lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class Upload:
    """One file, locked as long as it is needed; gone after `discard`, whatever happened before."""

    def __init__(self, folder: Path, submission: Submission) -> None:
        self._submission = submission
        self._hash = hashlib.sha256()
        self._size = 0
        self._file = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115
        self.path = Path(self._file.name)
        _lock(self._file)

    def write(self, chunk: bytes) -> None:
        """Adds a chunk.

        Raises:
            InvalidArgument: the file gets larger than announced.
        """
        self._size += len(chunk)
        if self._size > self._submission.size_bytes:
            raise InvalidArgument(
                f"size_bytes is {self._submission.size_bytes}, but at least {self._size} bytes came"
            )
        self._hash.update(chunk)
        self._file.write(chunk)

    def finish(self) -> None:
        """Ends the file, which is what was announced.

        Raises:
            InvalidArgument: another size or hash.
        """
        if self._size != self._submission.size_bytes:
            raise InvalidArgument(
                f"size_bytes is {self._submission.size_bytes}, but {self._size} bytes came"
            )
        sha256 = self._hash.hexdigest()
        if sha256 != self._submission.sha256:
            raise InvalidArgument(
                f"sha256 is {self._submission.sha256}, but the bytes that came hash to {sha256}"
            )
        self._file.flush()

    def discard(self) -> None:
        """Deletes the file, unless somebody took it over."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def _lock(file: IO[bytes]) -> bool:
    """Whether the file is the caller's now, until it is closed or the process ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
