"""`python -m supervisor.cloud.machine.checkpoints restore|keep`: a learner's folder in S3.

`restore` brings the newest checkpoints to a machine that has none; `keep` sends what is new every
20 s, and once more when it is stopped, which systemd does after the learner has. A checkpoint's
file never changes under its name, and of the journal (a file that grows) the newest whole copy
counts. So a learner on spot goes on where it was, at most a checkpoint and 20 s before.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from mazemesh.process.errors import StartError
from mazemesh.process.logging import configure_logging
from mazemesh.process.worker import stop_on_signals
from supervisor.cloud.aws import client
from supervisor.cloud.machine.settings import MachineSettings

log = structlog.get_logger("cloud.checkpoints")

KEEP_SECONDS: Final = 20.0
FOLDER: Final = "learner"
"""Under the data folder: a folder for each policy."""

_MOST_FILES: Final = 10_000
_SUFFIXES: Final = (".pt", ".jsonl", ".json", ".toml")
"""Of what a learner goes on from; not what is unfinished."""

Sent = dict[str, tuple[int, int]]
"""Size and time of change, by key, of what was sent."""


class Store:
    """A prefix of a bucket.

    Raises:
        StartError: `url` is no s3://bucket/prefix.
    """

    def __init__(self, url: str, s3: Any) -> None:
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc:
            raise StartError(f"checkpoints: {url!r} should be s3://bucket/prefix", exit_code=2)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self._s3 = s3

    def keep(self, folder: Path, sent: Sent) -> list[str]:
        """Sends what is new or changed in `folder`; deletes what is gone. What was sent."""
        here = {}
        for file in _files(folder):
            stat = file.stat()
            here[file.relative_to(folder).as_posix()] = (stat.st_size, stat.st_mtime_ns)
        new = sorted(name for name, state in here.items() if sent.get(name) != state)
        for name in new:
            try:
                self._s3.upload_file(str(folder / name), self._bucket, self._key(name))
            except FileNotFoundError:
                continue  # the learner has deleted an old checkpoint meanwhile
            sent[name] = here[name]
        # After the new ones are there: at no moment is there none.
        for name in sorted(sent.keys() - here.keys()):
            self._s3.delete_object(Bucket=self._bucket, Key=self._key(name))
            del sent[name]
        return new

    def restore(self, folder: Path) -> list[str]:
        """Brings all files, unless `folder` has checkpoints of its own. What was brought."""
        if any(file.suffix == ".pt" for file in _files(folder)):
            return []
        brought: list[str] = []
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{self._prefix}/" if self._prefix else ""
        )
        for page in pages:
            for found in page.get("Contents", []):
                name = found["Key"].removeprefix(f"{self._prefix}/" if self._prefix else "")
                path = folder / name
                if ".." in Path(name).parts or len(brought) >= _MOST_FILES:
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished = path.with_name(f".{path.name}.part")
                self._s3.download_file(self._bucket, found["Key"], str(unfinished))
                unfinished.replace(path)
                brought.append(name)
        return brought

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name


def _files(folder: Path) -> list[Path]:
    found = (one for one in sorted(folder.rglob("*")) if one.is_file())
    return [one for one in found if one.suffix in _SUFFIXES and not one.name.startswith(".")]


def keep_until(store: Store, folder: Path, stop: threading.Event, seconds: float) -> None:
    """Sends what is new until `stop`, and then once more."""
    sent: Sent = {}
    while True:
        stopping = stop.wait(seconds)
        try:
            new = store.keep(folder, sent)
        except Exception as error:  # S3 is away: the next look sends it
            log.warning("is not kept yet", reason=str(error), kind=type(error).__name__)
            new = []
        if new:
            log.info("is kept", files=len(new))
        if stopping:
            return


def main() -> None:
    """Restores, or keeps until it is stopped."""
    configure_logging("cloud", "auto", "info")
    try:
        settings = MachineSettings.from_environment()
        if not settings.checkpoints:
            return
        store = Store(settings.checkpoints, client("s3"))
        folder = settings.data_dir / FOLDER
        if sys.argv[1:] == ["restore"]:
            log.info("is restored", files=len(store.restore(folder)))
        elif sys.argv[1:] == ["keep"]:
            keep_until(store, folder, stop_on_signals(), KEEP_SECONDS)
        else:
            raise StartError("usage: restore or keep", exit_code=2)
    except StartError as error:
        log.error("cannot start: %s", error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
