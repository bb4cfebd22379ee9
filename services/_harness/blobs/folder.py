"""Blobs as files of a folder, whose paths are their keys.

Of several processes that use one folder none sees a half of a file, and none deletes what another
is putting: whoever finds a file there, and whoever deletes one by its age, locks its folder.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from mazemesh.errors import Conflict, NotFound
from mazemesh.process.disk import sync_file, sync_path
from services._harness.blobs.digest import checked_digest, digest_of, is_named_by
from services._harness.blobs.store import PAGE, Blob, check_key

_UNFINISHED: Final = ".putting-"
"""What the names of files begin with that are being written; no key has a dot there."""

_CANNOT_LINK: Final = frozenset(
    {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS}
)


class FolderBlobs:
    """`Blobs` in `folder`, which the first of them makes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: set[Path] = set()

    def put(
        self, key: str, content: bytes | Path, sha256: str | None = None, *, take: bool = False
    ) -> bool:
        """See `Blobs`."""
        target = self._path(key)
        digest = checked_digest(key, content, sha256)
        if target.exists() and self._is_there(target, key, digest):
            return False
        self._make(target.parent)
        if take and isinstance(content, Path):
            sync_path(content)
            with suppress(_NotLinkable):
                return self._place(content, target, key, digest)
        unfinished = self._write(target.parent, content)
        try:
            return self._place(unfinished, target, key, digest)
        except _NotLinkable:
            unfinished.replace(target)
            sync_path(target.parent)
            return True
        finally:
            unfinished.unlink(missing_ok=True)

    def open(self, key: str, offset: int = 0) -> BinaryIO:
        """See `Blobs`; what is open stays readable when it is deleted."""
        path = self._path(key)
        try:
            file = path.open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NotFound(f"there is no blob {key} in {self._folder}") from error
        file.seek(offset)
        return file

    def find(self, key: str) -> Blob | None:
        """See `Blobs`."""
        try:
            found = self._path(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Blob(key, found.st_size, found.st_mtime)

    def list(self, prefix: str = "", after: str = "", limit: int = PAGE) -> list[Blob]:
        """See `Blobs`."""
        base = prefix[: prefix.rfind("/") + 1]
        walk = _walk(self._folder / base, base, prefix, after)
        return list(islice(walk, min(limit, PAGE)))

    def delete(self, key: str, put_before: float | None = None) -> bool:
        """See `Blobs`."""
        path = self._path(key)
        with suppress(FileNotFoundError, NotADirectoryError), _locked(path.parent):
            if put_before is not None and path.stat().st_mtime >= put_before:
                return False
            path.unlink()
        return True

    def url(self, key: str, seconds: int) -> str | None:
        """None: a folder has no addresses."""
        return None

    def discard_unfinished(self, begun_before: float) -> None:
        """See `Blobs`."""
        for path in self._folder.rglob(f"{_UNFINISHED}*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < begun_before:
                    path.unlink()

    def _path(self, key: str) -> Path:
        return self._folder / check_key(key)

    def _place(self, file: Path, target: Path, key: str, digest: str) -> bool:
        """Gives a file its name, unless another has it; it has no other name then."""
        while True:
            try:
                os.link(file, target)
            except FileExistsError:
                if self._is_there(target, key, digest):
                    return False
                continue
            except OSError as error:
                if error.errno in _CANNOT_LINK:
                    raise _NotLinkable from error
                raise
            sync_path(target.parent)
            file.unlink(missing_ok=True)
            return True

    def _is_there(self, target: Path, key: str, digest: str) -> bool:
        """Whether the file is there; it is young then. One that is damaged is deleted."""
        with suppress(FileNotFoundError), _locked(target.parent):
            if digest_of(target) == digest:
                os.utime(target)
                # Whoever made it may have died before this.
                sync_path(target.parent)
                return True
            if not is_named_by(key, digest):
                raise Conflict(f"{target} is there with another content; blobs never change")
            target.unlink()
        return False

    def _write(self, folder: Path, content: bytes | Path) -> Path:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=_UNFINISHED, delete=False) as file:
            path = Path(file.name)
            try:
                if isinstance(content, Path):
                    with content.open("rb") as source:
                        shutil.copyfileobj(source, file, 1 << 20)
                else:
                    file.write(content)
                file.flush()
                sync_file(file.fileno())
            except BaseException:  # as a full disk: what was written of it is in the way
                with suppress(OSError):
                    path.unlink()
                raise
        return path

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


class _NotLinkable(Exception):
    """The file system gives files no second name, or the file is on another one."""


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _walk(folder: Path, base: str, prefix: str, after: str) -> Iterator[Blob]:
    """Blobs in the order of their keys, without a look into folders that have none of them."""
    try:
        entries = [each for each in os.scandir(folder) if not each.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return
    keyed = ((f"{base}{e.name}/" if e.is_dir() else f"{base}{e.name}", e) for e in entries)
    for key, entry in sorted(keyed, key=lambda pair: pair[0]):
        if key.endswith("/"):
            wanted = key.startswith(prefix) or prefix.startswith(key)
            if wanted and (key > after or after.startswith(key)):
                yield from _walk(Path(entry.path), key, prefix, after)
        elif key.startswith(prefix) and key > after:
            with suppress(FileNotFoundError):
                found = entry.stat()
                yield Blob(key, found.st_size, found.st_mtime)
