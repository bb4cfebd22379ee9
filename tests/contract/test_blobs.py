"""What every `Blobs` does. An adapter inherits `BlobsContract` and gives `blobs`."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mazemesh.errors import Conflict, InvalidArgument, NotFound, Unavailable
from mazemesh.process.blob_settings import BlobSettings
from mazemesh.process.errors import StartError
from services._harness.blobs.collection import Collection, held
from services._harness.blobs.folder import FolderBlobs
from services._harness.blobs.hashed import HashedBlobs, key_of
from services._harness.blobs.opening import open_blobs, open_url
from services._harness.blobs.s3 import S3Blobs, S3Place
from services._harness.blobs.store import Blobs, every, read_all
from services._harness.blobs.within import Within
from tests.full_disk import no_file_longer_than
from tests.s3_server import CREDENTIALS, S3Server, s3_server

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ROOT = Path(__file__).parents[2]


class Settings(BlobSettings):
    component = "example"


def keys(blobs: Blobs, prefix: str = "") -> list[str]:
    return [blob.key for blob in every(blobs, prefix)]


class BlobsContract:
    @pytest.fixture
    def blobs(self) -> Blobs:
        raise NotImplementedError

    @pytest.fixture(params=["bytes", "file", "given file"])
    def content(self, request: pytest.FixtureRequest, tmp_path: Path) -> bytes | Path:
        """`CONTENT`, as it may be put."""
        if request.param == "bytes":
            return CONTENT
        path = tmp_path / "incoming" / "file"
        path.parent.mkdir()
        path.write_bytes(CONTENT)
        return path

    def test_what_was_put_is_read_from_any_offset(
        self, blobs: Blobs, content: bytes | Path, request: pytest.FixtureRequest
    ) -> None:
        take = "given" in request.node.name
        assert blobs.put("some/key", content, SHA256, take=take)
        for offset in (0, 1, len(CONTENT) - 1, len(CONTENT), len(CONTENT) + 9):
            reader = blobs.open("some/key", offset)
            parts = list(iter(lambda reader=reader: reader.read(10_007), b""))
            reader.close()
            assert b"".join(parts) == CONTENT[offset:]
            assert all(len(part) == 10_007 for part in parts[:-1])

    def test_it_tells_size_and_time(self, blobs: Blobs) -> None:
        before = time.time()
        blobs.put("a/b", CONTENT)
        found = blobs.find("a/b")
        assert found is not None
        assert (found.key, found.size) == ("a/b", len(CONTENT))
        assert before - 2 <= found.put_time <= time.time() + 2
        assert blobs.list() == [found]

    def test_nothing_can_be_put_too(self, blobs: Blobs) -> None:
        assert blobs.put("empty", b"")
        assert read_all(blobs, "empty") == b""

    def test_the_second_put_of_the_same_changes_nothing(self, blobs: Blobs) -> None:
        assert blobs.put("key", CONTENT)
        assert not blobs.put("key", CONTENT)
        assert keys(blobs) == ["key"]

    def test_a_blob_never_changes(self, blobs: Blobs) -> None:
        blobs.put("key", CONTENT)
        with pytest.raises(Conflict, match="another content"):
            blobs.put("key", b"other")
        assert read_all(blobs, "key") == CONTENT

    def test_a_wrong_checksum_is_refused(self, blobs: Blobs, content: bytes | Path) -> None:
        with pytest.raises(InvalidArgument, match=SHA256):
            blobs.put("key", content, "0" * 64, take=True)
        assert keys(blobs) == []

    def test_what_does_not_exist(self, blobs: Blobs) -> None:
        with pytest.raises(NotFound, match="no/key"):
            blobs.open("no/key")
        assert blobs.find("no/key") is None
        assert blobs.delete("no/key")
        assert blobs.list("no") == []

    @pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/.b", "a b", "a" * 901])
    def test_what_is_no_key(self, blobs: Blobs, key: str) -> None:
        with pytest.raises(InvalidArgument, match="no key of a blob"):
            blobs.put(key, b"")

    def test_what_is_deleted_is_gone(self, blobs: Blobs) -> None:
        blobs.put("key", CONTENT)
        assert blobs.delete("key")
        assert blobs.find("key") is None
        assert blobs.put("key", b"other")

    def test_what_is_young_stays(self, blobs: Blobs) -> None:
        blobs.put("key", CONTENT)
        assert not blobs.delete("key", time.time() - 60)
        assert blobs.find("key") is not None
        assert blobs.delete("key", time.time() + 60)
        assert blobs.find("key") is None

    def test_putting_it_again_makes_it_young(self, blobs: Blobs) -> None:
        blobs.put("key", CONTENT)
        first = blobs.find("key")
        pause = threading.Event()
        pause.wait(1.1)  # times of S3 are whole seconds
        blobs.put("key", CONTENT)
        second = blobs.find("key")
        assert first is not None
        assert second is not None
        assert second.put_time > first.put_time
        assert read_all(blobs, "key") == CONTENT

    def test_of_many_that_put_one_key_one_does(self, blobs: Blobs) -> None:
        barrier = threading.Barrier(8)

        def put(_: int) -> bool:
            barrier.wait(10)
            return blobs.put("a/b/key", CONTENT)

        with ThreadPoolExecutor(8) as threads:
            stored = list(threads.map(put, range(8)))
        assert any(stored)
        assert keys(blobs) == ["a/b/key"]
        assert read_all(blobs, "a/b/key") == CONTENT

    def test_pages_are_in_order_and_complete(self, blobs: Blobs) -> None:
        names = [f"{n % 7}/{n}" for n in range(1020)] + ["0-", "0.d/x", "00", "5-", "5x/1"]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda name: blobs.put(name, b""), names))
        assert keys(blobs) == sorted(names)
        assert len(blobs.list()) == 1000
        assert keys(blobs, "5") == sorted(name for name in names if name.startswith("5"))
        assert keys(blobs, "3/10") == sorted(name for name in names if name.startswith("3/10"))
        assert [b.key for b in blobs.list("", "3/1", 3)] == sorted(n for n in names if n > "3/1")[
            :3
        ]

    def test_a_room_is_a_store_of_its_own(self, blobs: Blobs) -> None:
        one, other = Within(blobs, "one/"), Within(blobs, "other/")
        assert one.put("key", CONTENT)
        assert other.put("key", b"other")
        assert keys(one) == keys(other) == ["key"]
        assert [b.key for b in one.list("", "key")] == []
        assert read_all(one, "key") == CONTENT
        assert one.delete("key")
        assert keys(blobs) == ["other/key"]

    def test_a_damaged_file_is_replaced_by_the_right_one(self, blobs: Blobs) -> None:
        blobs.put(key_of(SHA256), b"damaged")
        HashedBlobs(blobs).put(CONTENT)
        assert HashedBlobs(blobs).get(SHA256) == CONTENT

    def test_what_nobody_needs_is_deleted_when_it_is_old(self, blobs: Blobs) -> None:
        hashed = HashedBlobs(blobs)
        kept, lost = hashed.put(b"kept"), hashed.put(b"lost")
        blobs.put("of/another", b"kind")
        young = Collection(blobs, 3600.0, time.time)
        assert young.candidates() == []
        assert young.discard([lost]) == []
        old = Collection(blobs, 3600.0, lambda: time.time() + 3700)
        candidates = old.candidates()
        assert sorted(candidates) == sorted([kept, lost])
        with held(blobs):
            assert old.candidates() == old.sweep(candidates, {kept}) == []
        assert old.sweep(candidates, {kept}) == [lost]
        assert keys(blobs) == sorted([key_of(kept), "of/another"])

    def test_a_hold_of_somebody_who_died_ends(self, blobs: Blobs) -> None:
        with held(blobs):
            assert Collection(blobs, 0.0, time.time).is_held()
            assert not Collection(blobs, 0.0, lambda: time.time() + 7 * 3600).is_held()

    def test_an_address_gives_the_blob(self, blobs: Blobs) -> None:
        blobs.put("key", CONTENT)
        url = blobs.url("key", 60)
        if url is not None:
            with urllib.request.urlopen(url, timeout=10) as answer:
                assert answer.read() == CONTENT


class TestFolderBlobs(BlobsContract):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> Blobs:
        return FolderBlobs(tmp_path / "deep" / "blobs")

    def test_another_goes_on_where_one_ended(self, blobs: Blobs, tmp_path: Path) -> None:
        blobs.put("a/b", CONTENT)
        assert read_all(FolderBlobs(tmp_path / "deep" / "blobs"), "a/b") == CONTENT

    def test_what_is_open_survives_its_deletion(self, blobs: Blobs) -> None:
        blobs.put("key", CONTENT)
        reader = blobs.open("key")
        first = reader.read(1000)
        blobs.delete("key")
        assert first + reader.read(len(CONTENT)) == CONTENT
        reader.close()

    def test_a_full_disk_leaves_nothing_behind(self, blobs: Blobs, tmp_path: Path) -> None:
        with no_file_longer_than(1000), pytest.raises(OSError, match="large"):
            blobs.put("key", CONTENT)
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
        assert blobs.put("key", CONTENT)

    def test_content_is_flushed_before_the_name_and_the_name_before_the_answer(
        self, blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A power cut takes what was not flushed; so the order of flushes is what counts."""
        root = tmp_path / "deep" / "blobs"
        target = root / "ab" / "key"
        incoming = tmp_path / "file"
        incoming.write_bytes(CONTENT)
        inode = incoming.stat().st_ino
        flushed: list[tuple[Path, bool]] = []
        fsync = os.fsync

        def recorded(descriptor: int) -> None:
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            flushed.append((path, target.exists()))
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", recorded)
        assert blobs.put("ab/key", incoming, SHA256, take=True)
        assert flushed == [
            (tmp_path, False),  # the new folders' names
            (tmp_path / "deep", False),
            (root, False),
            (incoming, False),
            (target.parent, True),
        ]
        assert target.stat().st_ino == inode  # moved whole, not copied
        assert not incoming.exists()

    def test_a_kill_in_the_middle_leaves_nothing_that_is_seen(self, tmp_path: Path) -> None:
        file, folder = tmp_path / "file", tmp_path / "blobs"
        file.write_bytes(CONTENT)
        # The kernel kills it when it writes more than that.
        code = (
            "import resource, signal, sys; from pathlib import Path\n"
            "from services._harness.blobs.folder import FolderBlobs\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
            "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
            "FolderBlobs(Path(sys.argv[1])).put('key', Path(sys.argv[2]))"
        )
        command = [sys.executable, "-c", code, str(folder), str(file)]
        assert subprocess.run(command, cwd=ROOT, timeout=20).returncode == -signal.SIGXFSZ
        blobs = FolderBlobs(folder)
        assert keys(blobs) == []
        assert [path.name.startswith(".") for path in folder.rglob("*")] == [True]
        blobs.discard_unfinished(time.time() - 60)
        assert len(list(folder.rglob("*"))) == 1
        assert blobs.put("key", CONTENT)
        blobs.discard_unfinished(time.time() + 60)
        assert [path.name for path in folder.rglob("*")] == ["key"]

    def test_a_folder_is_named_by_its_path(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path)
        for url in (str(tmp_path / "x"), f"file://{tmp_path}/x"):
            open_url(url, settings).put("key", CONTENT)
        assert (tmp_path / "x" / "key").read_bytes() == CONTENT
        open_blobs(settings, "policies", "blobs").put("key", CONTENT)
        assert (tmp_path / "blobs" / "key").exists()
        shared = Settings(data_dir=tmp_path, blobs_url=str(tmp_path / "x"))
        open_blobs(shared, "policies", "blobs").put("key", CONTENT)
        assert (tmp_path / "x" / "policies" / "key").exists()

    @pytest.mark.parametrize("url", ["http://x/y", "s3:///x", "s3://"])
    def test_what_is_no_store(self, url: str, tmp_path: Path) -> None:
        with pytest.raises(StartError, match="blobs_url"):
            open_url(url, Settings(data_dir=tmp_path))


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.fixture
def bucket(server: S3Server) -> str:
    return server.bucket()


