"""Memory that is there before it is written to."""

import resource

import numpy as np
import pytest

from mazemesh.wire.tensors import Signature
from services.replay.table.memory import populate
from services.replay.table.storage import RowStorage

MIB = 2**20
SIGNATURE = Signature.of(value=("uint8", (MIB,)))


def page_faults() -> int:
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt


@pytest.mark.parametrize(("start", "stop"), [(0, 64 * 4096), (1, 4097), (4000, 4001), (7, 7)])
def test_what_is_there_stays(start: int, stop: int) -> None:
    memory = np.random.default_rng(1).integers(256, size=64 * 4096).astype(np.uint8)
    before = memory.copy()
    populate(memory.data[start:stop])
    assert (memory == before).all()


def test_new_rows_wait_for_no_page() -> None:
    storage = RowStorage(SIGNATURE, 64, np.random.default_rng(1))
    data = b"\x01" * 32 * MIB
    storage.populate(32)
    slots = storage.allocate(32)
    before = page_faults()
    storage.put(slots, [data], np.ones(32), 0)
    assert page_faults() - before < 100  # 8192 pages of 4 KiB


def test_rows_that_come_again_into_old_places_keep_what_is_in_the_others() -> None:
    storage = RowStorage(SIGNATURE, 4, np.random.default_rng(1))
    slots = storage.allocate(3)
    storage.put(slots, [b"\x01" * 3 * MIB], np.ones(3), 0)
    storage.free(slots[1:2])
    storage.populate(2)  # one free slot, and a fresh one
    storage.populate(9)  # more than there are
    assert (storage.gather(slots)[0] == 1).all()
