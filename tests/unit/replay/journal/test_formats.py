"""Folders that other versions wrote."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from mazemesh.errors import AlreadyExists
from mazemesh.process.errors import StartError
from mazemesh.wire.tensors import Signature
from services.replay.export.stored_rows import all_rows
from services.replay.hosting.tables import Tables
from services.replay.journal import frames, records
from services.replay.journal.definition import decode_definition, encode_definition
from services.replay.journal.file_journal import FileJournal
from services.replay.journal.files import LocalFiles
from services.replay.journal.frames import FrameReader, make_frame
from services.replay.journal.segment_log import Durability
from services.replay.table.operations import Insert
from services.replay.table.spec import LimiterSpec
from tests.replay_tables import SIGNATURE, UNLIMITED, batch, prioritized, queue

GOLDEN = Path(__file__).parents[3] / "golden"
"""`replay_1` was written by the last version that wrote format 1: a table whose last rows are only
in its log, and another one that got the same batches."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN / "replay_1", tmp_path / "replay"))


def journal_of(folder: Path) -> tuple[FileJournal, Tables]:
    journal = FileJournal(folder, LocalFiles(), Durability.FSYNC)
    tables = Tables(journal, np.random.default_rng(1), memory_limit=2**30, max_writers=10)
    return journal, tables


def rows_of(folder: Path, table: str) -> dict[int, tuple[float, int]]:
    """Priority and policy version by what is in the column `index`."""
    signature, parts = all_rows(folder, table)
    assert signature == SIGNATURE
    found = {}
    for part in parts:
        index = part.columns[0].reshape(-1).view("<i8").tolist()
        pairs = zip(part.priorities.tolist(), part.policy_versions.tolist(), strict=True)
        found.update(zip(index, pairs, strict=True))
    return found


MORE = {
    **{row: (5.0 - row, [1, 1, 2, 2, 3][row]) for row in range(5)},
    **dict.fromkeys((5, 6, 7), (5.0, -1)),
    **{row: (row - 7.0, 4) for row in (8, 9, 10, 11)},
}


async def test_a_folder_of_format_1_is_read_and_goes_on_in_format_2(folder: Path) -> None:
    assert rows_of(folder, "more") == MORE
    before = rows_of(folder, "table")
    journal, tables = journal_of(folder)
    await tables.load()
    hosted = tables["table"]
    assert hosted.table.spec.limiter == LimiterSpec(2, 1.0, float("-inf"), float("inf"))
    assert hosted.table.original_spec.limiter == UNLIMITED
    # The writer did not hear of its last batch and sends it again.
    last = batch(range(8, 12), writer_id="writer", sequence=3, policy_versions=[4, 4, 4, 4])
    again = await hosted.insert(last, 1)
    assert again.duplicate
    await hosted.insert(batch([20], writer_id="writer", sequence=4, priorities=[7.0]), 1)
    tables.close()
    await tables.end()
    await journal.close()
    assert rows_of(folder, "table") == before | {20: (7.0, -1)}

    journal, tables = journal_of(folder)
    await tables.load()
    hosted = tables["table"]
    made = await hosted.checkpoint()
    with pytest.raises(AlreadyExists):
        await hosted.insert(batch([21], writer_id="writer", sequence=4), 1)
    tables.close()
    await tables.end()
    await journal.close()
    new = (folder / "table" / f"checkpoint-{made.number:010}").read_bytes()
    assert new.startswith(b"mzR\x02")
    assert b"mzR\x01" not in new
    assert rows_of(folder, "table") == before | {20: (7.0, -1)}


async def test_a_checkpoint_of_format_1_knows_no_fingerprints(folder: Path) -> None:
    journal, tables = journal_of(folder)
    (folder / "table" / "log-0000000001").unlink()
    await tables.load()
    again = await tables["table"].insert(batch(range(5), writer_id="writer", sequence=1), 1)
    assert again.duplicate
    tables.close()
    await tables.end()
    await journal.close()


async def test_a_log_of_a_later_format_is_refused_and_left_as_it_is(folder: Path) -> None:
    path = folder / "table" / "log-0000000001"
    later = path.read_bytes() + b"".join(make_frame([b"x"]))
    at = later.rindex(frames.MAGIC)
    header = later[at : at + 20].replace(frames.MAGIC, b"mzR\x03")
    checksum = frames.zlib.crc32(header).to_bytes(4, "little")
    path.write_bytes(written := later[:at] + header + checksum + later[at + 24 :])
    journal, tables = journal_of(folder)
    with pytest.raises(StartError, match=r"has format 3 of another version; this one reads 1\.\.2"):
        await tables.load()
    await journal.close()
    assert path.read_bytes() == written


@pytest.mark.parametrize("priorities", [None, [0.5, 2.0]])
@pytest.mark.parametrize("versions", [None, [3, -1]])
def test_inserts_are_kept_without_the_messages_of_the_wire(priorities, versions) -> None:
    made = batch([7, 300], writer_id="wé", priorities=priorities, policy_versions=versions)
    body = b"".join(records.encode(Insert(made, 2**63 + 5), SIGNATURE))
    read = records.decode(memoryview(body), SIGNATURE)
    assert isinstance(read, Insert)
    assert read.first_key == 2**63 + 5
    assert (read.batch.writer_id, read.batch.sequence, read.batch.rows) == ("wé", 1, 2)
    assert list(read.batch.columns) == list(made.columns)
    assert read.batch.fingerprint.value() == made.fingerprint.value()
    for ours, theirs in (
        (read.batch.priorities, priorities),
        (read.batch.policy_versions, versions),
    ):
        assert (ours if ours is None else ours.tolist()) == theirs
    for cut in range(1, len(body)):
        with pytest.raises((ValueError, records.struct.error)):
            records.decode(memoryview(body[:-cut]), SIGNATURE)


@pytest.mark.parametrize("spec", [prioritized(0.6), queue()])
def test_definitions_are_read_as_they_were_written(spec) -> None:
    assert decode_definition(memoryview(encode_definition(spec))) == spec


def test_a_definition_of_all_types() -> None:
    names = ["bool", "uint8", "int8", "uint16", "int64", "float16", "float64"]
    signature = Signature.of(**{name: (name, (2, 0)) for name in names})
    spec = prioritized()
    object.__setattr__(spec, "signature", signature)
    assert decode_definition(memoryview(encode_definition(spec))).signature == signature


def test_the_golden_files_are_of_format_1() -> None:
    for path in (GOLDEN / "replay_1").glob("*/*"):
        reader = FrameReader(path.read_bytes())
        assert list(reader)
        assert not reader.problem
        assert path.read_bytes().startswith(b"mzR\x01")
