"""The audit log: who did what, from where, and what came of it, one JSON line each.

Each line has the SHA-256 of itself and of the line before, so that none can be changed, left out or
put in without all that follow being written anew. `audit_reading` verifies that. A file belongs to
one instance (`<data_dir>/audit/<service>-<number>.<part>.jsonl`); a later one goes on where it was.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog

from mazemesh.errors import Unavailable
from mazemesh.process.errors import StartError

FOLDER: Final = "audit"
NO_LINE: Final = "0" * 64
"""What stands for the line before the first."""

_MOST_BYTES: Final = 64 << 20
"""Of a part; then a new one is begun."""

_MOST_INSTANCES: Final = 1000
_MOST_COUNTED: Final = 4096

_log = structlog.get_logger(__name__)


def line_hash(previous: str, body: Mapping[str, Any]) -> str:
    """Hex SHA-256 of the hash before and a line's content without its own."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


class AuditLog:
    """Appends to the chain of one instance; belongs to one event loop.

    Args:
        folder: Of all chains.
        service: Whose they are.
        clock: Unix seconds.

    Attributes:
        lost: Lines that could not be written.

    Raises:
        StartError: at construction; the folder cannot be written.
    """

    def __init__(self, folder: Path, service: str, clock: Callable[[], float]) -> None:
        self._folder, self._service, self._clock = folder, service, clock
        self.lost = 0
        self._counts: dict[tuple[str, ...], Counter[str]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._name, self._lock = _own_chain(folder, service)
            self._part, self._previous, self._number = _end_of(folder, self._name)
            self._file = self._open()
        except OSError as error:
            raise StartError(
                f"the audit log in {folder} cannot be written ({error.strerror}); give this user "
                "the folder, or choose another --data-dir"
            ) from error

    def write(self, **fields: Any) -> None:
        """Appends a line.

        Raises:
            OSError: it is not on the disk, and nor is any part of it.
        """
        time = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        body = {"number": self._number + 1, "time": time, "service": self._service, **fields}
        told = line_hash(self._previous, body)
        line = json.dumps({**body, "previous": self._previous, "hash": told}) + "\n"
        size = os.lseek(self._file, 0, os.SEEK_END)
        data = line.encode()
        try:
            if os.write(self._file, data) != len(data):
                raise OSError(28, "No space left on device")
        except OSError:
            self.lost += 1
            os.ftruncate(self._file, size)
            raise
        self._previous, self._number = told, self._number + 1
        if size + len(data) > _MOST_BYTES:
            self._begin_part()

    async def write_first(self, **fields: Any) -> None:
        """Appends a line and waits until the disk has it: what it is about may then be done.

        Raises:
            Unavailable: it cannot be written.
        """
        try:
            self.write(**fields)
            await asyncio.to_thread(os.fsync, self._file)
        except OSError as error:
            raise Unavailable(
                f"the audit log cannot be written ({error.strerror}), so nothing was done"
            ) from error

    def note(self, **fields: Any) -> None:
        """Appends a line of what was done; one that cannot be written is told in the log."""
        try:
            self.write(**fields)
        except OSError as error:
            _log.error("a line of the audit log is lost", reason=str(error), **fields)

    def count(self, method: str, key: str, role: str, address: str, outcome: str) -> None:
        """Counts a call for a line of many."""
        who = (method, key, role, address)
        counts = self._counts.get(who)
        if counts is None:
            if len(self._counts) >= _MOST_COUNTED:
                self.flush()
            counts = self._counts[who] = Counter()
        counts[outcome] += 1

    def flush(self) -> None:
        """Writes what was counted."""
        counts, self._counts = self._counts, {}
        for (method, key, role, address), outcomes in counts.items():
            self.note(method=method, key=key, role=role, address=address, outcomes=dict(outcomes))

    def close(self) -> None:
        """Writes what was counted and gives the chain to whoever comes next."""
        self.flush()
        os.close(self._file)
        os.close(self._lock)

    def _begin_part(self) -> None:
        os.close(self._file)
        self._part += 1
        self._file = self._open()

    def _open(self) -> int:
        path = self._folder / part_name(self._name, self._part)
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def part_name(chain: str, part: int) -> str:
    """Name of the file with a part of a chain."""
    return f"{chain}.{part:06d}.jsonl"


def _own_chain(folder: Path, service: str) -> tuple[str, int]:
    """A chain that no other instance writes, and the lock that keeps it so."""
    for number in range(1, _MOST_INSTANCES):
        name = f"{service}-{number}"
        lock = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return name, lock
    raise OSError(24, f"{_MOST_INSTANCES} instances of {service} write here")


def _end_of(folder: Path, chain: str) -> tuple[int, str, int]:
    """Part, hash and number of the last line; a torn one, which a crash may leave, is cut off."""
    parts = sorted(folder.glob(f"{chain}.[0-9]*.jsonl"))
    for path in reversed(parts):
        part = int(path.name.split(".")[-2])
        data = path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.truncate(path, len(whole))
        last = whole.rstrip(b"\n").rpartition(b"\n")[2]
        if last:
            line = json.loads(last)
            return part, line["hash"], line["number"]
    return 1, NO_LINE, 0
