"""A file system in memory for the tests of Replay's log: it forgets what was not synced."""

import errno
import io
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from services.replay.journal.frames import Buffer


class Content:
    """What a file holds, and what of it would survive a power cut."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.safe = bytes(data)


class VolatileFile:
    def __init__(self, files: "VolatileFiles", content: Content) -> None:
        self._files = files
        self._content = content

    @property
    def size(self) -> int:
        return len(self._content.data)

    def write(self, buffers: Sequence[Buffer]) -> None:
        self._files.need_room()
        for buffer in buffers:
            self._content.data += buffer
        self._files.changed()

    def sync(self) -> None:
        if self._files.broken:
            raise OSError(errno.EIO, "Input/output error")
        self._content.safe = bytes(self._content.data)
        self._files.changed()
        self._files.synced.set()

    def close(self) -> None:
        pass


class VolatileFiles:
    """See `Files`. A power cut takes file contents, and names in folders, that were not synced."""

    def __init__(self) -> None:
        self._contents: dict[Path, Content] = {}
        self._safe_names: dict[Path, Content] = {}
        self._folders: set[Path] = set()
        self._safe_folders: set[Path] = set()
        self._lock = threading.RLock()
        self.full = False
        """Writing fails as on a full disk."""
        self.broken = False
        """Syncing fails."""
        self.synced = threading.Event()
        self.on_change: Callable[[], None] | None = None
        """Called after everything that a crash could come after."""

    def after_power_cut(self) -> "VolatileFiles":
        """What a machine finds that lost its power now."""
        with self._lock:
            left = VolatileFiles()
            left._folders = set(self._safe_folders)
            left._contents = {
                path: Content(content.safe)
                for path, content in self._safe_names.items()
                if path.parent in self._safe_folders
            }
            return left._all_safe()

    def after_kill(self) -> "VolatileFiles":
        """What a process finds whose predecessor was killed now."""
        with self._lock:
            left = VolatileFiles()
            left._folders = set(self._folders)
            left._contents = {path: Content(c.data) for path, c in self._contents.items()}
            return left._all_safe()

    def data(self, path: Path) -> bytearray:
        """Contents of a file, to be changed in place."""
        return self._contents[path].data

    def names(self, folder: Path) -> list[str]:
        with self._lock:
            paths = [*self._contents, *self._folders]
            return sorted({path.name for path in paths if path.parent == folder})

    def make_folder(self, folder: Path) -> None:
        with self._lock:
            self._folders.add(folder)
        self.changed()

    def create(self, path: Path) -> VolatileFile:
        self.need_room()
        with self._lock:
            self._contents[path] = Content()
        self.changed()
        return VolatileFile(self, self._contents[path])

    def open(self, path: Path) -> io.BytesIO:
        return io.BytesIO(bytes(self._contents[path].data))

    def truncate(self, path: Path, size: int) -> None:
        content = self._contents[path]
        del content.data[size:]
        content.safe = bytes(content.data)
        self.changed()

    def sync(self, path: Path) -> None:
        content = self._contents[path]
        content.safe = bytes(content.data)

    def rename(self, source: Path, target: Path) -> None:
        with self._lock:
            self._contents[target] = self._contents.pop(source)
        self.changed()

    def remove(self, path: Path) -> None:
        with self._lock:
            self._contents.pop(path, None)
        self.changed()

    def sync_folder(self, folder: Path) -> None:
        with self._lock:
            gone = [path for path in self._safe_names if path.parent == folder]
            for path in gone:
                del self._safe_names[path]
            for path, content in self._contents.items():
                if path.parent == folder:
                    self._safe_names[path] = content
            self._safe_folders |= {path for path in self._folders if path.parent == folder}
        self.changed()

    def need_room(self) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")

    def changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def _all_safe(self) -> "VolatileFiles":
        self._safe_names = dict(self._contents)
        self._safe_folders = set(self._folders)
        return self
