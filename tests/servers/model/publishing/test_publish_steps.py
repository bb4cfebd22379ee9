"""What a SIGKILL before each step of a publish leaves: a version wholly, or not at all.

A killed process leaves its files as they stand (what was written and not synced is the kernel's by
then), so the folder is copied before each step, and each copy is looked at as a restart finds it.
`test_crash.py` kills processes in earnest.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from mazemesh.sqlite_url import sqlite_url
from mazemesh.v1 import model_pb2 as pb
from services._harness.sql.database import Database
from services.model.registry.policy import State, Version
from services.model.registry.publisher import Publisher
from services.model.registry.rules import checks_of
from services.model.registry.upload import Uploads
from services.model.store import Transaction
from services.model.stores.sql.registry import SqlRegistry
from services.model.version_store import Filter
from tests.onnx_policies import Network
from tests.servers.model_server import running_model
from tests.servers.running import eventually

STEPS = ("fsync", "replace", "rename", "link", "unlink")


class Copies:
    """Copies a folder before each step, between the beginning of an upload and its answer.

    Steps are files that are opened in the folder, written out, renamed, linked and deleted,
    transactions that are committed, and the answer.
    """

    def __init__(self, folder: Path, copies: Path) -> None:
        self.folder, self.copies = folder, copies
        self.count = 0
        self._on = False
        self._lock = threading.RLock()

    def step(self, *, on: bool | None = None) -> None:
        if not self._lock.acquire(blocking=False):
            return  # of another thread that works beside it, or of the copying itself
        try:
            self._on = self._on if on is None else on
            copying, self._on = self._on, False
            if copying or on is False:
                shutil.copytree(self.folder, self.copies / str(self.count))
                self.count += 1
            self._on = copying and on is not False
        finally:
            self._lock.release()

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        for name in STEPS:
            patch.setattr(os, name, self._before(getattr(os, name)))
        begin, is_out = Uploads.begin, Publisher._is_out

        def begun(uploads: Uploads, submission: Any) -> Any:
            self.step(on=True)
            return begin(uploads, submission)

        def out(publisher: Publisher, version: Version) -> Version:
            self.step(on=False)
            return is_out(publisher, version)

        patch.setattr(Uploads, "begin", begun)
        patch.setattr(Publisher, "_is_out", out)
        sys.addaudithook(self._opened)
        event.listen(Engine, "commit", self._committed)

    def close(self) -> None:
        event.remove(Engine, "commit", self._committed)

    def _committed(self, _connection: object) -> None:
        self.step()

    def _before(self, done: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.step()
            return done(*arguments, **named)

        return counted

    def _opened(self, name: str, arguments: tuple[Any, ...]) -> None:
        if self._on and name == "open" and str(arguments[0]).startswith(str(self.folder)):
            self.step()


def file_of(folder: Path, version: Version) -> bytes:
    (found,) = (folder / "blobs").rglob(version.sha256)
    return found.read_bytes()


async def versions_in(folder: Path) -> list[Version]:
    """All versions of a copy, each whole: with its file, its checks and its alias."""
    database = Database(sqlite_url(folder / "model.sqlite"))

    def read(tx: Transaction) -> list[Version]:
        found = [one for _, one in tx.versions.page(Filter(include_all_states=True), 0, 99).rows]
        for one in found:
            assert checks_of(tx, one)
        latest = tx.aliases.get("race", "latest")
        assert (latest.number if latest else 0) == len(found)
        assert tx.versions.counts()[State.READY] == len(found)
        assert len(tx.events.after(1, "", 99)) == 2 * len(found) == tx.revision() - 1
        return found

    try:
        found = await SqlRegistry(database, 100).transact(read)
    finally:
        await database.close()
    assert [one.number for one in found] == list(range(len(found), 0, -1))
    for one in found:
        assert hashlib.sha256(file_of(folder, one)).hexdigest() == one.sha256
    return found


async def test_before_each_step_a_version_is_there_wholly_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, copies = tmp_path / "mesh", tmp_path / "copies"
    first, second = Network(), Network(seed=1)
    header = second.header(request_id="second", snapshot=True)
    with running_model(folder) as model, monkeypatch.context() as patch:
        model.client.publish(first.header(request_id="first"), first.file())
        steps = Copies(folder, copies)
        steps.watch(patch)
        try:
            model.client.publish(header, second.file())
        finally:
            steps.close()
    assert steps.count > 8
    counts = [len(await versions_in(copies / str(number))) for number in range(steps.count)]
    assert counts == sorted(counts)  # once it is there it stays
    assert (counts[0], counts[-1]) == (1, 2)
    # A restart goes on from any of them: what was unfinished goes, and the request counts once.
    last_without = counts.index(2) - 1
    for number in {0, last_without, steps.count - 1}:
        with running_model(copies / str(number)) as again:
            published = again.client.publish(header, second.file())
            assert (published.version, published.state) == (2, pb.POLICY_STATE_READY)
            assert again.client.publish(header, second.file()).version == 2
            eventually(lambda again=again: again.uploads() == [])  # type: ignore[misc]
            names = {version.sha256 for version in again.client.list("race")}
            eventually(lambda again=again, names=names: again.blobs() == names)  # type: ignore[misc]
