"""Folders of tables: on disks that do not tell `A` from `a`, and from versions that did."""

from pathlib import Path

import numpy as np
import pytest

from services.replay.hosting.tables import Tables
from services.replay.journal.file_journal import FileJournal, folder_names
from services.replay.journal.segment_log import Durability
from tests.replay_files import VolatileFile, VolatileFiles
from tests.replay_tables import batch, indices_of, queue, spec

FOLDER = Path("/data/replay")


class CaselessFiles(VolatileFiles):
    """As APFS and NTFS are by default: a name is found however its letters are written."""

    def create(self, path: Path) -> VolatileFile:
        return super().create(_caseless(path))

    def names(self, folder: Path) -> list[str]:
        return super().names(_caseless(folder))

    def make_folder(self, folder: Path) -> None:
        super().make_folder(_caseless(folder))

    def rename(self, source: Path, target: Path) -> None:
        super().rename(_caseless(source), _caseless(target))

    def remove(self, path: Path) -> None:
        super().remove(_caseless(path))

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(_caseless(folder))


def _caseless(path: Path) -> Path:
    return Path(str(path).casefold())


def called(name: str):
    of = queue(8)
    return spec(of.sampler.kind, capacity=8, limiter=of.limiter, max_times_sampled=1, name=name)


class Service:
    def __init__(self, files: VolatileFiles) -> None:
        self.journal = FileJournal(FOLDER, files, Durability.FSYNC)
        self.tables = Tables(
            self.journal, np.random.default_rng(1), memory_limit=2**30, max_writers=10
        )

    async def __aenter__(self) -> Tables:
        await self.tables.load()
        return self.tables

    async def __aexit__(self, *error: object) -> None:
        await self.journal.close()


async def test_tables_whose_names_differ_in_case_keep_apart():
    files = CaselessFiles()
    names = ["A", "a", "p41", "league/Main", "league/main"]
    async with Service(files) as tables:
        for number, name in enumerate(names):
            await tables.create(called(name))
            await tables[name].insert(batch([number]), None)
        await tables["a"].checkpoint()
        await tables.delete("league/Main")
    async with Service(files) as tables:
        assert sorted(hosted.table.spec.name for hosted in tables) == sorted(
            set(names) - {"league/Main"}
        )
        for number, name in enumerate(names):
            if name != "league/Main":
                assert indices_of(tables[name].table.sample(1)) == [number]


async def test_a_folder_of_an_older_version_is_opened_and_kept(monkeypatch):
    files = CaselessFiles()
    with monkeypatch.context() as older:
        older.setattr(FileJournal, "_free_name", lambda self, table: folder_names(table)[1])
        async with Service(files) as tables:
            await tables.create(called("A"))
            await tables["A"].insert(batch([1]), None)
    async with Service(files) as tables:
        # On this disk its own folder would be that of `A`.
        await tables.create(called("a"))
        await tables["a"].insert(batch([2]), None)
    async with Service(files) as tables:
        assert indices_of(tables["A"].table.sample(1)) == [1]
        assert indices_of(tables["a"].table.sample(1)) == [2]


@pytest.mark.parametrize("name", ["a", "league-1_x", "a.b/c", "z" * 128])
def test_names_without_capitals_have_the_folders_that_they_had(name):
    own, before, _ = folder_names(name)
    assert own == before


def test_no_folder_name_is_too_long_for_a_disk():
    for name in ("A" * 128, "./" * 64, "a" * 128):
        assert max(map(len, folder_names(name))) <= 200
