"""The order of file and row when publishers meet, fail or go away."""

import asyncio
import hashlib
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mazemesh.errors import InvalidArgument, NotFound
from services._harness.blobs.collection import Collection
from services._harness.blobs.folder import FolderBlobs
from services._harness.blobs.hashed import HashedBlobs
from services._harness.sql.database import Database
from services.model.blob_store import BlobReader
from services.model.registry.policy import Event, State, Submission, Version
from services.model.registry.publisher import Publisher
from services.model.registry.upload import Upload, Uploads
from services.model.stores.sql.registry import SqlRegistry
from services.model.validation.parity import Parity
from services.model.validation.report import Verdict
from services.model.validation.validator import Content, Limits, Validator
from services.model.validation.validators import Validators
from services.model.wire.registry.messages import read_header
from services.model.wire.registry.parity_message import read_parity
from tests.onnx_policies import Network


class GatedBlobs:
    """A BlobStore that can hold a put back after the file is in place."""

    def __init__(self, folder: Path) -> None:
        self._inner = HashedBlobs(FolderBlobs(folder))
        self.placed = threading.Event()
        self.go_on = threading.Event()
        self.held = ""

    def put(self, content: Path | bytes, sha256: str) -> None:
        self._inner.put(content, sha256)
        if sha256 == self.held:
            self.placed.set()
            assert self.go_on.wait(10)

    def open(self, sha256: str, offset: int = 0) -> BlobReader:
        return self._inner.open(sha256, offset)

    def list(self) -> Iterator[str]:
        return self._inner.list()


class Desk:
    """A publisher that keeps no version but the latest, and what it works with."""

    def __init__(self, folder: Path, database: Database) -> None:
        """`age`: how much older than they are files count."""
        self.blobs = GatedBlobs(folder / "blobs")
        (folder / "uploads").mkdir()
        self.uploads = Uploads(folder / "uploads")
        self.age = 1.0
        self.store = SqlRegistry(database, 100)
        self.changes = 0
        self.validations = 0
        self.publisher = Publisher(
            self.store,
            self.blobs,
            Collection(FolderBlobs(folder / "blobs"), 0.0, lambda: time.time() + self.age),
            Validators(Limits(), processes=1, waiting=4, check=self._check),
            keep=0,
            lease_seconds=20.0,
            now=lambda: datetime.now(UTC),
            changed=self._changed,
        )
        self.folder = folder

    def _check(
        self, validator: Validator, path: Content, size_bytes: int, parity: Parity
    ) -> Verdict:
        self.validations += 1
        return validator.check(path, size_bytes, parity)

    def _changed(self, events: Sequence[Event]) -> None:
        self.changes += 1

    def upload(self, network: Network, data: bytes, parent: int = 0) -> tuple[Submission, Upload]:
        header = network.header(
            sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), parent_version=parent
        )
        submission = read_header(header, 10**6)
        upload = self.uploads.begin(submission)
        upload.write(data)
        return submission, upload

    async def publish(self, network: Network, parent: int = 0) -> Version:
        submission, upload = self.upload(network, network.file(), parent)
        parity = read_parity(network.parity(), None)
        return await self.publisher.publish(submission, parity, upload)

    def unfinished(self) -> list[Path]:
        return list((self.folder / "uploads").iterdir())

    async def ready(self) -> set[str]:
        return await self.store.transact(lambda tx: tx.versions.files())


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database("sqlite://")
    await database.migrate("services.model")
    desk = Desk(tmp_path, database)
    yield desk
    await desk.publisher.close()
    await database.close()


def sha256_of(network: Network) -> str:
    return hashlib.sha256(network.file()).hexdigest()


async def test_a_file_that_comes_again_is_not_deleted_with_its_old_version(desk: Desk) -> None:
    """The old version with this file is retired between the new one's file and its row."""
    same, other = Network(seed=1), Network(seed=2)
    await desk.publish(same)
    desk.blobs.held = sha256_of(same)
    again = asyncio.create_task(desk.publish(same))
    assert await asyncio.to_thread(desk.blobs.placed.wait, 10)
    meanwhile = asyncio.create_task(desk.publish(other))
    await asyncio.wait({meanwhile}, timeout=0.3)
    desk.blobs.go_on.set()
    await asyncio.gather(again, meanwhile)
    assert set(desk.blobs.list()) == await desk.ready()


async def test_a_publisher_that_goes_away_during_the_commit_has_published(desk: Desk) -> None:
    network = Network()
    desk.blobs.held = sha256_of(network)
    task = asyncio.create_task(desk.publish(network))
    assert await asyncio.to_thread(desk.blobs.placed.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await desk.ready() == set()
    desk.blobs.go_on.set()
    await desk.publisher.close()
    assert await desk.ready() == {sha256_of(network)} == set(desk.blobs.list())
    assert (desk.changes, desk.unfinished()) == (1, [])


async def test_a_commit_that_fails_leaves_no_file(desk: Desk) -> None:
    first = Network(seed=1)
    await desk.publish(first)
    for network in (Network(seed=2), first):
        with pytest.raises(InvalidArgument, match="parent_version is 9"):
            await desk.publish(network, parent=9)
    assert set(desk.blobs.list()) == {sha256_of(first)}
    assert (desk.changes, desk.unfinished()) == (1, [])


async def test_a_rejected_file_is_never_placed(desk: Desk) -> None:
    network = Network()
    submission, upload = desk.upload(network, b"no graph")
    parity = read_parity(network.parity(), None)
    version = await desk.publisher.publish(submission, parity, upload)
    assert (version.state, "'onnx'" in version.rejection) == (State.REJECTED, True)
    assert (list(desk.blobs.list()), desk.unfinished()) == ([], [])
    assert desk.validations == 1


async def test_what_is_retired_loses_its_file(desk: Desk) -> None:
    first, second = Network(seed=1), Network(seed=2)
    await desk.publish(first)
    await desk.publish(second)
    assert set(desk.blobs.list()) == {sha256_of(second)}
    with pytest.raises(NotFound):
        desk.blobs.open(sha256_of(first))


async def test_a_young_file_is_left_to_others(desk: Desk) -> None:
    first, second = Network(seed=1), Network(seed=2)
    await desk.publish(first)
    desk.age = -60.0
    await desk.publish(second)
    await desk.publisher.collect()
    assert set(desk.blobs.list()) == {sha256_of(first), sha256_of(second)}
    desk.age = 1.0
    await desk.publisher.collect()
    assert set(desk.blobs.list()) == {sha256_of(second)}
