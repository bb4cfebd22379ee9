"""Copies of checkpoints: the newest goes out, and comes in where there is none."""

from pathlib import Path

import pytest

from learner.learn import _copies
from learner.record.checkpoint import find
from learner.record.checkpoint_copies import CheckpointCopies, copying
from learner.record.journal import run_id_of
from learner.settings import LearnerSettings
from services._harness.blobs.folder import FolderBlobs
from services._harness.blobs.store import every


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def saved(folder: Path, steps: int, content: bytes = b"weights") -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"checkpoint-{steps:015}.pt").write_bytes(content)


def keys(blobs: FolderBlobs) -> list[str]:
    return [blob.key for blob in every(blobs)]


def test_the_newest_is_copied_and_two_are_kept(blobs: FolderBlobs, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    copies = CheckpointCopies(blobs, folder)
    copies.copy("a1")
    assert keys(blobs) == []
    for steps in (1, 20, 300):
        saved(folder, steps)
        copies.copy("a1")
        copies.copy("a1")
    assert keys(blobs) == [f"a1/checkpoint-{steps:015}.pt" for steps in (20, 300)]


def test_a_machine_without_one_goes_on_with_the_same_run(
    blobs: FolderBlobs, tmp_path: Path
) -> None:
    saved(tmp_path / "first", 20, b"twenty")
    with copying(CheckpointCopies(blobs, tmp_path / "first"), "a1", 3600):
        pass  # at the end it is copied in any case
    other = tmp_path / "other"
    copies = CheckpointCopies(blobs, other)
    assert copies.restore()
    assert not copies.restore()
    [path] = find(other)
    assert (path.name, path.read_bytes()) == (f"checkpoint-{20:015}.pt", b"twenty")
    assert run_id_of(other, resuming=True) == "a1"
    assert sorted(each.name for each in other.iterdir()) == sorted([path.name, "run.json"])


def test_a_run_that_was_set_back_goes_on(blobs: FolderBlobs, tmp_path: Path) -> None:
    saved(tmp_path / "run", 20, b"before")
    CheckpointCopies(blobs, tmp_path / "run").copy("a1")
    saved(tmp_path / "run", 20, b"after")
    CheckpointCopies(blobs, tmp_path / "run").copy("a1")
    saved(tmp_path / "run", 30)
    CheckpointCopies(blobs, tmp_path / "run").copy("a1")
    assert len(keys(blobs)) == 2


def test_settings_say_where(tmp_path: Path) -> None:
    settings = LearnerSettings(
        data_dir=tmp_path / "data", policy="a.b", blobs_url=str(tmp_path / "shared")
    )
    saved(tmp_path / "run", 20)
    settings.folder.parent.mkdir(parents=True)
    (tmp_path / "run").rename(settings.folder)
    with _copies(settings)("a1"):
        pass
    assert keys(FolderBlobs(tmp_path / "shared")) == [f"learner/a%2Eb/a1/checkpoint-{20:015}.pt"]
    with _copies(LearnerSettings(data_dir=tmp_path / "data"))("a1"):
        pass
