"""Batches on their way to a device whose copies happen as late as its marks allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import Tensor

from learner.device.packing import ALIGNMENT, Layout
from learner.device.transfer import Intake, Transfer
from mazemesh.experience import transition_signature, unroll_signature
from tests.unit.learner.fakes import random_batch

UNROLLS = unroll_signature(4, 9, 5, state_size=8, opponents=True)


class Stream:
    """Work that is done when somebody waits for it, in order."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []
        self._done = 0

    def run(self, until: int | None = None) -> None:
        """The first `until` pieces of work, or all."""
        while self._done < (len(self.work) if until is None else until):
            self._done += 1
            self.work[self._done - 1]()


class Mark:
    """An event: passed when the stream has done what was issued before it."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._stream, self._behind = device.main, 0

    def record(self) -> None:
        self._stream = self._device.present
        self._behind = len(self._stream.work)

    def wait(self) -> None:
        stream, behind = self._stream, self._behind
        if stream is not self._device.present:
            self._device.waits += 1
            self._device.present.work.append(lambda: stream.run(behind))

    def synchronize(self) -> None:
        self._stream.run(self._behind)


class Device:
    """Copies between its tensors are put off; `present` is the stream that they are issued to."""

    def __init__(self) -> None:
        self.main, self.copies = Stream(), Stream()
        self.present, self.allocated, self.waits = self.main, 0, 0

    def pinned(self, size: int) -> Tensor:
        return torch.zeros(size, dtype=torch.uint8)

    def allocate(self, size: int) -> Tensor:
        self.allocated += 1
        tensor = torch.zeros(size, dtype=torch.uint8).as_subclass(Late)
        tensor.device_of = self
        return tensor

    def event(self) -> Mark:
        return Mark(self)

    @contextmanager
    def copying(self) -> Iterator[None]:
        self.present = self.copies
        yield
        self.present = self.main


class Late(Tensor):
    """A tensor of a device: copies into it are put off."""

    device_of: Device

    def __getitem__(self, index: slice) -> Late:
        part = super().__getitem__(index).as_subclass(Late)
        part.device_of = self.device_of
        return part

    def copy_(self, other: Tensor, non_blocking: bool = False) -> Late:  # type: ignore[override]
        assert non_blocking
        to, source = self.as_subclass(Tensor), other.as_subclass(Tensor)

        def copy() -> None:
            to.copy_(source)

        self.device_of.present.work.append(copy)
        return self


def test_columns_come_back_from_their_bytes() -> None:
    for signature in (UNROLLS, transition_signature(7, 5, "float32")):
        columns = random_batch(signature, 6).columns
        layout = Layout.of(columns)
        memory = np.full(layout.size, 255, np.uint8)
        layout.write(columns, memory)
        found = layout.tensors(torch.from_numpy(memory))
        assert list(found) == list(columns)
        for name, value in columns.items():
            assert found[name].numpy().dtype == value.dtype
            np.testing.assert_array_equal(found[name].numpy(), value)
        assert all(field.start % ALIGNMENT == 0 for field in layout.fields)


def test_batches_arrive_in_order_whoever_sent_them() -> None:
    """Two are under way while the one before is taken; nothing is written over too early."""
    device = Device()
    intake, transfer = Intake(device), Transfer(device)
    batches = [random_batch(UNROLLS, 6, seed) for seed in range(8)]
    sent = [transfer.send(batch) for batch in batches[:2]]
    for number, batch in enumerate(batches):
        columns = intake(sent.pop(0))
        if number + 2 < len(batches):
            sent.append(transfer.send(batches[number + 2]))
        device.main.run()
        for name, value in batch.columns.items():
            np.testing.assert_array_equal(np.asarray(columns[name]), value)
    # Two slots, each with a place of its own, and where the algorithm reads.
    assert device.allocated == 3
    assert device.waits > 0


def test_a_batch_that_was_not_sent_is_sent_by_the_intake() -> None:
    device = Device()
    intake = Intake(device)
    places = set()
    for seed in range(3):
        batch = random_batch(UNROLLS, 6, seed)
        columns = intake(batch)
        device.main.run()
        np.testing.assert_array_equal(np.asarray(columns["reward"]), batch.columns["reward"])
        places.add(columns["reward"].data_ptr())
    assert len(places) == 1


def test_a_larger_batch_takes_a_larger_slot() -> None:
    device = Device()
    intake = Intake(device)
    for rows in (2, 60, 3):
        batch = random_batch(UNROLLS, rows, rows)
        columns = intake(batch)
        device.main.run()
        np.testing.assert_array_equal(np.asarray(columns["reward"]), batch.columns["reward"])


def test_what_is_sent_keeps_what_the_trainer_asks_for() -> None:
    batch = random_batch(UNROLLS, 6)
    sent = Transfer(Device()).send(batch)
    assert sent.columns is batch.columns
    assert sent.keys is batch.keys
    assert sent.table_size == batch.table_size


@pytest.mark.parametrize("size", [0, 1, ALIGNMENT, ALIGNMENT + 1])
def test_columns_do_not_overlap(size: int) -> None:
    columns = {"a": np.full(size, 1, np.uint8), "b": np.full(5, 2, np.uint8)}
    layout = Layout.of(columns)
    memory = np.zeros(layout.size, np.uint8)
    layout.write(columns, memory)
    assert np.count_nonzero(memory == 1) == size
    assert np.count_nonzero(memory == 2) == 5
