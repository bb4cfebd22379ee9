"""What every `RecordingIndex` and `RecordingFiles` keeps; an adapter's tests inherit the suites."""

import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from mazemesh.errors import FailedPrecondition, NotFound
from services._harness.database import Database
from services.game.play.outcome import Outcome
from services.game.store import (
    FinishedMatch,
    RecordingEntry,
    RecordingFiles,
    RecordingFilter,
    RecordingIndex,
    ResultStore,
)
from services.game.stores.recording_folder import FolderRecordingFiles
from services.game.stores.sql import SqlResultStore
from services.game.stores.sql_recordings import SqlRecordingIndex
from tests.full_disk import no_file_longer_than

ALL = RecordingFilter()


def finished(number: int, file: str, *participants: str, game: str = "race") -> FinishedMatch:
    entries = [
        RecordingEntry(
            game_id=f"m{number}-r{index}",
            match_id=f"m{number}",
            game=game,
            rules_hash="ab" * 32,
            participants=participants or ("race:1", "bot/random"),
            outcome=Outcome((1.0, 0.0), 7 + index, truncated=False),
            rated=True,
            finish_time=1.5 * number,
            file=file,
            index=index,
        )
        for index in range(2)
    ]
    return FinishedMatch(f"m{number}", 1.5 * number, None, tuple(entries))


class RecordingIndexContract:
    """Needs fixtures `results` and `index` over the same empty store."""

    async def test_entries_come_with_the_match(
        self, results: ResultStore, index: RecordingIndex
    ) -> None:
        match = finished(1, "f1")
        await results.finish([match])
        await results.finish([finished(1, "another")])
        found = await index.find("m1-r1")
        assert found is not None
        assert replace(found, position=0) == match.recordings[1]
        assert await index.find("m1") is None
        assert await index.files() == {"f1"}

    async def test_pages_go_back_from_the_newest(
        self, results: ResultStore, index: RecordingIndex
    ) -> None:
        await results.finish([finished(1, "f1"), finished(2, "f1")])
        await results.finish([finished(3, "f2")])
        first = await index.page(4, None, ALL)
        assert [one.game_id for one in first] == ["m3-r1", "m3-r0", "m2-r1", "m2-r0"]
        rest = await index.page(4, first[-1].position, ALL)
        assert [one.game_id for one in rest] == ["m1-r1", "m1-r0"]

    async def test_pages_hold_what_is_wanted(
        self, results: ResultStore, index: RecordingIndex
    ) -> None:
        await results.finish([finished(1, "f1", "race:1", "race:12"), finished(2, "f1")])
        await results.finish([finished(3, "f2", "a_b:1", "a%b:2", game="tag")])

        async def ids(wanted: RecordingFilter) -> set[str]:
            return {one.match_id for one in await index.page(9, None, wanted)}

        assert await ids(RecordingFilter(game="tag")) == {"m3"}
        assert await ids(RecordingFilter(match_id="m2")) == {"m2"}
        assert await ids(RecordingFilter(participant="race:1")) == {"m1", "m2"}
        assert await ids(RecordingFilter(participant="race:12")) == {"m1"}
        assert await ids(RecordingFilter(participant="a%b:2")) == {"m3"}
        assert await ids(RecordingFilter(participant="a%:1")) == set()
        assert await ids(RecordingFilter(participant="aXb:1")) == set()
        assert await ids(RecordingFilter("race", "m1", "race:12")) == {"m1"}

    async def test_the_newest_are_kept_and_unneeded_files_named(
        self, results: ResultStore, index: RecordingIndex
    ) -> None:
        assert await index.keep_newest(3) == []
        await results.finish([finished(1, "f1"), finished(2, "f1")])
        await results.finish([finished(3, "f2")])
        assert await index.keep_newest(6) == []
        assert await index.keep_newest(3) == []  # f1 still holds m2-r1
        assert await index.files() == {"f1", "f2"}
        assert await index.keep_newest(2) == ["f1"]
        assert {one.game_id for one in await index.page(9, None, ALL)} == {"m3-r0", "m3-r1"}
        assert await index.keep_newest(0) == ["f2"]
        assert await index.page(9, None, ALL) == []


class TestSqlRecordingIndex(RecordingIndexContract):
    @pytest.fixture
    async def database(self, database_url: str) -> AsyncIterator[Database]:
        database = Database(database_url)
        await database.migrate("services.game")
        yield database
        await database.close()

    @pytest.fixture
    def results(self, database: Database) -> ResultStore:
        return SqlResultStore(database, "one")

    @pytest.fixture
    def index(self, database: Database) -> RecordingIndex:
        return SqlRecordingIndex(database)


class RecordingFilesContract:
    """Needs a fixture `files`, empty."""

    def test_what_is_put_is_got(self, files: RecordingFiles) -> None:
        names = [files.put(content) for content in (b"a", b"\x00" * 9999, b"a")]
        assert names[0] == names[2] == hashlib.sha256(b"a").hexdigest()
        assert files.get(names[1]) == b"\x00" * 9999
        assert sorted(files.names()) == sorted(set(names))

    def test_what_is_deleted_is_gone(self, files: RecordingFiles) -> None:
        name = files.put(b"a")
        files.delete(name)
        files.delete(name)
        with pytest.raises(NotFound, match=name):
            files.get(name)
        assert files.names() == []


class TestFolderRecordingFiles(RecordingFilesContract):
    @pytest.fixture
    def files(self, tmp_path: Path) -> RecordingFiles:
        return FolderRecordingFiles(tmp_path / "recordings")

    def test_a_changed_file_is_refused(self, files: RecordingFiles, tmp_path: Path) -> None:
        name = files.put(b"content")
        (tmp_path / "recordings" / name[:2] / name).write_bytes(b"cOntent")
        with pytest.raises(FailedPrecondition, match="damaged"):
            files.get(name)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    files = FolderRecordingFiles(tmp_path / "recordings")
    with no_file_longer_than(1000), pytest.raises(OSError, match="large"):
        files.put(bytes(5000))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    name = files.put(bytes(5000))
    assert files.get(name) == bytes(5000)


def test_what_a_crash_left_behind_is_cleaned_up(tmp_path: Path) -> None:
    files = FolderRecordingFiles(tmp_path)
    name = files.put(b"whole")
    (tmp_path / name[:2] / "tmp1234").write_bytes(b"who")
    files.clean()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [name]


def test_new_folders_survive_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    folder = tmp_path / "recordings"
    name = FolderRecordingFiles(folder).put(b"content")
    assert {tmp_path, folder, folder / name[:2]} <= set(synced)