class TestS3Blobs(BlobsContract):
    @pytest.fixture
    def blobs(self, server: S3Server, bucket: str) -> Blobs:
        return S3Blobs(S3Place(bucket, "deep/prefix/", server.url))


PART = 5 * 2**20
LARGE = os.urandom(PART * 2 + 12345)


class TestLargeObjects:
    @pytest.fixture
    def blobs(self, server: S3Server, bucket: str) -> S3Blobs:
        return S3Blobs(S3Place(bucket, "", server.url), part_bytes=PART)

    def test_they_go_in_parts(self, blobs: S3Blobs, server: S3Server, tmp_path: Path) -> None:
        server.calls.clear()
        file = tmp_path / "large"
        file.write_bytes(LARGE)
        assert blobs.put("large", file)
        assert sum("partNumber" in call for call in server.calls) == 3
        assert read_all(blobs, "large") == LARGE
        assert not blobs.put("large", LARGE)
        with pytest.raises(Conflict):
            blobs.put("large", LARGE[:-1])
        assert read_all(blobs, "large") == LARGE

    def test_a_kill_in_the_middle_leaves_nothing_that_is_seen(
        self, blobs: S3Blobs, server: S3Server, bucket: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "large"
        file.write_bytes(LARGE)
        code = (
            "import sys; from pathlib import Path\n"
            "from services._harness.blobs.s3 import S3Blobs, S3Place\n"
            f"S3Blobs(S3Place({bucket!r}, '', {server.url!r}), {PART}).put('k', Path(sys.argv[1]))"
        )
        command = [sys.executable, "-c", code, str(file)]
        in_the_middle, go_on = threading.Event(), threading.Event()

        def seen(method: str, path: str) -> None:
            if method == "PUT" and "partNumber=2" in server.calls[-1]:
                in_the_middle.set()
                go_on.wait(10)

        server.seen = seen
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **CREDENTIALS})
        try:
            assert in_the_middle.wait(20)
            process.kill()
            process.wait(10)
        finally:
            server.seen = lambda method, path: None
            go_on.set()
        assert keys(blobs) == []
        assert blobs.put("k", file)
        assert read_all(blobs, "k") == LARGE


