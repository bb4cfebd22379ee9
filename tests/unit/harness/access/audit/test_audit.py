import json
import os
from pathlib import Path

import pytest

from mazemesh.errors import Unavailable
from services._harness.access.audit import log as audit_module
from services._harness.access.audit import reading
from services._harness.access.audit.log import AuditLog
from services._harness.access.audit.reading import heads, lines, newest_first, verify

SERVICES = (("model", 0), ("game", 1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


def log_of(folder: Path, service: str = "model") -> AuditLog:
    return AuditLog(folder, service, lambda: 1_000.0)


def file_of(folder: Path) -> Path:
    return folder / "model-1.000001.jsonl"


def test_lines_are_chained_over_restarts(folder: Path) -> None:
    for start in range(3):
        log = log_of(folder)
        log.write(method="SetAlias", start=start)
        log.close()
    assert [line["start"] for line in lines(folder)] == [0, 1, 2]
    assert [line["number"] for line in lines(folder)] == [1, 2, 3]
    assert verify(folder) == []
    assert heads(folder)["model-1"]["number"] == 3
    assert file_of(folder).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_lines_are_read_from_their_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(newest_first(folder)) == []
    monkeypatch.setattr(audit_module, "_MOST_BYTES", 2_000)  # several parts
    monkeypatch.setattr(reading, "_PIECE_BYTES", 64)  # of which each has many pieces
    logs = [AuditLog(folder, name, iter(range(start, 100, 2)).__next__) for name, start in SERVICES]
    for _ in range(20):
        for log in logs:
            log.write(method="x")
    for log in logs:
        log.close()
    (folder / "game-1.000001.jsonl").open("ab").write(b"no line")
    assert len(list(folder.iterdir())) > 4
    assert list(newest_first(folder)) == lines(folder)[::-1]


def test_two_instances_have_a_chain_each(folder: Path) -> None:
    first, second = log_of(folder), log_of(folder)
    for log in (first, second, first):
        log.write(method="x")
    first.close()
    second.close()
    assert {name: head["number"] for name, head in heads(folder).items()} == {
        "model-1": 2,
        "model-2": 1,
    }
    assert verify(folder) == []


@pytest.mark.parametrize("harm", ["change", "drop", "insert", "swap", "rehash"])
def test_what_was_tampered_with_is_found(folder: Path, harm: str) -> None:
    log = log_of(folder)
    for number in range(5):
        log.write(method="x", what=number)
    log.close()
    rows = file_of(folder).read_text().splitlines()
    if harm == "change":
        rows[2] = rows[2].replace('"what": 2', '"what": 9')
    elif harm == "drop":
        del rows[2]
    elif harm == "insert":
        rows.insert(2, rows[2])
    elif harm == "swap":
        rows[2], rows[3] = rows[3], rows[2]
    else:
        line = json.loads(rows[2])
        body = {name: line[name] for name in line if name not in ("previous", "hash")}
        body["what"] = 9
        told = audit_module.line_hash(line["previous"], body)
        rows[2] = json.dumps({**body, "previous": line["previous"], "hash": told})
    file_of(folder).write_text("\n".join(rows) + "\n")
    found = verify(folder)
    assert [(at.file, at.line) for at in found] == [
        ("model-1.000001.jsonl", 4 if harm in ("insert", "rehash") else 3)
    ]


def test_a_torn_line_is_cut_off_at_the_next_start(folder: Path) -> None:
    log = log_of(folder)
    log.write(method="x")
    log.close()
    with file_of(folder).open("a") as file:
        file.write('{"number": 2, "tim')
    log = log_of(folder)
    log.write(method="y")
    log.close()
    assert [line["method"] for line in lines(folder)] == ["x", "y"]
    assert verify(folder) == []


def test_a_chain_has_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "_MOST_BYTES", 1_000)
    log = log_of(folder)
    for _ in range(10):
        log.write(method="x" * 200)
    log.close()
    assert len(list(folder.glob("model-1.*.jsonl"))) > 2
    assert verify(folder) == []
    assert heads(folder)["model-1"]["number"] == 10


def test_what_comes_in_bulk_is_one_line(folder: Path) -> None:
    log = log_of(folder)
    for outcome in ("OK", "OK", "CANCELLED"):
        log.count("RunGames", "key", "worker", "ipv4:10.0.0.1", outcome)
    log.count("RunGames", "other", "worker", "ipv4:10.0.0.1", "OK")
    log.flush()
    log.flush()
    log.close()
    assert [(line["key"], line["outcomes"]) for line in lines(folder)] == [
        ("key", {"OK": 2, "CANCELLED": 1}),
        ("other", {"OK": 1}),
    ]


async def test_a_full_disk_is_told_and_leaves_no_half_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of(folder)
    log.write(method="x")
    real = os.write

    def half(file: int, data: bytes) -> int:
        return real(file, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(Unavailable, match=r"audit log cannot be written .* nothing was done"):
        await log.write_first(method="y")
    log.note(method="z")
    assert log.lost == 2
    monkeypatch.undo()
    log.write(method="after")
    log.close()
    assert [line["method"] for line in lines(folder)] == ["x", "after"]
    assert verify(folder) == []
