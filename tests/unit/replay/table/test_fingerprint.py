"""Checksums that are taken when there is time for it."""

import threading

import numpy as np
import pytest

from mazemesh.errors import AlreadyExists
from services.replay.table import fingerprint as module
from services.replay.table import writers as writers_module
from services.replay.table.fingerprint import Fingerprint, rows_checksum
from services.replay.table.writers import Writers

KEYS = np.zeros(0, np.uint64)


def columns(seed: int, *sizes: int) -> list[bytes]:
    return [np.random.default_rng(seed).bytes(size) for size in sizes]


@pytest.mark.parametrize("sizes", [(8,), (1000, 30), (40_000, 70_000), (2**20, 8, 50_000)])
def test_every_byte_and_the_versions_count(sizes):
    rows = columns(1, *sizes)
    versions = np.arange(4)
    known = rows_checksum(4, rows, versions)
    assert known == rows_checksum(4, [memoryview(each) for each in rows], versions.copy())
    assert known != rows_checksum(4, rows, None)
    assert known != rows_checksum(4, rows, versions + 1)
    assert known != rows_checksum(8, rows, versions)
    for index, column in enumerate(rows):
        for at in {0, len(column) // 2, len(column) - 1}:
            other = bytearray(column)
            other[at] ^= 1
            assert known != rows_checksum(
                4, [*rows[:index], bytes(other), *rows[index + 1 :]], versions
            )


def test_it_is_taken_once_by_any_thread_and_lets_the_rows_go(monkeypatch):
    taken = []

    def count(*rows):
        taken.append(threading.current_thread().name)
        return rows_checksum(*rows)

    monkeypatch.setattr(module, "rows_checksum", count)
    rows = columns(2, 100_000)
    late = Fingerprint(5, rows, None)
    assert not taken
    thread = threading.Thread(target=late.value, name="log")
    thread.start()
    thread.join()
    assert late.value() == rows_checksum(5, rows, None)
    assert taken == ["log"]
    assert late._rows is None


def test_what_nobody_takes_is_taken_before_it_keeps_too_much(monkeypatch):
    monkeypatch.setattr(writers_module, "_MOST_HELD_BYTES", 2500)
    writers = Writers(10)
    made = [Fingerprint(1, columns(number, 1000), None) for number in range(5)]
    for number, each in enumerate(made):
        writers.remember("w", number + 1, each, KEYS)
    assert [each._rows is None for each in made] == [True, True, True, False, False]
    assert writers.is_duplicate("w", 5, Fingerprint(1, columns(4, 1000), None))
    with pytest.raises(AlreadyExists):
        writers.is_duplicate("w", 5, Fingerprint(1, columns(3, 1000), None))


def test_an_image_has_them_all():
    writers = Writers(10)
    late = Fingerprint(1, columns(4, 1000), None)
    writers.remember("w", 1, late, KEYS)
    [known], _ = writers.image()
    assert known == ("w", 1, 0, rows_checksum(1, columns(4, 1000), None))
