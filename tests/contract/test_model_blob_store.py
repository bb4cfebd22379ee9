"""What every BlobStore does. An adapter inherits `BlobStoreContract` and gives `blobs`."""

import hashlib
import os
from pathlib import Path

import pytest

from mazemesh.errors import NotFound
from services.model.store import BlobStore, delete_unused
from services.model.stores.folder import FolderBlobs

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class BlobStoreContract:
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> BlobStore:
        raise NotImplementedError

    @pytest.fixture
    def incoming(self, tmp_path: Path) -> Path:
        """A folder from which files can be put."""
        folder = tmp_path / "incoming"
        folder.mkdir()
        return folder

    def put(self, blobs: BlobStore, incoming: Path, content: bytes = CONTENT) -> str:
        path = incoming / "file"
        path.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        blobs.put(path, sha256)
        assert not path.exists()
        return sha256

    def test_what_was_put_is_read_from_any_offset(self, blobs: BlobStore, incoming: Path) -> None:
        self.put(blobs, incoming)
        for offset in (0, 1, len(CONTENT) - 1, len(CONTENT)):
            reader = blobs.open(SHA256, offset)
            parts = list(iter(lambda reader=reader: reader.read(1000), b""))
            reader.close()
            assert b"".join(parts) == CONTENT[offset:]
            assert all(len(part) == 1000 for part in parts[:-1])

    def test_putting_it_again_changes_nothing(self, blobs: BlobStore, incoming: Path) -> None:
        self.put(blobs, incoming)
        self.put(blobs, incoming)
        assert list(blobs.list()) == [SHA256]

    def test_what_does_not_exist(self, blobs: BlobStore) -> None:
        with pytest.raises(NotFound, match=SHA256):
            blobs.open(SHA256)
        blobs.delete(SHA256)
        assert list(blobs.list()) == []

    def test_an_open_file_survives_its_deletion(self, blobs: BlobStore, incoming: Path) -> None:
        self.put(blobs, incoming)
        reader = blobs.open(SHA256)
        first = reader.read(1000)
        blobs.delete(SHA256)
        rest = b"".join(iter(lambda: reader.read(1000), b""))
        reader.close()
        assert first + rest == CONTENT
        with pytest.raises(NotFound):
            blobs.open(SHA256)

    def test_what_nobody_uses_is_deleted(self, blobs: BlobStore, incoming: Path) -> None:
        kept, lost = (self.put(blobs, incoming, content) for content in (b"kept", b"lost"))
        assert list(delete_unused(blobs, {kept, "f" * 64})) == [lost]
        assert list(blobs.list()) == [kept]


class TestFolderBlobs(BlobStoreContract):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> BlobStore:
        return FolderBlobs(tmp_path / "deep" / "blobs")

    def test_it_continues_where_another_ended(
        self, blobs: BlobStore, incoming: Path, tmp_path: Path
    ) -> None:
        self.put(blobs, incoming)
        assert list(FolderBlobs(tmp_path / "deep" / "blobs").list()) == [SHA256]

    def test_a_damaged_file_is_replaced(
        self, blobs: BlobStore, incoming: Path, tmp_path: Path
    ) -> None:
        self.put(blobs, incoming)
        [path] = (tmp_path / "deep").glob("*/??/*")
        path.write_bytes(b"damaged")
        self.put(blobs, incoming)
        assert path.read_bytes() == CONTENT

    def test_content_is_flushed_before_the_name_and_the_name_before_the_answer(
        self, blobs: BlobStore, incoming: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A power cut takes what was not flushed; so the order of flushes is what counts."""
        target = tmp_path / "deep" / "blobs" / SHA256[:2] / SHA256
        flushed: list[tuple[Path, bool]] = []
        inodes: list[int] = []
        fsync = os.fsync

        def recorded(descriptor: int) -> None:
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            flushed.append((path, target.exists()))
            inodes.append(os.fstat(descriptor).st_ino)
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", recorded)
        self.put(blobs, incoming)
        assert flushed == [
            (tmp_path / "deep" / "blobs", False),  # the new folder's name
            (incoming / "file", False),
            (target.parent, True),
        ]
        assert inodes[1] == target.stat().st_ino  # moved whole, not copied
