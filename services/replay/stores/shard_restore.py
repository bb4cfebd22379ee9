"""Which life a service goes on with, and how a shard that lost its folder gets its rows back.

What the service knows of its life stands in a file beside the folder of tables:
`{"shard": "0", "life": 3}`, or `{"shard": "0", "restoring": 2}` while rows come back.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import structlog

from mazemesh.errors import NotFound
from mazemesh.process.disk import sync_path
from mazemesh.process.errors import StartError
from services.replay.stores.shard_copy import CopiedTable, ShardCopy

NOTE: Final = "replay-copy.json"
_PIECE: Final = 8 * 2**20
_ATTEMPTS: Final = 3

_log = structlog.get_logger("services.replay.copy")


class ShardRestore:
    """Settles at the start what is in `folder`, before its tables are read. Calls block."""

    def __init__(self, copy: ShardCopy, shard: str, folder: Path) -> None:
        self._copy = copy
        self._shard = shard
        self._folder = folder
        self._note = folder.with_name(NOTE)

    def settle(self, instance: str) -> int:
        """The life to go on with; the folder is filled from the newest one where it is lost.

        Raises:
            StartError: the folder is another shard's, or another service has taken this one over.
        """
        note = self._read()
        restoring = note.get("restoring")
        if restoring is not None:
            for half in self._folder.iterdir():  # the folder itself is locked, and stays
                shutil.rmtree(half)
        elif "life" in note:
            if self._goes_on(int(note["life"])):
                return int(note["life"])
        elif not any(self._folder.glob("*/checkpoint-*")):
            restoring = self._copy.newest_whole()
        if restoring is not None:
            self._restore(int(restoring))
        life = self._copy.begin(instance)
        self._write(life=life)
        return life

    def _goes_on(self, life: int) -> bool:
        """Whether no other service has begun a later life; raises when that one has the rows."""
        lives = self._copy.lives()
        for later in lives:
            if later > life and self._copy.is_whole(later):
                raise StartError(
                    f"{self._folder} holds shard {self._shard!r} as it was before another Replay "
                    "service took it over (see its copy in blobs_url); move the folder and "
                    f"{self._note} away, or give this service another shard (--shard)"
                )
        return life == max(lives, default=0)

    def _restore(self, life: int) -> None:
        self._write(restoring=life)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                tables = self._copy.tables(life)
                size = sum(map(self._fetch, tables))
            except NotFound:
                # The service that is thought lost lives, and has made a checkpoint meanwhile.
                if attempt == _ATTEMPTS:
                    raise
                continue
            _log.info("rows are back", shard=self._shard, tables=len(tables), bytes=size)
            return

    def _fetch(self, table: CopiedTable) -> int:
        """Downloads a table, its checkpoint last: without that it is none."""
        folder = self._folder / table.folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        size = 0
        for name in reversed(table.names):
            size += self._download(f"{table.prefix}/{name}", folder / name)
        sync_path(folder)
        sync_path(self._folder)
        return size

    def _download(self, key: str, target: Path) -> int:
        reader = self._copy.blobs.open(key)
        unfinished = target.with_name("download.unfinished")
        try:
            with unfinished.open("wb") as file:
                while piece := reader.read(_PIECE):
                    file.write(piece)
                size = file.tell()
            sync_path(unfinished)
            unfinished.replace(target)
        finally:
            reader.close()
        return size

    def _read(self) -> dict[str, Any]:
        if not self._note.exists():
            return {}
        note: dict[str, Any] = json.loads(self._note.read_text())
        if note["shard"] != self._shard:
            raise StartError(
                f"{self._folder} holds shard {note['shard']!r}, but this service is to be "
                f"{self._shard!r} (--shard)",
                exit_code=2,
            )
        return note

    def _write(self, **what: int) -> None:
        unfinished = self._note.with_suffix(".tmp")
        unfinished.write_text(json.dumps({"shard": self._shard, **what}))
        sync_path(unfinished)
        unfinished.replace(self._note)
        sync_path(self._note.parent)
