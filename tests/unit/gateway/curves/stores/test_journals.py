"""Journals as they are found, grow, are killed, and are read again."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.gateway.curves.encoding import decode
from services.gateway.curves.selecting import Picture, draw
from services.gateway.curves.stores import journals as stores
from services.gateway.curves.stores.columns import Columns
from services.gateway.curves.stores.journals import Journals


def _write(folder: Path, steps: range, run_id: str = "", **description: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if run_id:
        content = {"run_id": run_id, "policy": folder.name, **description}
        (folder / "run.json").write_text(json.dumps(content))
    with (folder / "metrics.jsonl").open("a") as file:
        for step in steps:
            line = {"time": 1e9 + step, "agent_steps": step, "reward": step / 1000}
            file.write(json.dumps(line) + "\n")


def _open(data_dir: Path, most_bytes: int = 1 << 30) -> Journals:
    return Journals(data_dir, Columns(data_dir / "gateway" / "curves"), most_bytes)


def _look(journals: Journals) -> None:
    journals._looked = -1e9  # as if a second had passed
    journals.look()


def _mean(journals: Journals, run: str) -> float:
    picture = Picture("reward", buckets=1, low=0, high=1e6)
    _, rows = decode(journals.draw([run], lambda runs: draw(picture, runs, {})))
    return float(rows[0, 0])


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    _write(tmp_path / "learner" / "race", range(100), "aa", game="race", config={"epochs": 3})
    _write(tmp_path / "tune" / "wide" / "0003", range(50), "bb", game="solo")
    _write(tmp_path / "jobs" / "j1" / "learner" / "race", range(10), "cc")
    (tmp_path / "learner" / "empty").mkdir()
    return tmp_path


def test_all_places_are_found(data_dir: Path) -> None:
    journals = _open(data_dir)
    journals.look()

    found = {one.run.id: one for one in journals.summaries()}

    assert {one.run.origin for one in found.values()} == {"mesh", "study wide 3", "job j1"}
    assert (found["aa"].lines, found["aa"].steps, found["aa"].seconds) == (100, 99, 99)
    assert found["aa"].run.settings == {"config.epochs": 3}
    assert found["aa"].figures == {"reward": pytest.approx(0.099)}
    assert journals.reading.done == journals.reading.all == 3


def test_what_comes_is_read_from_where_it_was_left(data_dir: Path) -> None:
    journals = _open(data_dir)
    journals.look()
    file = data_dir / "learner" / "race" / "metrics.jsonl"
    with file.open("a") as journal:
        journal.write('{"time": 1000000100, "agent_ste')
    _look(journals)
    assert journals.summaries()[0].lines == 100
    before = journals.revision
    with file.open("a") as journal:
        journal.write('ps": 100, "reward": 7}\nnot json\n')
    _write(file.parent, range(101, 103))
    _look(journals)

    found = next(one for one in journals.summaries() if one.run.id == "aa")

    assert (found.lines, found.steps) == (103, 102)
    assert journals.revision > before
    _look(journals)
    assert journals.revision == before + 1, "nothing came"


def test_a_start_reads_columns_and_the_rest_of_the_journal(data_dir: Path) -> None:
    long = data_dir / "learner" / "long"
    _write(long, range(3000), "long")
    first = _open(data_dir)
    first.look()
    _write(long, range(3000, 3010))

    second = _open(data_dir)
    second.look()

    assert list((data_dir / "gateway" / "curves").glob("*.columns"))
    found = next(one for one in second.summaries() if one.run.id == "long")
    assert found.lines == 3010
    assert _mean(second, "long") == pytest.approx(np.arange(3010).mean() / 1000, rel=1e-5)


def test_damaged_columns_are_made_again(data_dir: Path) -> None:
    _write(data_dir / "learner" / "long", range(3000), "long")
    _open(data_dir).look()
    for file in (data_dir / "gateway" / "curves").glob("*.columns"):
        file.write_bytes(file.read_bytes()[:1000])

    again = _open(data_dir)
    again.look()

    assert _mean(again, "long") == pytest.approx(np.arange(3000).mean() / 1000, rel=1e-5)


def test_little_memory_holds_few_and_answers_for_all(data_dir: Path) -> None:
    for number in range(5):
        _write(data_dir / "learner" / f"r{number}", range(2000), f"r{number}")
    journals = _open(data_dir, most_bytes=1)
    journals.look()

    for number in range(5):
        assert _mean(journals, f"r{number}") == pytest.approx(0.9995, rel=1e-4)
    _write(data_dir / "learner" / "r0", range(2000, 2001))
    _look(journals)
    assert next(one for one in journals.summaries() if one.run.id == "r0").lines == 2001
    assert len(journals._held) == 1


def test_runs_that_were_removed_are_gone_and_shorter_files_are_others(data_dir: Path) -> None:
    journals = _open(data_dir)
    journals.look()
    (data_dir / "tune" / "wide" / "0003" / "metrics.jsonl").unlink()
    (data_dir / "learner" / "race" / "metrics.jsonl").unlink()
    _write(data_dir / "learner" / "race", range(500, 510), "dd")
    _look(journals)

    found = {one.run.id: one.lines for one in journals.summaries()}

    assert found == {"dd": 10, "cc": 10}


def test_what_is_asked_while_a_journal_is_read_leaves_nothing_out(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals = _open(data_dir, most_bytes=1)  # whatever is asked for lets go of the rest
    _look(journals)
    _write(data_dir / "learner" / "race", range(100, 20_000))
    pieces, asked = stores._pieces, []

    def with_questions(journal: Any, size: int) -> Iterator[list[dict[str, Any]]]:
        for piece in pieces(journal, size):
            yield piece
            if not asked and journal.run.id == "aa":
                asked.append(True)
                for run in ("bb", "aa"):
                    thread = threading.Thread(target=_mean, args=(journals, run))
                    thread.start()
                    thread.join()

    monkeypatch.setattr(stores, "_pieces", with_questions)
    _look(journals)

    assert asked
    assert {one.run.id: one.lines for one in journals.summaries()}["aa"] == 20_000
    assert _mean(journals, "aa") == pytest.approx(sum(range(20_000)) / 20_000 / 1000, rel=1e-4)


async def test_however_many_wait_one_thread_reads(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals = _open(data_dir)
    begun, over = [], threading.Event()

    def slow() -> None:
        begun.append(threading.get_ident())
        over.wait(60)

    monkeypatch.setattr(journals, "look", slow)
    await asyncio.gather(*(journals.looked(0.01) for _ in range(50)))
    assert len(begun) == 1
    over.set()
    await journals.looked(60)
    monkeypatch.undo()
    await journals.looked(60)
    assert len(journals.summaries()) == 3