class TestTrouble:
    """What S3 does now and then."""

    @pytest.fixture
    def blobs(self, server: S3Server, bucket: str) -> S3Blobs:
        return S3Blobs(S3Place(bucket, "", server.url))

    def test_slow_down_is_waited_out(self, blobs: S3Blobs, server: S3Server) -> None:
        server.refusals = 2
        assert blobs.put("key", CONTENT)
        server.refusals = 1
        assert read_all(blobs, "key") == CONTENT
        assert server.refusals == 0

    def test_an_answer_that_breaks_is_gone_on_with(self, blobs: S3Blobs, server: S3Server) -> None:
        blobs.put("key", CONTENT)
        server.broken = 2
        assert read_all(blobs, "key") == CONTENT
        assert server.broken == 0

    def test_a_server_that_is_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services._harness.blobs.s3._ATTEMPTS", 1)
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        blobs = S3Blobs(S3Place("bucket", "", "http://127.0.0.1:9"))
        with pytest.raises(Unavailable, match="s3://bucket/key"):
            blobs.put("key", b"")

    def test_encryption_is_asked_for(self, server: S3Server, bucket: str) -> None:
        blobs = S3Blobs(S3Place(bucket, "", server.url, encryption="aws:kms:alias/mine"))
        blobs.put("key", CONTENT)
        head = server.client().head_object(Bucket=bucket, Key="key")
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/mine")

    def test_settings_open_it(self, server: S3Server, bucket: str, tmp_path: Path) -> None:
        settings = Settings(
            data_dir=tmp_path, blobs_url=f"s3://{bucket}/mesh", blobs_endpoint_url=server.url
        )
        open_blobs(settings, "policies", "blobs").put("ab/key", CONTENT)
        listed = server.client().list_objects_v2(Bucket=bucket)["Contents"]
        assert [found["Key"] for found in listed] == ["mesh/policies/ab/key"]
