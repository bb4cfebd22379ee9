"""A file that is coming in: on disk under a temporary name, hashed as it comes."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mazemesh.errors import InvalidArgument, ResourceExhausted
from services.model.registry.policy import Submission


@dataclass(slots=True)
class InFlight:
    """A version that is not there yet.

    Attributes:
        submission: What its publisher says of it.
        begun: When it began (UTC).
        received: Bytes that have come.
        validating: All has come.
    """

    submission: Submission
    begun: datetime
    received: int = 0
    validating: bool = False


class Uploads:
    """The folder of unfinished files. Its calls block, but for `room`.

    Args:
        folder: Where they are; of this process alone.
        most: Files at once.
        most_bytes: Of all of them, as announced.
    """

    def __init__(self, folder: Path, *, most: int = 64, most_bytes: int = 2**30) -> None:
        self._folder = folder
        self._most, self._most_bytes = most, most_bytes
        self._count = self._bytes = 0
        self._in_flight: dict[int, InFlight] = {}

    @property
    def in_flight(self) -> list[InFlight]:
        """What is on its way, the oldest first."""
        return list(self._in_flight.values())

    @contextmanager
    def room(self, submission: Submission, begun: datetime, copies: int = 1) -> Iterator[InFlight]:
        """Reserves room for a file (or so many), from before its first byte until it is published.

        A file larger than all the room comes when it is alone.

        Raises:
            ResourceExhausted: there is none.
        """
        size_bytes = copies * submission.size_bytes
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
        one = InFlight(submission, begun)
        self._in_flight[id(one)] = one
        try:
            yield one
        finally:
            del self._in_flight[id(one)]
            self._count -= 1
            self._bytes -= size_bytes

    def begin(self, submission: Submission) -> Upload:
        """An empty upload of the file that the submission announces."""
        return Upload(self._folder, submission)


class Upload:
    """One file; gone after `discard`, whatever happened before."""

    def __init__(self, folder: Path, submission: Submission) -> None:
        self._submission = submission
        self._hash = hashlib.sha256()
        self._size = 0
        self._file = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115
        self.path = Path(self._file.name)

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
        self._file.close()

    def discard(self) -> None:
        """Deletes the file, unless somebody took it over."""
        self._file.close()
        self.path.unlink(missing_ok=True)
