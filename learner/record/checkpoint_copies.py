"""Copies of a run's newest checkpoints in the blob store, for a machine that has none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import structlog

from learner.record.checkpoint import KEPT, find
from learner.record.journal import DESCRIPTION
from learner.settings import LearnerSettings
from mazemesh.errors import Conflict, MazemeshError
from mazemesh.process.disk import sync_path
from services._harness.blobs.opening import open_blobs
from services._harness.blobs.store import Blobs, every

log = structlog.get_logger("learner.record.checkpoint")

_PIECE = 8 * 2**20


class CheckpointCopies:
    """The copies of one policy's runs: `<run id>/checkpoint-<agent steps>.pt` in `blobs`."""

    def __init__(self, blobs: Blobs, folder: Path) -> None:
        self._blobs = blobs
        self._folder = folder
        self._copied = ""

    def restore(self) -> bool:
        """Fetches the newest copy of all into a folder without a checkpoint; whether it did.

        Raises:
            Unavailable: the store cannot be asked. A run that began anew instead would be another.
        """
        if find(self._folder):
            return False
        copies = [blob for blob in every(self._blobs) if blob.key.endswith(".pt")]
        if not copies:
            return False
        newest = max(copies, key=lambda blob: (blob.put_time, blob.key))
        run_id, _, name = newest.key.partition("/")
        self._folder.mkdir(parents=True, exist_ok=True)
        if not (self._folder / DESCRIPTION).exists():
            (self._folder / DESCRIPTION).write_text(json.dumps({"run_id": run_id}))
        unfinished = self._folder / "download.tmp"
        reader = self._blobs.open(newest.key)
        try:
            with unfinished.open("wb") as file:
                while piece := reader.read(_PIECE):
                    file.write(piece)
        finally:
            reader.close()
        sync_path(unfinished)
        unfinished.replace(self._folder / name)
        sync_path(self._folder)
        log.info("a checkpoint came from the blob store", copy=newest.key, bytes=newest.size)
        return True

    def copy(self, run_id: str) -> None:
        """Puts the newest checkpoint of the folder, and deletes all copies but the newest two."""
        local = find(self._folder)
        if not local or local[-1].name == self._copied:
            return
        newest = local[-1]
        try:
            # A run that was set back may have stood at this step before.
            with suppress(Conflict):
                self._blobs.put(f"{run_id}/{newest.name}", newest)
        except FileNotFoundError:
            return  # there is a newer one by now
        self._copied = newest.name
        kept = [blob.key for blob in every(self._blobs, f"{run_id}/checkpoint-")]
        for old in kept[:-KEPT]:
            self._blobs.delete(old)


def copies_of(settings: LearnerSettings) -> CheckpointCopies | None:
    """The copies that the settings ask for; None where they ask for none."""
    if not (settings.blobs_url and settings.copy_seconds):
        return None
    name = quote(settings.policy_name, safe="").replace(".", "%2E")
    room = f"learner/{name}"
    return CheckpointCopies(open_blobs(settings, room, ""), settings.folder)


@contextmanager
def copying(copies: CheckpointCopies | None, run_id: str, seconds: float) -> Iterator[None]:
    """Copies the newest checkpoint every so many seconds meanwhile, and once more at the end."""
    if copies is None:
        yield
        return
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(seconds):
            _copy(copies, run_id)

    thread = threading.Thread(target=run, name="copy checkpoints", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _copy(copies, run_id)


def _copy(copies: CheckpointCopies, run_id: str) -> None:
    try:
        copies.copy(run_id)
    except (MazemeshError, OSError) as error:
        log.warning("the copy of the checkpoint is late", reason=str(error))
